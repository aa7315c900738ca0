#include "backend/rows/stored_rows.hpp"

#include "backend/postgres/spi.hpp"

extern "C" {
#include "lib/stringinfo.h"
}

namespace pg_candle {
namespace {

constexpr int rows_ahead = 256;

bool receive_row(TupleTableSlot* slot, DestReceiver* self) {
    auto* receiver = reinterpret_cast<StoredRows::Receiver*>(self);
    slot_getallattrs(slot);
    const int columns = receiver->columns;
    memcpy(receiver->values + receiver->count * columns, slot->tts_values, sizeof(Datum) * columns);
    memcpy(receiver->nulls + receiver->count * columns, slot->tts_isnull, sizeof(bool) * columns);
    ++receiver->count;
    return true;
}

}  // namespace

StoredRows::StoredRows(const char* table, const RowShape* shape, MemoryContext memory) {
    // ts, then the shape's columns; what is the same for the whole series is not worth reading. All are passed by
    // value.
    StringInfoData query;
    initStringInfo(&query);
    appendStringInfoString(&query, "SELECT ts");
    for (int c = 0; c < shape->count; ++c) {
        const ShapeColumn& column = shape->columns[c];
        const bool key = column.kind >= ShapeColumn::Kind::instrument_id;
        appendStringInfo(&query, ", %s",
                         key ? "NULL::pg_catalog.int4"
                             : quote_identifier(NameStr(TupleDescAttr(shape->desc, column.attno - 1)->attname)));
    }
    appendStringInfo(&query,
                     " FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1 AND timeframe OPERATOR(pg_catalog.=) $2"
                     " AND ts OPERATOR(pg_catalog.>=) $3 ORDER BY ts",
                     table);
    Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID};
    query_ = prepare_query(query.data, 3, types, memory);
    receiver_ = {};
    receiver_.base = make_receiver(receive_row);
    receiver_.columns = shape->count + 1;
    receiver_.values = static_cast<Datum*>(MemoryContextAlloc(memory, sizeof(Datum) * receiver_.columns * rows_ahead));
    receiver_.nulls = static_cast<bool*>(MemoryContextAlloc(memory, sizeof(bool) * receiver_.columns * rows_ahead));
}

void StoredRows::open(const Series& series, TimestampTz since) {
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe),
                      TimestampTzGetDatum(since)};
    portal_ = open_ordered(query_, values, nullptr, false);
    ended_ = false;
    at_ = receiver_.count = 0;
}

bool StoredRows::present() {
    if (at_ < receiver_.count) return true;
    if (ended_) return false;
    at_ = receiver_.count = 0;
    fetch_into(portal_, rows_ahead, &receiver_.base);
    ended_ = receiver_.count < rows_ahead;
    return receiver_.count > 0;
}

TimestampTz StoredRows::ts() const { return DatumGetTimestampTz(receiver_.values[at_ * receiver_.columns]); }
const Datum* StoredRows::values() const { return receiver_.values + at_ * receiver_.columns + 1; }
const bool* StoredRows::nulls() const { return receiver_.nulls + at_ * receiver_.columns + 1; }

void StoredRows::close() {
    SPI_cursor_close(portal_);
    portal_ = nullptr;
}

}  // namespace pg_candle
