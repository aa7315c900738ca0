#!/usr/bin/env bash
# The database plans, the loader fetches: only what is missing is asked for, and what the provider does not have is asked for
# twice.
. "$(dirname "$0")/loader.sh"
new_database loader_sync
sql "ALTER DATABASE loader_sync SET timezone = 'Asia/Kolkata'; ALTER DATABASE loader_sync SET pg_candle.now = '2026-10-30 20:00+05:30'" >/dev/null
export PGTZ=Asia/Kolkata PGCANDLE_LIMITS=1000/1s UPSTOX_ACCESS_TOKEN=x
start_replay --limits none --holes 0.05
run instruments
run backfill
like "$code $output" "^2 .*watchlist is empty.*pgcandle watch add" "an empty watchlist is a usage error"
mapfile -t symbols < <(sql "SELECT 'NSE_EQ:' || trading_symbol FROM instrument_master WHERE segment = 'NSE_EQ' ORDER BY 1 LIMIT 8")
run watch add "${symbols[@]}" NIFTY
asked() { replay stats | jq -r '.candles | to_entries[] | [.key, .value] | @tsv'; }
# What was asked for, as a table: a row per request. A decoded key, unit/interval, dates.
note_asked() { # TABLE
    asked | awk -F'\t' -v OFS='\t' '{ n = split($1, p, "/"); if (p[4] == "intraday") next
        print p[4], p[5] "/" p[6], p[8], p[7], $2 }' |
        psql -X -q -c "CREATE TABLE $1 (key text, unit text, first date, last date, times int)" -c "COPY $1 FROM STDIN"
    replay reset -d '' >/dev/null
}
replay reset -d '' >/dev/null

# From nothing.
run backfill --from 2026-06-01 --report full.json
is "$code" 0 "a full run on an empty database"
like "$output" "symbols|ABB|ADANIENT" "it shows how complete everything is"
note_asked asked
is "$(sql "SELECT count(*) FROM watchlist w, unnest('{1m,1d,1w}'::text[]) t, ranges_to_request(instrument_id, t, '2026-06-01')")" 0 "nothing is left to ask for"
is "$(sql "SELECT count(*) FROM watchlist, LATERAL (SELECT count(*) AS n FROM detect_gaps(instrument_id, '1m', '2026-06-01', '2026-10-30') WHERE state <> 'no_data') g WHERE n > 0")" 0 "every gap is one of the provider's"
is "$(sql "SELECT count(*) > 20 FROM candle_coverage WHERE state = 'no_data'")" t "of which there are many"
# Every stored hole was asked for twice: with its month, and alone.
is "$(sql "SELECT string_agg(DISTINCT n::text, ' ') FROM (
    SELECT sum(a.times) AS n FROM candle_coverage c JOIN instrument_master m USING (instrument_id)
    JOIN asked a ON a.key = m.instrument_key AND a.unit = CASE timeframe WHEN '1m' THEN 'minutes/1' WHEN '1d' THEN 'days/1' ELSE 'weeks/1' END
        AND (c.from_ts)::date BETWEEN a.first AND a.last WHERE c.state = 'no_data' GROUP BY c.instrument_id, c.timeframe, c.from_ts) s")" 2 "each was asked for twice"
is "$(sql "SELECT string_agg(DISTINCT attempts::text, ' ') FROM candle_coverage WHERE state = 'no_data'")" 2 "and says so"
is "$(jq '[.complete, .gaps.confirmed_empty > 20, .symbols == 9, (.series | length) == 27, .seconds > 0, .requests.failed == 0, (.completeness.NIFTY | length) == 8]' full.json -c)" "[true,true,true,true,true,true,true]" "the report"
is "$(sql "SELECT string_agg(DISTINCT timeframe, ' ') FROM candle_data")" "15m 1d 1h 1m 1w 30m 4h 5m" "the eight timeframes are there"
is "$(sql "SELECT count(*) FROM candle_data WHERE timeframe IN ('5m', '15m', '30m', '1h', '4h') AND source <> 'd'")" 0 "longer intraday ones derived"
is "$(sql "SELECT requests > 0 AND rows > 100000 AND latency_p99 > 0 AND error_rate = 0 FROM sync_run")" t "the run is recorded"

# Again.
run backfill --from 2026-06-01
is "$code $(asked | wc -l)" "0 0" "the same again makes no candle request"
run backfill --from 2026-06-01 --timeframes 1m,1d
is "$code $(asked | wc -l)" "0 0" "nor does a part of it"

