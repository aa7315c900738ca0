#!/usr/bin/env bash
# Cancel, termination and a crash in the middle of a large compute leave nothing half-done, and the first two are quick.
. "$(dirname "$0")/../tap.sh"
new_database pg_candle_interrupts
sql "INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT 1, '1m', '2000-01-03'::timestamptz + i * interval '1 min', p, p + 1, p - 1, p, i % 1000
    FROM (SELECT i, 100 + 10 * sin(i / 7.0) AS p FROM generate_series(0, 1999999) i) s" >/dev/null

# How long stopping took is printed; no clock decides a test.
began() { date +%s%N; }
interrupted() { # STATEMENT HOW: starts it, lets it work, stops it; said is what psql said, stopped how long that took in ms
    local statement=$1 how=$2 out
    out=$(mktemp)
    PGAPPNAME=victim psql -X -q -A -t -c "$statement" >"$out" 2>&1 &
    local client=$! pid=
    while [ -z "$pid" ]; do
        pid=$(sql "SELECT pid FROM pg_stat_activity WHERE application_name = 'victim' AND state = 'active' AND now() - query_start > interval '0.4 s'")
        kill -0 $client 2>/dev/null || break
    done
    local start
    start=$(began)
    "$how" "$pid" >/dev/null
    wait $client
    stopped=$((($(began) - start) / 1000000))
    said=$(cat "$out")
    rm -f "$out"
}

cancel() { sql "SELECT pg_cancel_backend($1)"; }
terminate() { sql "SELECT pg_terminate_backend($1)"; }
crash() { kill -9 "$1"; }

for statement in "SELECT compute_indicators()" "SELECT count(*) FROM indicators(NULL::indicator_data, 1, '1m')" "CALL refresh_indicators()" \
    "SELECT count(x) FROM (SELECT ema(close, 20) OVER (ORDER BY ts) AS x FROM candle_data) s"; do
    interrupted "$statement" cancel
    like "$said" "canceling statement due to user request" "cancelled: $statement"
    echo "# stopped after $stopped ms"
    is "$(sql 'SELECT count(*) FROM indicator_data')" 0 "nothing was left behind"
done
interrupted "SELECT compute_indicators()" terminate
like "$said" "terminating connection due to administrator command" "terminated"
echo "# stopped after $stopped ms"
is "$(sql 'SELECT count(*) FROM indicator_data')" 0 "nothing was left behind"
interrupted "SELECT compute_indicators()" crash
like "$said" "server closed the connection unexpectedly|terminating connection because of crash" "killed: the server crashes"
await answers "SELECT 1" 1
is "$(sql 'SELECT count(*) FROM indicator_data')" 0 "recovered, nothing was left behind"
like "$(sql "SET statement_timeout = '300ms'; SELECT compute_indicators()")" "statement timeout" "statement_timeout works"
is "$(sql 'SELECT compute_indicators()')" 2000000 "and then it runs to its end"

# An error in the middle: the first series is good, the second is not, of which nothing is written.
sql "DELETE FROM indicator_data; ALTER TABLE candle_data DROP CONSTRAINT candle_data_prices;
    DELETE FROM candle_data WHERE ts > '2000-01-10'; DELETE FROM indicator_state;
    INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close) SELECT 2, '1m', ts, open, high, low, CASE WHEN ts > '2000-01-05' THEN 'NaN' ELSE close END FROM candle_data" >/dev/null
like "$(sql 'SELECT compute_indicators()')" 'instrument 2, timeframe 1m at 2000-01-05 .* not finite' "a bad candle is named"
is "$(sql 'SELECT count(DISTINCT instrument_id) FROM indicator_data')" 1 "and holds up only its own series"
sql "DELETE FROM indicator_data; DELETE FROM indicator_state" >/dev/null
like "$(sql 'CALL refresh_indicators()')" 'not finite' "refresh warns of it, too"
is "$(sql 'SELECT count(*) = (SELECT count(*) FROM candle_data WHERE instrument_id = 1) FROM indicator_data WHERE instrument_id = 1')" t "with the other series committed"
is "$(sql 'SELECT count(*) FROM indicator_data WHERE instrument_id = 2')" 0 "and none of the bad one"
sql "DELETE FROM candle_data WHERE close = 'NaN'" >/dev/null
like "$(sql 'CALL refresh_indicators()')" '2 of 2 series' "repaired, it goes through"
is "$(sql 'SELECT compute_indicators()')" 0 "to the end"
like "$(sql 'BEGIN; CALL refresh_indicators(); COMMIT')" 'cannot run inside a transaction block' "refresh refuses a transaction block"
like "$(sql "CALL refresh_indicators('60m')")" 'not a timeframe' "and a wrong timeframe"
like "$(sql "CALL refresh_indicators(workers => -1)")" 'must be between 0 and 64' "and negative workers"
like "$(sql "CALL refresh_indicators('1m')")" '2 of 2 series' "one timeframe"
done_testing
