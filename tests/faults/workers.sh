#!/usr/bin/env bash
# refresh_indicators(workers => n): the same rows as without workers; one bad series stops no other; who asked is cancelled, or goes, and the
# workers go, too; progress for everybody to see.
. "$(dirname "$0")/../tap.sh"
new_database pg_candle_workers
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT
export PGOPTIONS="-c client_min_messages=warning"
make_candles() { # FIRST LAST COUNT
    sql "INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
        SELECT id, '1m', '2020-01-03'::timestamptz + i * interval '1 min', p, p + 1, p - 1, p, i % 1000
        FROM (SELECT i, id, 100 + id + 10 * sin(i / 7.0) AS p FROM generate_series(1, $3) i, generate_series($1, $2) id) s"
}
make_candles 1 60 2000
sql "CALL refresh_indicators()" >/dev/null
sql "CREATE TABLE expected AS SELECT * FROM indicator_data" >/dev/null
wrong="SELECT count(*) FROM (SELECT * FROM expected EXCEPT SELECT * FROM indicator_data) d"
for workers in 1 2 5; do
    sql "TRUNCATE indicator_data" >/dev/null
    is "$(sql "CALL refresh_indicators(workers => $workers)")" "" "$workers workers: done without a word"
    is "$(sql "$wrong")" 0 "$workers workers: the same rows"
done
is "$(sql "SELECT state, series_total, series_done, series_failed, rows, current IS NULL, rows_per_second > 0 FROM refresh_progress ORDER BY run_id DESC LIMIT 1")" "finished|60|60|0|120000|t|t" "progress: the end of it"
is "$(sql "CALL refresh_indicators('5m', workers => 2)")" "" "nothing to do"
like "$(sql "CALL refresh_indicators(workers => -1)")" "workers must be between 0 and 64" "a negative number of workers"
like "$(sql "BEGIN; CALL refresh_indicators(workers => 2)")" "cannot run inside a transaction block" "inside a transaction block"
like "$(PGOPTIONS= sql "TRUNCATE indicator_data" 2>&1; PGOPTIONS= sql "CALL refresh_indicators(workers => 2)" 2>&1)" "NOTICE:  60 of 60 series, 120000 rows written" "it says how far it is"

# One bad series
for how in "workers => 0" "workers => 2"; do
    sql "TRUNCATE indicator_data; ALTER TABLE candle_data DROP CONSTRAINT IF EXISTS candle_data_prices; UPDATE candle_data SET open = 'NaN' WHERE instrument_id IN (7, 30) AND ts = '2020-01-03 10:00Z'" >/dev/null
    out=$(sql "CALL refresh_indicators($how)")
    like "$out" "WARNING:  instrument 7, timeframe 1m: the candle of instrument 7.* has a price that is not finite" "$how: a bad series is a warning"
    like "$out" "ERROR:  2 of 60 series could not be refreshed" "$how: and the whole says so at its end"
    is "$(sql "SELECT count(DISTINCT instrument_id) FROM indicator_data")" 58 "$how: all others are done"
    is "$(sql "SELECT failures >= 1, error ~ 'not finite', failed_at IS NOT NULL FROM indicator_state WHERE instrument_id = 30")" "t|t|t" "$how: the state tells why"
    sql "UPDATE candle_data SET open = low WHERE open = 'NaN'" >/dev/null
    is "$(sql "CALL refresh_indicators($how)")" "" "$how: corrected, it is refreshed"
    is "$(sql "SELECT failures, error FROM indicator_state WHERE instrument_id = 30")" "0|" "$how: and the state forgets it"
done
sql "ALTER TABLE candle_data ADD CONSTRAINT candle_data_prices CHECK (low > '-Infinity')" >/dev/null

# Somebody else has a row of series 5 in an open transaction, and keeps the worker waiting that is at the indexes.
sql "TRUNCATE indicator_data; CREATE EXTENSION IF NOT EXISTS amcheck" >/dev/null
coproc writer { psql -X -q -A -t 2>&1; }
echo "BEGIN; INSERT INTO indicator_data (instrument_id, timeframe, ts, sma_20) SELECT instrument_id, timeframe, ts, -1 FROM expected WHERE instrument_id = 5 ORDER BY ts LIMIT 1; SELECT 'open';" >&"${writer[1]}"
read -r line <&"${writer[0]}"
is "$line" open "a writer has the row of a series"
sql "CALL refresh_indicators(workers => 2)" >"$tmp" &
call=$!
await answers "SELECT count(DISTINCT instrument_id) FROM indicator_data" 59
is "$(sql "SELECT count(*), count(DISTINCT instrument_id), bool_or(instrument_id = 5) FROM indicator_data")" "118000|59|f" "meanwhile all other series are done"
echo "COMMIT; SELECT 'closed'; \\q" >&"${writer[1]}"
read -r line <&"${writer[0]}"
wait $call
like "$(cat "$tmp")" "^$|instrument 5, timeframe 1m is held" "when it commits, the series is come back to, in this call or the next"
is "$(sql "CALL refresh_indicators(workers => 2)"; sql "$wrong"; sql "SELECT count(*) FROM indicator_data")" $'0\n120000' "and everything is right, that row too"
is "$(sql "SELECT bt_index_check('indicator_data_pkey', true)")" "" "the index knows every row"