# Stretches get lost.
sql "CREATE TABLE before AS SELECT * FROM candle_data WHERE timeframe IN ('1m', '1d')" >/dev/null
seed=${SEED:-$RANDOM}
echo "# seed $seed"
sql "SELECT setseed($seed / 32768.0);
CREATE TABLE stretch AS SELECT instrument_id, timeframe, ts AS first, ts + CASE WHEN timeframe = '1d' THEN interval '0' WHEN random() < 0.7 THEN random() * interval '3 hours' ELSE random() * interval '3 days' END AS last
FROM (SELECT * FROM before WHERE source = 'h' ORDER BY timeframe, instrument_id, ts) c ORDER BY (timeframe = '1d') AND random() < 0.9, random() LIMIT 50;
CREATE TABLE lost AS WITH d AS (DELETE FROM candle_data c USING stretch s WHERE c.instrument_id = s.instrument_id AND c.timeframe = s.timeframe AND c.ts BETWEEN s.first AND s.last AND c.source = 'h' RETURNING c.*)
    SELECT DISTINCT instrument_id, timeframe, ts::date AS date FROM d" >/dev/null
run backfill --from 2026-06-01
note_asked asked_again
is "$code" 0 "50 stretches are lost, and a run"
wanted="SELECT m.instrument_key, l.timeframe, l.date FROM lost l JOIN instrument_master m USING (instrument_id)"
got="SELECT a.key, CASE a.unit WHEN 'minutes/1' THEN '1m' WHEN 'days/1' THEN '1d' END, s.session_date FROM asked_again a, trading_sessions('NSE', a.first, a.last) s"
is "$(sql "SELECT count(*) FROM (($wanted EXCEPT $got) UNION ALL ($got EXCEPT $wanted)) d")" 0 "asks for exactly their dates"
is "$(sql "SELECT max(times) || ' ' || (SELECT count(*) FROM ($got) g) - (SELECT count(*) FROM ($wanted) w) FROM asked_again")" "1 0" "each once"
is "$(sql "SELECT count(*) FROM ((TABLE before EXCEPT SELECT * FROM candle_data) UNION ALL (SELECT * FROM candle_data WHERE timeframe IN ('1m', '1d') EXCEPT TABLE before)) d")" 0 "and everything is as before"

# What the provider did not have is asked for again only after a while.
sql "UPDATE candle_coverage SET checked_at = checked_at - interval '31 days' WHERE state = 'no_data' AND instrument_id = instrument_id('NIFTY')" >/dev/null
is "$(sql "SELECT count(*) > 0 FROM ranges_to_request(instrument_id('NIFTY'), '1m', '2026-06-01')")" t "confirmed holes are asked for again after 30 days"
is "$(sql "SELECT count(*) FROM ranges_to_request(instrument_id('NIFTY'), '1m', '2026-06-01', retry_no_data_after => '90 days')")" 0 "or when one says"

# From psql: a plan without a loader, then with one.
run backfill --from 2026-06-01
sql "DELETE FROM candle_data WHERE timeframe = '1m' AND instrument_id = instrument_id('NIFTY') AND ts::date = '2026-09-15'" >/dev/null
said=$(psql -X -q -c "SET client_min_messages = notice" -c "CALL backfill()" -c "CALL backfill(ARRAY['NIFTY'], from_date => '2026-09-01')" 2>&1)
is "$(grep -o '[0-9]* requests queued' <<<"$said" | paste -sd' ')" "0 requests queued 1 requests queued" "CALL backfill() queues what is missing"
psql -X -q -c "SET client_min_messages = notice" -c "CALL backfill(ARRAY['NIFTY'], from_date => '2026-09-01', wait => true)" >waited 2>&1 &
waiting=$!
await grep -q 'no loader is at work' waited
"$loader" run >run.log 2>&1 &
daemon=$!
wait $waiting
said=$(cat waited)
like "$(paste -sd' ' <<<"$said")" "1 requests done, 0 failed, 0 candles; no loader is at work: start .pgcandle run." "with wait it says that nobody fetches"
like "$(paste -sd' ' <<<"$said")" "requests done, 0 failed, 375 candles" "and reports how pgcandle run does it"
is "$(sql "SELECT count(*) FROM candle_data WHERE timeframe = '1m' AND instrument_id = instrument_id('NIFTY') AND ts::date = '2026-09-15'")" 375 "and it is there"
kill -TERM $daemon; wait $daemon
is "$?" 0 "SIGTERM ends the daemon with 0"
is "$(sql "SELECT count(*) FROM sync_job WHERE state = 'running'")" 0 "and leaves nothing claimed"
said=$(psql -X -q -c "CALL backfill(from_date => '2026-10-02', to_date => '2026-10-01')" 2>&1)
like "$said" "ends before it begins" "an impossible range"

