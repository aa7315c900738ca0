#include "backend/freshness/state_store.hpp"

#include "backend/postgres/spi.hpp"

namespace pg_candle {
namespace {

constexpr const char* of_series = "instrument_id OPERATOR(pg_catalog.=) $1 AND timeframe OPERATOR(pg_catalog.=) $2";

}  // namespace

StateStore::StateStore(Oid schema, MemoryContext memory) {
    const char *states = table_name(schema, "indicator_state"),
               *checkpoints = table_name(schema, "indicator_checkpoint");
    Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID, INT8OID, BYTEAOID, BOOLOID, BOOLOID};
    lock_ =
        prepare_query(psprintf("SELECT state::pg_catalog.bytea, xmin FROM %s WHERE %s FOR UPDATE", states, of_series),
                      2, types, memory);
    try_lock_ = prepare_query(
        psprintf("SELECT state::pg_catalog.bytea, xmin FROM %s WHERE %s FOR UPDATE NOWAIT", states, of_series), 2,
        types, memory);
    insert_ = prepare_query(
        psprintf("INSERT INTO %s (instrument_id, timeframe) VALUES ($1, $2) ON CONFLICT DO NOTHING", states), 2, types,
        memory);
    store_ = prepare_query(
        psprintf("UPDATE %s SET computed_through = $3, signature = $4, state = $5, failures = 0, failed_at = NULL, "
                 "error = NULL,"
                 " computed_at = CASE WHEN $6 THEN pg_catalog.clock_timestamp() ELSE computed_at END,"
                 " verified_at = CASE WHEN $7 THEN pg_catalog.clock_timestamp() ELSE verified_at END WHERE %s",
                 states, of_series),
        7, types, memory);
    checkpoint_ = prepare_query(psprintf("SELECT state::pg_catalog.bytea, xmin FROM %s WHERE %s AND ts "
                                         "OPERATOR(pg_catalog.<) $3 ORDER BY ts DESC LIMIT 1",
                                         checkpoints, of_series),
                                3, types, memory);
    drop_checkpoints_ = prepare_query(
        psprintf(
            "DELETE FROM %s WHERE %s AND (ts OPERATOR(pg_catalog.>=) $3 OR $4 OPERATOR(pg_catalog.-) bars "
            "OPERATOR(pg_catalog.>)"
            " (4::pg_catalog.int8 OPERATOR(pg_catalog.*) (bars OPERATOR(pg_catalog.&) (OPERATOR(pg_catalog.-) bars))))",
            checkpoints, of_series),
        4, types, memory);
    add_checkpoint_ = prepare_query(
        psprintf("INSERT INTO %s (instrument_id, timeframe, ts, bars, state) VALUES ($1, $2, $3, $4, $5)", checkpoints),
        5, types, memory);
    forget_state_ = prepare_query(psprintf("DELETE FROM %s WHERE %s", states, of_series), 2, types, memory);
    forget_checkpoints_ = prepare_query(psprintf("DELETE FROM %s WHERE %s", checkpoints, of_series), 2, types, memory);
}

/// The state of the query's first row.
SavedState StateStore::fetch(SPIPlanPtr query, Datum* values, bool* found) {
    SavedState saved;
    *found = for_each_row(query, values, nullptr, false, 1, [&](const ResultRow& row) {
                 saved = {row.bytes(1), row.transaction(2)};
             }) > 0;
    return saved;
}

SavedState StateStore::lock(const Series& series, bool waits) {
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe)};
    // Found, or inserted; or somebody else inserted it in between, and then it is found.
    for (int attempt = 0; attempt < 3; ++attempt) {
        bool found;
        const SavedState state = fetch(waits ? lock_ : try_lock_, values, &found);
        if (found) return state;
        if (execute_query(insert_, values) > 0) return {};
    }
    ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                    errmsg("could not lock instrument %d, timeframe %s", series.instrument_id, series.timeframe),
                    errdetail("Its row in indicator_state comes and goes."), errhint("Repeat the call.")));
}

SavedState StateStore::checkpoint_before(const Series& series, TimestampTz ts) {
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe),
                      TimestampTzGetDatum(ts)};
    bool found;
    return fetch(checkpoint_, values, &found);
}

void StateStore::store(const Series& series, const Position& position, uint64 signature, const bytea* state,
                       const Outcome& outcome) {
    Datum values[] = {Int32GetDatum(series.instrument_id),
                      CStringGetTextDatum(series.timeframe),
                      TimestampTzGetDatum(position.ts),
                      Int64GetDatum(static_cast<int64>(signature)),
                      PointerGetDatum(state),
                      BoolGetDatum(outcome.written),
                      BoolGetDatum(outcome.from_start)};
    const char nulls[] = {' ', ' ', position.bars > 0 ? ' ' : 'n', ' ', state ? ' ' : 'n', ' ', ' '};
    execute_query(store_, values, nulls);
}

void StateStore::forget(const Series& series) {
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe)};
    execute_query(forget_state_, values);
    execute_query(forget_checkpoints_, values);
}

void StateStore::store_checkpoints(const Series& series, TimestampTz from, const Position& position,
                                   const Checkpoints& ladder) {
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe),
                      TimestampTzGetDatum(from), Int64GetDatum(position.bars), Datum{0}};
    execute_query(drop_checkpoints_, values);
    for (const Checkpoints::Checkpoint& checkpoint : ladder) {
        CHECK_FOR_INTERRUPTS();
        if (!Checkpoints::keeps(checkpoint.position.bars, position.bars)) continue;
        values[2] = TimestampTzGetDatum(checkpoint.position.ts);
        values[3] = Int64GetDatum(checkpoint.position.bars);
        values[4] = PointerGetDatum(checkpoint.state);
        execute_query(add_checkpoint_, values);
    }
}

}  // namespace pg_candle
