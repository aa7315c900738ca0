#include "backend/candles/candle_reader.hpp"

#include "backend/catalog/arguments.hpp"
#include "backend/catalog/tables.hpp"
#include "backend/postgres/spi.hpp"
#include "market/session.hpp"

extern "C" {
#include "pgtime.h"
#include "utils/date.h"
}

namespace pg_candle {
namespace {

constexpr int64 unix_epoch_shift = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;

/// Finds the session zone's offset at `at` and until when it holds; zones change it so rarely that a series has one or
/// two.
void find_session_offset(CandleReader::Receiver* receiver, int64 at) {
    const pg_time_t second = at / USECS_PER_SEC + unix_epoch_shift - (at % USECS_PER_SEC < 0);
    long before, after;
    int before_dst, after_dst;
    pg_time_t catch_exceptions;
    const int found = pg_next_dst_boundary(&second, &before, &before_dst, &catch_exceptions, &after, &after_dst,
                                           receiver->session_zone);
    receiver->session_offset = found < 0 ? 0 : before * USECS_PER_SEC;
    receiver->session_offset_ends = found > 0 ? (catch_exceptions - unix_epoch_shift) * USECS_PER_SEC : PG_INT64_MAX;
}

uint64 fingerprint(const RowShape* shape, int i) {
    const Candles& candles = shape->plan->candles();
    return fingerprint_of(shape->candles.ts[i], candles.open[i], candles.high[i], candles.low[i], candles.close[i],
                          candles.volume[i]);
}

bool receive_candle(TupleTableSlot* slot, DestReceiver* self) {
    auto* receiver = reinterpret_cast<CandleReader::Receiver*>(self);
    RowShape* shape = receiver->shape;
    const Candles& candles = shape->plan->candles();
    const int i = receiver->count++;
    const CandleRow row = receiver->rows->read(slot);
    shape->candles.ts[i] = row.ts;
    candles.open[i] = row.open;
    candles.high[i] = row.high;
    candles.low[i] = row.low;
    candles.close[i] = row.close;
    candles.volume[i] = row.volume;
    shape->candles.oi[i] = row.oi;
    if (receiver->anchored) {
        receiver->anchored = false;
        receiver->count = receiver->anchor == fingerprint(shape, i) ? 0 : -1;
        return true;
    }
    shape->candles.bars[i] = ++receiver->candles;
    // Of a day and longer, every candle is a session of its own.
    if (receiver->intraday && row.ts >= receiver->session_offset_ends) find_session_offset(receiver, row.ts);
    candles.session[i] = receiver->intraday ? local_day(row.ts, receiver->session_offset) : receiver->candles;
    return true;
}

}  // namespace

CandleReader::CandleReader(Oid schema, MemoryContext memory, bool read_only)
    : zones_(schema, memory, read_only), rows_(memory), read_only_(read_only) {
    Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID};
    query_ = prepare_query(
        psprintf(
            "SELECT %s FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1 AND timeframe OPERATOR(pg_catalog.=) $2"
            " AND ts OPERATOR(pg_catalog.>=) $3 AND ts OPERATOR(pg_catalog.<=) $4 ORDER BY ts",
            candle_row_columns, table_name(schema, "candle_data")),
        4, types, memory);
    first_ = prepare_query(psprintf("SELECT ts::pg_catalog.timestamptz FROM %s WHERE instrument_id "
                                    "OPERATOR(pg_catalog.=) $1 AND timeframe OPERATOR(pg_catalog.=) $2"
                                    " ORDER BY instrument_id, timeframe, ts LIMIT 1",
                                    table_name(schema, "candle_data")),
                           2, types, memory);
    count_ = prepare_query(psprintf("SELECT pg_catalog.count(*) FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1 "
                                    "AND timeframe OPERATOR(pg_catalog.=) $2 AND ts OPERATOR(pg_catalog.<) $3",
                                    table_name(schema, "candle_data")),
                           3, types, memory);
}

TimestampTz CandleReader::first(const Series& series) {
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe)};
    TimestampTz first = DT_NOEND;
    for_each_row(first_, values, nullptr, read_only_, 1, [&](const ResultRow& row) { first = row.time(1, DT_NOEND); });
    return first;
}

int64 CandleReader::count_before(const Series& series, TimestampTz end) {
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe),
                      TimestampTzGetDatum(end)};
    int64 count = 0;
    for_each_row(count_, values, nullptr, read_only_, 1, [&](const ResultRow& row) { count = row.int8(1); });
    return count;
}

const char* CandleReader::session_zone(const Series& series) {
    if (!require_timeframe(series.timeframe).intraday()) return nullptr;
    return pg_get_timezone_name(zones_.of_instrument(series.instrument_id));
}

bool CandleReader::has_session_zone(const Series& series) {
    return !require_timeframe(series.timeframe).intraday() || zones_.knows(series.instrument_id);
}

void CandleReader::open(const Series& series, const Position& after, TimestampTz from, TimestampTz to,
                        RowShape* shape) {
    receiver_ = {};
    receiver_.base = make_receiver(receive_candle);
    receiver_.shape = shape;
    receiver_.series = series;
    receiver_.rows = &rows_;
    receiver_.candles = after.bars;
    receiver_.anchored = after.bars > 0 && from == after.ts;
    receiver_.anchor = after.fingerprint;
    receiver_.intraday = require_timeframe(series.timeframe).intraday();
    if (receiver_.intraday) receiver_.session_zone = zones_.of_instrument(series.instrument_id);
    receiver_.session_offset_ends = PG_INT64_MIN;
    rows_.open(series);
    ended_ = false;
    // Without an end, a candle at infinity is read, and refused.
    const TimestampTz last = to == DT_NOEND ? to : to - 1;
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe),
                      TimestampTzGetDatum(from), TimestampTzGetDatum(last)};
    portal_ = open_ordered(query_, values, nullptr, read_only_);
}

bool CandleReader::find_anchor() {
    fetch_into(portal_, 1, &receiver_.base);
    return !receiver_.anchored && receiver_.count == 0;
}

int CandleReader::read() {
    CHECK_FOR_INTERRUPTS();
    if (ended_) return 0;
    const int capacity = receiver_.shape->plan->capacity();
    const int room = capacity - static_cast<int>(receiver_.candles % capacity);
    receiver_.count = 0;
    fetch_into(portal_, room, &receiver_.base);
    ended_ = receiver_.count < room;
    return receiver_.count;
}

Position CandleReader::position() const {
    const int last = receiver_.count - 1;
    return {receiver_.candles, rows_.previous(), fingerprint(receiver_.shape, last)};
}

void CandleReader::close() {
    SPI_cursor_close(portal_);
    portal_ = nullptr;
}

}  // namespace pg_candle