# A token that is refused: the daemon waits, says so, and goes on with a new one.
unset UPSTOX_ACCESS_TOKEN
start_replay --limits none --holes 0.05 --token right-token
(umask 077; echo '{"access_token":"wrong-token"}' >"$PGCANDLE_TOKEN_FILE")
sql "DELETE FROM candle_data WHERE timeframe = '1m' AND instrument_id = instrument_id('NIFTY') AND ts::date = '2026-09-16'; SELECT plan_backfill('{NIFTY}', '{1m}', '2026-09-01', '2026-09-30')" >/dev/null
"$loader" run >run.log 2>&1 &
daemon=$!
alert="SELECT count(*) FROM sync_alert WHERE kind = 'token_expired' AND cleared_at IS NULL"
await answers "$alert" 1
is "$(sql "$alert") $(sql "SELECT count(*) > 0 FROM sync_job WHERE kind = 'candles' AND state IN ('queued', 'running')")" "1 t" "a refused token: an alert, and the work waits"
# Time in which it could; once for each job is what it may, whenever it gets to it.
sleep 2
refused=$(replay stats | jq .requests)
jobs=$(sql "SELECT count(*) FROM sync_job
            WHERE kind NOT IN ('instruments', 'indicators') AND state IN ('queued', 'running')")
ok $((refused > jobs)) "without asking over and over: $refused requests for $jobs jobs"
(umask 077; echo '{"access_token":"right-token"}' >"$PGCANDLE_TOKEN_FILE.new"; mv "$PGCANDLE_TOKEN_FILE.new" "$PGCANDLE_TOKEN_FILE")
await answers "$alert" 0
await answers "SELECT count(*) FROM sync_job WHERE kind = 'candles' AND state IN ('queued', 'running')" 0
is "$(sql "$alert") $(sql "SELECT count(*) FROM candle_data WHERE timeframe = '1m' AND instrument_id = instrument_id('NIFTY') AND ts::date = '2026-09-16'")" "0 375" "with a new token it catches up"
kill -TERM $daemon; wait $daemon
is "$(grep -c 'right-token\|wrong-token' run.log)" 0 "tokens are not logged"
rm "$PGCANDLE_TOKEN_FILE"
export UPSTOX_ACCESS_TOKEN=x

# A bad day of the provider's is an alert, a good one clears it.
start_replay --limits none --faults server_error=0.4
PGCANDLE_BACKOFF=5 run backfill --timeframes 1d --days 5 --force
PGCANDLE_BACKOFF=5 run backfill --from 2026-06-01 --timeframes 1m --force
like "$(sql "SELECT message FROM sync_alert WHERE kind = 'error_rate' AND cleared_at IS NULL")" "% of [0-9]+ requests got no usable answer" "many errors are an alert"
start_replay --limits none
run backfill --from 2026-06-01 --timeframes 1m --force
is "$(sql "SELECT count(*) FROM sync_alert WHERE kind = 'error_rate' AND cleared_at IS NULL")" 0 "until there are few"

# Two loaders on one queue.
new_database loader_sync_two
start_replay --limits none
run instruments
run watch add "${symbols[@]}" NIFTY
replay reset -d '' >/dev/null
# The limit stops whoever is first until both are at work; then the log is emptied until they have ended.
sql "DELETE FROM request_log" >/dev/null
"$loader" backfill --from 2026-01-01 --timeframes 1m,1d --limits 30/1h >one.log 2>&1 &
one=$!
"$loader" backfill --from 2026-01-01 --timeframes 1m,1d --limits 30/1h >two.log 2>&1 &
two=$!
await answers "SELECT count(DISTINCT leased_by) FROM sync_job WHERE state = 'running'" 2
while kill -0 $one 2>/dev/null || kill -0 $two 2>/dev/null; do
    sql "DELETE FROM request_log" >/dev/null
    sleep 0.05
done
wait $one
is "$?" 0 "one of two loaders"
wait $two
is "$?" 0 "the other"
is "$(replay stats | jq -c '[(.candles | length), ([.candles[]] | max)]')" "[117,1]" "no range is asked for twice"
is "$(grep -ho '[0-9]* requests done' one.log two.log | awk '{ n += $1; if ($1 > 10) m++ } END { print n, m }')" "117 2" "and both did their share"
done_testing
