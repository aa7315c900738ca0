#include "backend/rows/sql_writer.hpp"

#include "backend/postgres/spi.hpp"

extern "C" {
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/guc.h"
}

namespace pg_candle {
namespace {

constexpr int batch = 1000;
constexpr const char* batch_name = "pg_candle_batch";

const char* upsert_text(const char* table, TupleDesc rows) {
    StringInfoData columns, changes, query;
    initStringInfo(&columns);
    initStringInfo(&changes);
    initStringInfo(&query);
    for (int i = 0; i < rows->natts; ++i) {
        const char* name = NameStr(TupleDescAttr(rows, i)->attname);
        const char* quoted = quote_identifier(name);
        appendStringInfo(&columns, "%s%s", i > 0 ? ", " : "", quoted);
        if (key_part(name) < 0)
            appendStringInfo(&changes, "%s%s = EXCLUDED.%s", changes.len > 0 ? ", " : "", quoted, quoted);
    }
    appendStringInfo(&query, "INSERT INTO %s (%s) SELECT %s FROM %s ON CONFLICT (instrument_id, timeframe, ts) DO %s%s",
                     table, columns.data, columns.data, batch_name, changes.len > 0 ? "UPDATE SET " : "NOTHING",
                     changes.data);
    return query.data;
}

}  // namespace

uint64 execute_unlogged(SPIPlanPtr query, Datum* values) {
    const int level = NewGUCNestLevel();
    set_config_option("pg_candle.log_indicator_changes", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
                      false);
    const uint64 processed = execute_query(query, values);
    AtEOXact_GUC(true, level);
    return processed;
}

SqlWrite::SqlWrite(const char* table, const RowShape* shape)
    : memory_(CurrentMemoryContext), desc_(CreateTemplateTupleDesc(shape->count)) {
    for (int c = 0; c < shape->count; ++c) TupleDescCopyEntry(desc_, c + 1, shape->desc, shape->columns[c].attno);
    removed_ = static_cast<Datum*>(palloc(sizeof(Datum) * batch));
    batch_ = static_cast<EphemeralNamedRelation>(palloc0(sizeof(EphemeralNamedRelationData)));
    batch_->md.name = pstrdup(batch_name);
    batch_->md.tupdesc = desc_;
    batch_->md.enrtype = ENR_NAMED_TUPLESTORE;
    batch_->md.enrtuples = batch;
    empty_rows();
    const int registered = SPI_register_relation(batch_);
    if (registered != SPI_OK_REL_REGISTER)
        elog(ERROR, "could not register rows: %s", SPI_result_code_string(registered));

    upsert_ = prepare_query(upsert_text(table, desc_), 0, nullptr);
    Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZARRAYOID};
    delete_ = prepare_query(psprintf("DELETE FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1"
                                     " AND timeframe OPERATOR(pg_catalog.=) $2 AND ts OPERATOR(pg_catalog.=) ANY ($3)",
                                     table),
                            3, types);
}

void SqlWrite::empty_rows() {
    if (rows_) tuplestore_end(rows_);
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    rows_ = tuplestore_begin_heap(false, false, work_mem);
    MemoryContextSwitchTo(caller);
    batch_->reldata = rows_;
    row_count_ = 0;
}

void SqlWrite::put(Datum* values, bool* nulls) {
    tuplestore_putvalues(rows_, desc_, values, nulls);
    if (++row_count_ == batch) flush_rows();
}

void SqlWrite::remove(const Series& series, TimestampTz ts) {
    series_ = series;
    removed_[removed_count_] = TimestampTzGetDatum(ts);
    if (++removed_count_ == batch) flush_removed();
}

void SqlWrite::flush_rows() {
    if (row_count_ == 0) return;
    CHECK_FOR_INTERRUPTS();
    sent_ += row_count_;
    written_ += execute_unlogged(upsert_, nullptr);
    empty_rows();
}

void SqlWrite::flush_removed() {
    if (removed_count_ == 0) return;
    CHECK_FOR_INTERRUPTS();
    ArrayType* array =
        construct_array(removed_, removed_count_, TIMESTAMPTZOID, sizeof(TimestampTz), true, TYPALIGN_DOUBLE);
    Datum values[] = {Int32GetDatum(series_.instrument_id), CStringGetTextDatum(series_.timeframe),
                      PointerGetDatum(array)};
    sent_ += removed_count_;
    written_ += execute_unlogged(delete_, values);
    pfree(array);
    removed_count_ = 0;
}

void SqlWrite::flush() {
    flush_removed();
    flush_rows();
}

}  // namespace pg_candle
