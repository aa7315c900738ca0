#!/usr/bin/env bash
# The provider fails in a third of its answers, and the loader is killed in the middle (kill -9): run again, the tables hold
# exactly what the provider has. A fault of each sort: of time, of the transport, of HTTP, of the body (answers_test.sh has all
# of them). The moments are random; the seed is printed.
. "$(dirname "$0")/loader.sh"
RANDOM=${FAULT_SEED:=$RANDOM}
echo "# seed $FAULT_SEED"
export UPSTOX_ACCESS_TOKEN=a-secret-token
new_database loader_faults
start_replay --limits none
run instruments
symbols=$(sql "SELECT string_agg('NSE_EQ:' || trading_symbol, ',' ORDER BY trading_symbol) FROM (SELECT trading_symbol FROM instrument_master WHERE segment = 'NSE_EQ' ORDER BY 1 LIMIT 20) s")
options=(--symbols "$symbols" --timeframes 1m,1d --from 2026-08-01 --to 2026-10-29 --attempts 20 --backoff 20 --stall 1)
export PGCANDLE_LIMITS=1000/1s
fingerprint() {
    sql "SELECT count(*) || ' ' || md5(string_agg(instrument_id || timeframe || source::text || ts || ' ' || open || ' ' || high || ' ' || low || ' ' || close || ' ' || volume, ',' ORDER BY instrument_id, timeframe, ts)) FROM candle_data"
}
coverage() { sql "SELECT string_agg(instrument_id || timeframe || from_ts || to_ts || state || rows, ',' ORDER BY instrument_id, timeframe, from_ts) FROM candle_coverage"; }
run backfill "${options[@]}"
is "$code" 0 "undisturbed"
truth=$(fingerprint) known=$(coverage)
like "$truth" "^[0-9]+ [0-9a-f]{32}$" "what the provider has: $truth"

for fault in stall cut too_many truncated_gzip; do
    start_replay --limits none --faults "$fault=0.3"
    sql "TRUNCATE candle_data, candle_coverage, request_log" >/dev/null
    # Killed when some chunks are stored, at a random moment after. The limit keeps it from doing more than half.
    "$loader" backfill "${options[@]}" --limits 40/1h >"$fault.log" 2>&1 &
    await answers "SELECT count(*) > 0 FROM candle_coverage" t
    sleep "0.$((RANDOM % 5))$((RANDOM % 10))"
    kill -9 $! 2>/dev/null
    wait $! 2>/dev/null
    stored=$(sql "SELECT count(*) FROM candle_coverage")
    is "$(sql "SELECT count(*) FROM (SELECT instrument_id, timeframe, sum(rows) AS rows FROM candle_coverage GROUP BY 1, 2) r FULL JOIN
        (SELECT instrument_id, timeframe, count(*) AS rows FROM candle_data GROUP BY 1, 2) c USING (instrument_id, timeframe) WHERE r.rows IS DISTINCT FROM c.rows")" 0 \
        "$fault: killed with $stored ranges known, candles and coverage agree"
    run backfill "${options[@]}" --report "$fault.json"
    is "$code" 0 "$fault: the next run ends well"
    ok "$([ "$(jq '.http.retries' "$fault.json")" -gt 0 ] || [ "$fault" = slow ]; echo $?)" "$fault: the fault was met"
    is "$(fingerprint)" "$truth" "$fault: the tables hold what the provider has"
    is "$(coverage)" "$known" "$fault: and the same is known"
    [[ $(cat "$fault.log") != *a-secret-token* && $output != *a-secret-token* ]]
    ok $? "$fault: no token in the log"
done

# A provider that is not there at all.
stop_replay
sql "TRUNCATE candle_data, candle_coverage" >/dev/null
run backfill --symbols RELIANCE --timeframes 1d --from 2026-10-01 --to 2026-10-29 --attempts 2 --backoff 10
is "$code" 1 "nobody answers: the run fails"
is "$(sql "SELECT state || ' ' || attempts FROM candle_coverage")" "failed 1" "and says so in the coverage"
start_replay --limits none
run backfill --symbols RELIANCE --timeframes 1d --from 2026-10-01 --to 2026-10-29
is "$code $(sql "SELECT state FROM candle_coverage")" "0 filled" "when it is back, what failed is asked for"
psql -X -q -d postgres -c "DROP DATABASE loader_faults" 2>/dev/null
done_testing
