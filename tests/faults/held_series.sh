#!/usr/bin/env bash
# A transaction that is open and holds a series delays that series only: refreshes and the worker pass over it and come back.
. "$(dirname "$0")/../tap.sh"
cd "$(dirname "$0")/../.." || exit 1
cluster=$(mktemp -d /tmp/pg_candle_held.XXXXXX)
trap 'tests/cluster stop "$cluster"; rm -rf "$cluster"' EXIT
tests/cluster start "$cluster" "shared_preload_libraries = 'pg_candle'" "pg_candle.databases = 'watched'" "pg_candle.role = candle_worker" "pg_candle.naptime = '1s'" "max_worker_processes = 16"
eval "$(tests/cluster env "$cluster")"
# Whoever waits for what is held would wait for ever.
export PGOPTIONS="-c client_min_messages=warning -c statement_timeout=${patience}s"
said() { psql -X -q -A -t "$@" 2>&1; }
fill="INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
        SELECT i, 'NSE_EQ|' || i, 'NSE', 'NSE_EQ', 'EQ', 'S' || i FROM generate_series(1, 5) i;
    INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
        SELECT id, '1m', '2026-01-05 09:15+05:30'::timestamptz + n * interval '1 min', 100, 102, 99, 100 + n % 3, n FROM generate_series(1, 5) id, generate_series(0, 299) n"
touch_all="UPDATE candle_data SET volume = volume + 1 WHERE timeframe = '1m'"
stale="SELECT count(DISTINCT c.instrument_id) FROM candle_data c LEFT JOIN indicator_data i USING (instrument_id, timeframe, ts), indicators(NULL::indicator_data, c.instrument_id, c.timeframe, c.ts, c.ts + interval '1 s') f
    WHERE c.timeframe = '1m' AND c.ts = '2026-01-05 12:00+05:30' AND (i.obv, i.vwap) IS DISTINCT FROM (f.obv, f.vwap)"
new_database held
sql "CREATE ROLE candle_worker LOGIN; $fill; CALL refresh_timeframes(); SELECT compute_indicators()" >/dev/null

# By hand
open_session
sql "$touch_all" >/dev/null
tell "BEGIN; SELECT compute_indicators(3)"
out=$(said -c "CALL refresh_indicators()")
like "$out" "WARNING: +instrument 3, timeframe 1m is held by another session" "refresh_indicators() says which series it left"
is "$(grep -c WARNING <<<"$out")" 1 "that one only"
is "$(sql "$stale")" 1 "and has done all others"
is "$(said -c "SELECT compute_indicators(2), compute_indicators(4)")" "0|0" "other series can be computed"
sql "$touch_all" >/dev/null
like "$(said -c "CALL refresh_indicators(workers => 2)")" "WARNING: +instrument 3, timeframe 1m is held by another session" "with workers, too"
is "$(sql "$stale")" 1 "all others are done"
out=$(said -c "CALL refresh_timeframes()")
like "$out" "WARNING: +timeframes of instrument 3 are left as they are" "refresh_timeframes() passes over it, too"
is "$(sql "SELECT string_agg(DISTINCT instrument_id::text, ',') FROM candle_change WHERE consumer = 'timeframes'")" 3 "and has done all others"
tell "COMMIT"
is "$(said -c "CALL refresh_indicators()" -c "CALL refresh_timeframes()"; sql "$stale")" 0 "let go, it is taken up"

# Held by a writer, or by a lock on the row
sql "$touch_all" >/dev/null
tell "BEGIN; SELECT 1 FROM indicator_state WHERE instrument_id = 2 AND timeframe = '1m' FOR UPDATE"
like "$(said -c "CALL refresh_indicators()")" "WARNING: +instrument 2, timeframe 1m is held" "a row of indicator_state that somebody locked"
is "$(sql "$stale")" 1 "delays that series"
tell "ROLLBACK"
is "$(said -c "CALL refresh_indicators()"; sql "$stale")" 0 "until it is let go"
sql "$touch_all" >/dev/null
tell "BEGIN; SELECT ts FROM indicator_data WHERE instrument_id = 4 AND timeframe = '1m' FOR UPDATE"
like "$(said -c "CALL refresh_indicators()")" "WARNING: +instrument 4, timeframe 1m is held" "rows of indicators that somebody locked"
is "$(sql "$stale")" 1 "delay that series"
tell "ROLLBACK"
is "$(said -c "CALL refresh_indicators()"; sql "$stale")" 0 "until they are let go"
sql "$touch_all" >/dev/null
tell "BEGIN; UPDATE candle_data SET volume = 5 WHERE instrument_id = 1"
is "$(said -c "CALL refresh_indicators()"; sql "$stale")" 0 "an open correction of candles holds nothing"
is "$(sql "SELECT string_agg(DISTINCT instrument_id::text, ',' ORDER BY instrument_id::text) FROM candle_change WHERE consumer = 'timeframes'")" "1,2,3,4,5" "timeframes are due"
said -c "CALL refresh_timeframes()" >/dev/null
tell "COMMIT"
said -c "CALL refresh_timeframes()" -c "CALL refresh_indicators()" >/dev/null
is "$(sql "$stale"; sql "SELECT count(*) FROM candle_change")" $'0\n0' "and when it commits, it is worked in"

# A failure is noted without waiting for the lock that failed.
sql "ALTER TABLE candle_data DROP CONSTRAINT candle_data_prices; $touch_all; UPDATE candle_data SET close = 'NaN' WHERE instrument_id = 2 AND ts = '2026-01-05 10:00+05:30'" >/dev/null
tell "BEGIN; SELECT 1 FROM indicator_state WHERE instrument_id = 2 AND timeframe = '1m' FOR UPDATE"
like "$(said -c "CALL refresh_indicators()")" "instrument 2, timeframe 1m" "a bad series that is held"
is "$(sql "SELECT count(DISTINCT instrument_id) FROM candle_change WHERE consumer = 'indicators'")" 1 "holds up no other"
tell "ROLLBACK"
like "$(said -c "CALL refresh_indicators()")" "not finite" "let go, it is a failure"
sql "UPDATE candle_data SET close = open WHERE close = 'NaN'; SELECT compute_indicators()" >/dev/null

# The background worker
new_database watched
sql "$fill; GRANT SELECT ON candle_data, candle_change, watchlist, trading_calendar, instrument_master TO candle_worker;
    GRANT SELECT, INSERT, UPDATE, DELETE ON indicator_data, indicator_state, indicator_checkpoint TO candle_worker" >/dev/null
becomes "$stale" 0 "the worker computes all"
close_session
open_session
sql "$touch_all" >/dev/null
becomes "$stale" 0 "and again"
tell "BEGIN; SELECT 1 FROM indicator_state WHERE instrument_id = 3 AND timeframe = '1m' FOR UPDATE"
sql "$touch_all" >/dev/null
becomes "$stale" 1 "with one series held, it computes the others"
sql "$touch_all" >/dev/null
becomes "$stale" 1 "again and again"
tell "ROLLBACK"
becomes "$stale" 0 "let go, it is taken up"
close_session
done_testing