# A role without rights on everything, and one that has them.
sql "DROP ROLE IF EXISTS candle_refresher" >/dev/null 2>&1
sql "CREATE ROLE candle_refresher; TRUNCATE indicator_data; GRANT SELECT ON candle_data TO candle_refresher; GRANT SELECT, INSERT, UPDATE, DELETE ON indicator_state, indicator_checkpoint, candle_change TO candle_refresher; GRANT SELECT ON indicator_data TO candle_refresher" >/dev/null
out=$(psql -X -q -A -t -c "SET ROLE candle_refresher" -c "CALL refresh_indicators(workers => 2)" 2>&1)
like "$out" "permission denied for table indicator_data" "workers have the rights of the caller's role"
is "$(sql "SELECT count(*) FROM indicator_data")" 0 "and write nothing past them"
sql "GRANT INSERT, UPDATE, DELETE ON indicator_data TO candle_refresher" >/dev/null
is "$(psql -X -q -A -t -c "SET ROLE candle_refresher" -c "CALL refresh_indicators(workers => 2)" 2>&1; sql "$wrong")" 0 "with rights they do, although the role cannot log in"
sql "DROP OWNED BY candle_refresher; DROP ROLE candle_refresher" >/dev/null

# Cancelling and terminating who asked
make_candles 100 120 60000
at_work="SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_candle refresh worker'"
for how in pg_cancel_backend pg_terminate_backend; do
    sql "TRUNCATE indicator_data" >/dev/null
    psql -X -q -c "CALL refresh_indicators(workers => 2)" >/dev/null 2>&1 &
    leader=$!
    becomes "SELECT state, series_total, array_length(current, 1) FROM refresh_progress ORDER BY run_id DESC LIMIT 1" "running|81|2" "$how: meanwhile the progress shows two series at work"
    like "$(sql "SELECT query FROM pg_stat_activity WHERE backend_type = 'pg_candle refresh worker'")" "computing indicators of instrument" "$how: and pg_stat_activity what each does"
    sql "SELECT $how(pid) FROM pg_stat_activity WHERE query ~ '^CALL refresh_indicators' AND pid <> pg_backend_pid()" >/dev/null
    wait $leader
    becomes "$at_work" 0 "$how: the workers end with who asked for them"
    like "$(sql "SELECT state FROM refresh_progress ORDER BY run_id DESC LIMIT 1")" "^interrupted$" "$how: the progress says that it was interrupted"
    sql "CALL refresh_indicators(workers => 2)" >/dev/null
    is "$(sql "SELECT count(*) FROM indicator_data")" 1380000 "$how: the next call does the rest"
done
# What was done when it was cancelled is there: the newest first, and what is watched before all.
sql "INSERT INTO watchlist (instrument_id, timeframes) VALUES (3, '{1m}'); TRUNCATE indicator_data" >/dev/null
psql -X -q -c "CALL refresh_indicators()" >/dev/null 2>&1 &
leader=$!
await answers "SELECT count(DISTINCT instrument_id) >= 3 FROM indicator_data" t
sql "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query ~ '^CALL refresh_indicators' AND pid <> pg_backend_pid()" >/dev/null
wait $leader
# The newest are 21; none of the others is done before them.
is "$(sql "SELECT bool_or(instrument_id = 3), count(DISTINCT instrument_id) FILTER (WHERE instrument_id >= 100) = 21 OR bool_and(instrument_id = 3 OR instrument_id >= 100) FROM indicator_data")" "t|t" "cancelled early: what is watched is done, then the newest"

# No slot for a worker: the session does it itself.
out=$(PGOPTIONS= sql "CALL refresh_indicators(workers => 64)")
like "$out" "background workers could be started" "more workers than there are: those that there are"
is "$(sql "SELECT count(*) FROM indicator_data")" 1380000 "and everything is done"
is "$(sql "SELECT bt_index_check('indicator_data_pkey', true)")" "" "and the index knows every row"
psql -X -q -d postgres -c "DROP DATABASE pg_candle_workers"
done_testing
