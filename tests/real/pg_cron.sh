#!/usr/bin/env bash
# The timetable under a real pg_cron, in a private cluster.
. "$(dirname "$0")/../tap.sh"
cd "$(dirname "$0")/../.." || exit 1
[ -f "$(${PG_CONFIG:-pg_config} --pkglibdir)/pg_cron.so" ] || skip_all "pg_cron is not here"
cluster=$(mktemp -d /tmp/pg_candle_cron.XXXXXX)
trap 'tests/cluster stop "$cluster" 2>/dev/null; rm -rf "$cluster"' EXIT
tests/cluster start "$cluster" "shared_preload_libraries = 'pg_cron'" "cron.database_name = 'scheduled'" "cron.use_background_workers = on" "max_worker_processes = 20" "timezone = 'UTC'" || exit 1
eval "$(tests/cluster env "$cluster")"
new_database elsewhere
said=$(psql -X -q -c "SELECT schedule_candle_jobs()" 2>&1 | paste -sd' ')
like "$said" "pg_cron is not in this database.*It works in the database scheduled.*cron.database_name = 'elsewhere'" "pg_cron in another database is an error with a hint"
new_database scheduled
said=$(psql -X -q -c "SELECT schedule_candle_jobs()" 2>&1 | paste -sd' ')
like "$said" "CREATE EXTENSION pg_cron" "so is its extension that is not there"
# It is the middle of a trading day.
sql "CREATE EXTENSION pg_cron; ALTER DATABASE scheduled SET pg_candle.now = '2026-10-30 12:00+05:30';
    INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol) VALUES (1, 'NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE');
    INSERT INTO watchlist (instrument_id) VALUES (1);
    SELECT cron.schedule('pg_candle_mine', '0 0 1 1 *', 'SELECT 1'), cron.schedule('pg_candle mine', '0 0 1 1 *', 'SELECT 2')" >/dev/null
rows=$(sql "SELECT count(*) FROM sync_timetable WHERE enabled")
is "$(sql "SELECT schedule_candle_jobs()")" "$rows" "every row of the timetable is scheduled"
is "$(sql "SELECT schedule_candle_jobs()")" "$rows" "again: the same"
is "$(sql "SELECT count(*) FROM cron.job WHERE jobname LIKE 'pg\_candle %' AND command LIKE '%run_due_sync_tasks%'")" "$rows" "one job each"
is "$(sql "SELECT string_agg(jobname || ' ' || schedule, ', ' ORDER BY jobname) FROM cron.job WHERE jobname IN ('pg_candle ltp', 'pg_candle gaps', 'pg_candle yesterday', 'pg_candle two_months', 'pg_candle today_nse')")" \
    "pg_candle gaps */5 * * * *, pg_candle ltp * * * * *, pg_candle today_nse */5 * * * *, pg_candle two_months 30 4 * * 0, pg_candle yesterday 40 1 * * *" "times of the day are converted to UTC"
is "$(sql "SELECT string_agg(DISTINCT owner, ' ') FROM sync_timetable")" pg_cron "pg_cron owns them"
is "$(sql "SELECT count(*) FROM due_sync_tasks()")" 0 "and the daemon none"
becomes "SELECT count(*) FROM sync_job WHERE kind = 'ltp'" 1 "pg_cron runs them: last prices are queued"
becomes "SELECT string_agg(DISTINCT status, ' ') FROM cron.job_run_details JOIN cron.job USING (jobid)
         WHERE jobname = 'pg_candle ltp' AND status IN ('failed', 'succeeded')" succeeded "without an error"
is "$(sql "SELECT unschedule_candle_jobs()")" "$rows" "they are removed"
is "$(sql "SELECT string_agg(jobname, ', ' ORDER BY jobname) FROM cron.job")" "pg_candle mine, pg_candle_mine" "exactly those"
is "$(sql "SELECT string_agg(DISTINCT owner, ' ') FROM sync_timetable")" daemon "and belong to the daemon again"
done_testing
