#include "backend/freshness/change_log.hpp"

#include <algorithm>
#include <cstring>

#include "backend/catalog/series_list.hpp"
#include "backend/postgres/owner_rights.hpp"
#include "backend/postgres/spi.hpp"

namespace pg_candle {
namespace {

constexpr const char* names[] = {"timeframes", "indicators"};

}  // namespace

bool means_all_series(const Series& series) { return series.instrument_id == 0 && strcmp(series.timeframe, "*") == 0; }

ChangeLog::ChangeLog(Oid schema, Consumer consumer, MemoryContext memory)
    : schema_(schema), table_(find_table(schema, "candle_change")), consumer_(names[static_cast<int>(consumer)]) {
    const char* log = table_name(schema, "candle_change");
    const char* of_series = psprintf(
        "consumer OPERATOR(pg_catalog.=) '%s' AND instrument_id OPERATOR(pg_catalog.=) $1 AND timeframe "
        "OPERATOR(pg_catalog.=) $2",
        consumer_);
    Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID};
    take_ = prepare_query(psprintf("WITH seen AS MATERIALIZED (SELECT earliest FROM %1$s WHERE %2$s),"
                                   " gone AS (DELETE FROM %1$s WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT "
                                   "ctid FROM %1$s WHERE %2$s FOR UPDATE SKIP LOCKED)))"
                                   " SELECT coalesce(pg_catalog.min(earliest), CASE WHEN pg_catalog.count(*) "
                                   "OPERATOR(pg_catalog.>) 0 THEN '-infinity'::pg_catalog.timestamptz END) FROM seen",
                                   log, of_series),
                          2, types, memory);
    leave_ = prepare_query(
        psprintf("INSERT INTO %s (consumer, instrument_id, timeframe, earliest) VALUES ('%s', $1, $2, $3)", log,
                 consumer_),
        3, types, memory);
    stars_ = prepare_query(
        psprintf(
            "SELECT 1 FROM %s WHERE consumer OPERATOR(pg_catalog.=) '%s' AND instrument_id OPERATOR(pg_catalog.=) 0"
            " AND timeframe OPERATOR(pg_catalog.=) '*'",
            log, consumer_),
        0, nullptr, memory);
    Oid of_arrays[] = {INT4ARRAYOID, TEXTARRAYOID};
    compact_ = prepare_query(
        psprintf(
            "WITH crowded AS MATERIALIZED (SELECT l.consumer, l.instrument_id, l.timeframe FROM ROWS FROM "
            "(pg_catalog.unnest($1), pg_catalog.unnest($2)) AS s (i, t)"
            " JOIN %1$s l ON l.consumer OPERATOR(pg_catalog.=) ANY ('{timeframes,indicators}'::pg_catalog.text[])"
            " AND l.instrument_id OPERATOR(pg_catalog.=) s.i AND l.timeframe OPERATOR(pg_catalog.=) s.t GROUP BY 1, 2, "
            "3 HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1),"
            " gone AS (DELETE FROM %1$s WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT l.ctid FROM crowded c JOIN "
            "%1$s l ON l.consumer OPERATOR(pg_catalog.=) c.consumer"
            " AND l.instrument_id OPERATOR(pg_catalog.=) c.instrument_id AND l.timeframe OPERATOR(pg_catalog.=) "
            "c.timeframe FOR UPDATE OF l SKIP LOCKED))"
            " RETURNING consumer, instrument_id, timeframe, earliest)"
            " INSERT INTO %1$s (consumer, instrument_id, timeframe, earliest)"
            " SELECT g.consumer, g.instrument_id, g.timeframe, pg_catalog.min(g.earliest) FROM gone g GROUP BY 1, 2, 3",
            log),
        2, of_arrays, memory);
    forget_ =
        prepare_query(psprintf("DELETE FROM %1$s WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT ctid FROM %1$s"
                               " WHERE instrument_id OPERATOR(pg_catalog.=) $1 AND timeframe OPERATOR(pg_catalog.=) $2"
                               " AND consumer OPERATOR(pg_catalog.=) ANY "
                               "('{timeframes,indicators}'::pg_catalog.text[]) FOR UPDATE SKIP LOCKED))",
                               log),
                      2, types, memory);
}

