#include "backend/freshness/dropped_candles.hpp"

#include "backend/postgres/owner_rights.hpp"
#include "backend/postgres/spi.hpp"

namespace pg_candle {

DroppedCandles::DroppedCandles(Oid schema, MemoryContext memory, bool read_only)
    : table_(find_table(schema, "dropped_candles")),
      name_(MemoryContextStrdup(memory, table_name(schema, "dropped_candles"))),
      memory_(memory),
      read_only_(read_only) {}

DroppedCandles::Cut DroppedCandles::of(const Series& series) {
    Cut cut;
    with_owner_rights(table_, [&] {
        if (!of_) {
            Oid types[] = {INT4OID, TEXTOID};
            of_ = prepare_query(
                psprintf("SELECT kept_from::pg_catalog.timestamptz, bars::pg_catalog.int8, state::pg_catalog.bytea"
                         " FROM %s"
                         " WHERE instrument_id OPERATOR(pg_catalog.=) $1 AND timeframe OPERATOR(pg_catalog.=) $2",
                         name_),
                2, types, memory_);
        }
        Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe)};
        for_each_row(of_, values, nullptr, read_only_, 1, [&](const ResultRow& row) {
            cut = {row.time(1, DT_NOBEGIN), row.int8(2), {row.bytes(3)}};
        });
    });
    return cut;
}

void DroppedCandles::forget_state(const Series& series, const bytea* columns) {
    with_owner_rights(table_, [&] {
        if (!forget_state_) {
            Oid types[] = {INT4OID, TEXTOID, BYTEAOID};
            forget_state_ = prepare_query(
                psprintf("UPDATE %s SET state = $3"
                         " WHERE instrument_id OPERATOR(pg_catalog.=) $1 AND timeframe OPERATOR(pg_catalog.=) $2",
                         name_),
                3, types, memory_);
        }
        Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe),
                          PointerGetDatum(columns)};
        execute_query(forget_state_, values);
    });
}

void DroppedCandles::forget(const Series& series) {
    with_owner_rights(table_, [&] {
        if (!forget_) {
            Oid types[] = {INT4OID, TEXTOID};
            forget_ = prepare_query(
                psprintf("DELETE FROM %s"
                         " WHERE instrument_id OPERATOR(pg_catalog.=) $1 AND timeframe OPERATOR(pg_catalog.=) $2",
                         name_),
                2, types, memory_);
        }
        Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe)};
        execute_query(forget_, values);
    });
}

void DroppedCandles::note(const Series& series, TimestampTz kept_from, int64 dropped, const bytea* state) {
    if (!note_) {
        require_key(table_, key_of_series);
        Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID, INT8OID, BYTEAOID};
        note_ = prepare_query(psprintf("INSERT INTO %s AS d (instrument_id, timeframe, kept_from, bars, state, "
                                       "dropped_at) VALUES ($1, $2, $3, $4, $5, pg_catalog.now())"
                                       " ON CONFLICT (instrument_id, timeframe) DO UPDATE SET kept_from = "
                                       "EXCLUDED.kept_from, bars = d.bars OPERATOR(pg_catalog.+) EXCLUDED.bars,"
                                       " state = EXCLUDED.state, dropped_at = EXCLUDED.dropped_at",
                                       name_),
                              5, types, memory_);
    }
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe),
                      TimestampTzGetDatum(kept_from), Int64GetDatum(dropped), PointerGetDatum(state)};
    const char nulls[] = {' ', ' ', ' ', ' ', state ? ' ' : 'n'};
    execute_query(note_, values, nulls);
}

}  // namespace pg_candle
