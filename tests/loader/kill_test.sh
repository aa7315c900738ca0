#!/usr/bin/env bash
# kill -9 of the loader at 20 random moments and crashes of PostgreSQL at 5, in a run of more than 500 requests: it ends
# as an undisturbed run does, and asks again for no more than was in flight.
. "$(dirname "$0")/loader.sh"
cluster=$(mktemp -d /tmp/pg_candle_kill.XXXXXX)
trap 'stop_replay; "$root/tests/cluster" stop "$cluster" 2>/dev/null; rm -rf "$work" "$cluster"' EXIT
"$root/tests/cluster" start "$cluster" || exit 1
eval "$("$root/tests/cluster" env "$cluster")"
export PGCANDLE_LIMITS=1000/1s UPSTOX_ACCESS_TOKEN=x
parallel=3
start_replay --limits none --holes 0.02
prepare() { # DATABASE
    new_database "$1"
    run instruments
    mapfile -t symbols < <(sql "SELECT 'NSE_EQ:' || trading_symbol FROM instrument_master WHERE segment = 'NSE_EQ' ORDER BY 1 LIMIT 30")
    run watch add "${symbols[@]}" --timeframes 1m,1d
    replay reset -d '' >/dev/null
}
state() { # what has to be the same: candles and what is known about ranges, by instrument_key
    sql "SELECT md5(string_agg(r::text, ',' ORDER BY r::text)) FROM (SELECT instrument_key, c.timeframe, c.source, extract(epoch FROM ts) AS ts, open, high, low, close, volume FROM candle_data c JOIN instrument_master USING (instrument_id)) r"
    sql "SELECT md5(string_agg(r::text, ',' ORDER BY r::text)) FROM (SELECT instrument_key, c.timeframe, extract(epoch FROM from_ts), extract(epoch FROM to_ts), state, rows FROM candle_coverage c JOIN instrument_master USING (instrument_id)) r"
}
total() { replay stats | jq '[.candles[]] | add // 0'; }

prepare undisturbed
run backfill --from 2026-01-01 --parallel $parallel
is "$code" 0 "an undisturbed run"
expected=$(state)
requests=$(total)
ok $((requests < 500)) "of $requests requests"

prepare disturbed
seed=${SEED:-$RANDOM}
RANDOM=$seed
echo "# seed $seed"
kills=0 crashes=0
# The moment is a number of requests. The limit begins anew for each, so that none comes to the end, however late it is
# killed.
reached() { [ "$(total)" -ge "$1" ] || ! kill -0 $pid 2>/dev/null; }
while [ $((kills + crashes)) -lt 25 ]; do
    sql "DELETE FROM request_log" >/dev/null
    before=$(total)
    "$loader" backfill --from 2026-01-01 --parallel $parallel --limits 20/1h >run.log 2>&1 &
    pid=$!
    await reached $((before + RANDOM % 20))
    sleep "0.0$((RANDOM % 10))"
    kill -0 $pid 2>/dev/null || { echo "# ended by itself: $(tail -1 run.log)"; break; }
    if [ $crashes -lt 5 ] && [ $(((kills + crashes) % 5)) -eq 2 ]; then
        "$root/tests/cluster" restart "$cluster"
        crashes=$((crashes + 1))
        wait $pid 2>/dev/null
    else
        kill -9 $pid && kills=$((kills + 1))
        wait $pid 2>/dev/null
    fi
done
is "$kills kills and $crashes crashes" "20 kills and 5 crashes" "before its end"
run backfill --from 2026-01-01 --parallel $parallel
is "$code" 0 "it ends"
is "$(state)" "$expected" "as the undisturbed run did"
again=$(($(total) - requests))
# In flight: requests out, answers that wait to be stored (8), and the one that is being stored.
most=$(((kills + crashes) * (parallel + 9)))
ok $((again > most)) "$again requests were repeated, at most $most were in flight"
is "$(sql "SELECT count(*) FROM sync_job WHERE state IN ('queued', 'running')")" 0 "nothing is left in the queue"
run backfill --from 2026-01-01
is "$(total)" "$((requests + again))" "and nothing is asked for any more"
done_testing