TimestampTz ChangeLog::take(const Series& series) {
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe)};
    TimestampTz earliest = DT_NOEND;
    with_owner_rights(table_, [&] {
        for_each_row(take_, values, nullptr, false, 0, [&](const ResultRow& row) { earliest = row.time(1, DT_NOEND); });
    });
    return earliest;
}

void ChangeLog::leave(const Series& series, TimestampTz earliest) {
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe),
                      TimestampTzGetDatum(earliest)};
    with_owner_rights(table_, [&] { execute_query(leave_, values); });
}

void ChangeLog::expand() {
    bool any = false;
    with_owner_rights(table_,
                      [&] { any = for_each_row(stars_, nullptr, nullptr, false, 1, [](const ResultRow&) {}) > 0; });
    if (!any) return;
    // Needed so rarely that its statement is not worth keeping.
    SPIPlanPtr plan = prepare_query(
        psprintf(
            "WITH star AS MATERIALIZED (SELECT earliest FROM %1$s WHERE %5$s),"
            " gone AS (DELETE FROM %1$s WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT ctid FROM %1$s WHERE %5$s "
            "FOR UPDATE SKIP LOCKED))),"
            " since AS MATERIALIZED (SELECT coalesce(pg_catalog.min(earliest), '-infinity'::pg_catalog.timestamptz) AS "
            "earliest, pg_catalog.count(*) AS count FROM star)"
            " INSERT INTO %1$s (consumer, instrument_id, timeframe, earliest)"
            " SELECT '%2$s', s.instrument_id, s.timeframe, since.earliest FROM since, (SELECT k.instrument_id, "
            "k.timeframe FROM %3$s k"
            " UNION SELECT r.instrument_id, r.timeframe FROM %4$s r) s"
            " WHERE since.count OPERATOR(pg_catalog.>) 0 AND s.instrument_id IS NOT NULL AND s.timeframe IS NOT NULL",
            table_name(schema_, "candle_change"), consumer_, series_text(schema_, {false, 0, nullptr}),
            skip_scan_text(schema_, "indicator_data", {false, 0, nullptr}),
            psprintf("consumer OPERATOR(pg_catalog.=) '%s' AND instrument_id OPERATOR(pg_catalog.=) 0 AND timeframe "
                     "OPERATOR(pg_catalog.=) '*'",
                     consumer_)),
        0, nullptr);
    with_owner_rights(table_, [&] { execute_query(plan, nullptr); });
    SPI_freeplan(plan);
}

void ChangeLog::compact(const Series* series, int count) {
    if (count == 0 || IsolationUsesXactSnapshot()) return;
    auto* ids = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(count)));
    auto* timeframes = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(count)));
    for (int i = 0; i < count; ++i) {
        ids[i] = Int32GetDatum(series[i].instrument_id);
        timeframes[i] = CStringGetTextDatum(series[i].timeframe);
    }
    Datum values[] = {PointerGetDatum(construct_array(ids, count, INT4OID, sizeof(int32), true, TYPALIGN_INT)),
                      PointerGetDatum(construct_array(timeframes, count, TEXTOID, -1, false, TYPALIGN_INT))};
    with_owner_rights(table_, [&] { execute_query(compact_, values); });
}

void ChangeLog::forget(const Series& series) {
    Assert(!means_all_series(series));
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe)};
    with_owner_rights(table_, [&] { execute_query(forget_, values); });
}

TakesChanges::TakesChanges() : level_(NewGUCNestLevel()) {
    set_config_option("pg_candle.take_changes", "on", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

void TakesChanges::end() { AtEOXact_GUC(true, level_); }

}  // namespace pg_candle
