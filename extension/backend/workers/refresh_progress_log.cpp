#include "backend/workers/refresh_progress_log.hpp"

#include "backend/postgres/spi.hpp"

extern "C" {
#include "utils/acl.h"
}

namespace pg_candle {

RefreshProgressLog::RefreshProgressLog(Oid schema) {
    const Oid table = get_relname_relid("refresh_run", schema);
    constexpr AclMode needed = ACL_SELECT | ACL_INSERT | ACL_UPDATE | ACL_DELETE;
    if (!OidIsValid(table) || pg_class_aclmask(table, GetUserId(), needed, ACLMASK_ALL) != needed) return;
    require_key(find_table(schema, "refresh_run"), key_of_run);
    const char* runs = table_name(schema, "refresh_run");
    Oid types[] = {INT8OID, INT4OID, INT4OID, INT4OID, INT8OID, INT4OID, TEXTOID, INT4OID};
    Oid of_begin[] = {TEXTOID, INT4OID, INT4OID};
    forget_ = prepare_query(psprintf("DELETE FROM %s WHERE started_at OPERATOR(pg_catalog.<) (pg_catalog.now() "
                                     "OPERATOR(pg_catalog.-) '7 days'::pg_catalog.interval)",
                                     runs),
                            0, nullptr, CurrentMemoryContext);
    begin_ = prepare_query(
        psprintf("INSERT INTO %s (timeframe, series_total, pid) VALUES ($1, $2, $3) RETURNING run_id::pg_catalog.int8",
                 runs),
        3, of_begin, CurrentMemoryContext);
    report_ = prepare_query(psprintf("INSERT INTO %s AS r (run_id, worker, series_done, series_failed, rows, "
                                     "instrument_id, timeframe, pid, updated_at)"
                                     " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, pg_catalog.clock_timestamp())"
                                     " ON CONFLICT (run_id, worker) DO UPDATE SET series_done = EXCLUDED.series_done, "
                                     "series_failed = EXCLUDED.series_failed,"
                                     " rows = EXCLUDED.rows, instrument_id = EXCLUDED.instrument_id, timeframe = "
                                     "EXCLUDED.timeframe, pid = EXCLUDED.pid,"
                                     " updated_at = EXCLUDED.updated_at",
                                     runs),
                            8, types, CurrentMemoryContext);
    end_ = prepare_query(psprintf("UPDATE %s SET ended_at = pg_catalog.clock_timestamp() WHERE run_id "
                                  "OPERATOR(pg_catalog.=) $1 AND worker OPERATOR(pg_catalog.=) 0",
                                  runs),
                         1, types, CurrentMemoryContext);
}

int64 RefreshProgressLog::begin(const char* timeframe, int series_total) {
    if (!begin_) return 0;
    execute_query(forget_, nullptr);
    Datum values[] = {timeframe ? CStringGetTextDatum(timeframe) : Datum{0}, Int32GetDatum(series_total),
                      Int32GetDatum(MyProcPid)};
    const char nulls[] = {timeframe ? ' ' : 'n', ' ', ' '};
    int64 run = 0;
    for_each_row(begin_, values, nulls, false, 0, [&](const ResultRow& row) { run = row.int8(1); });
    return run;
}

void RefreshProgressLog::report(int64 run, int worker, int done, int failed, int64 rows, const Series* current) {
    if (!report_) return;
    Datum values[] = {Int64GetDatum(run),
                      Int32GetDatum(worker),
                      Int32GetDatum(done),
                      Int32GetDatum(failed),
                      Int64GetDatum(rows),
                      Int32GetDatum(current ? current->instrument_id : 0),
                      current ? CStringGetTextDatum(current->timeframe) : Datum{0},
                      Int32GetDatum(MyProcPid)};
    const char absent = current ? ' ' : 'n';
    const char nulls[] = {' ', ' ', ' ', ' ', ' ', absent, absent, ' '};
    execute_query(report_, values, nulls);
}

void RefreshProgressLog::end(int64 run) {
    if (!end_) return;
    Datum values[] = {Int64GetDatum(run)};
    execute_query(end_, values);
}

}  // namespace pg_candle
