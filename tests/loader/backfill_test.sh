#!/usr/bin/env bash
# Backfill over real HTTP: what is stored, what is asked, how fast, and what two loaders do at once.
. "$(dirname "$0")/loader.sh"
new_database loader_backfill
start_replay --limits 10/1s,25/3s,50/8s
limits=(--limits 10/1s,25/3s,50/8s)
export PGCANDLE_BACKOFF=500  # in proportion to those
export UPSTOX_ACCESS_TOKEN=a-secret-token
run instruments --limits none,1
is "$code" 2 "wrong limits are a usage error"
run instruments
symbols=$(sql "SELECT string_agg('NSE_EQ:' || trading_symbol, ',' ORDER BY trading_symbol) FROM (SELECT trading_symbol FROM instrument_master WHERE segment = 'NSE_EQ' ORDER BY 1 LIMIT 20) s")

# What the server holds, by other means: 20 instruments, 3 months of 1m, 5 years of 1d.
"$root/build/release/candle_market" candles --days-from 2021-10-30 --minutes-from 2026-07-01 --to 2026-10-29 >market.csv
truth() { # CONDITION-ON-TIMEFRAME-AND-DATE (awk)
    sql "COPY (SELECT instrument_key, instrument_id FROM instrument_master WHERE segment = 'NSE_EQ' ORDER BY trading_symbol LIMIT 20) TO STDOUT CSV" >ids.csv
    awk -F, -v OFS=, -v CONVFMT=%.10g -v OFMT=%.10g 'NR == FNR { id[$1] = $2; next } ($1 in id) && ('"$1"') { print id[$1], $2, $3, $4 + 0, $5 + 0, $6 + 0, $7 + 0, $8 }' ids.csv market.csv | LC_ALL=C sort | md5sum
}
stored() {
    sql "COPY (SELECT instrument_id, timeframe, to_char(ts AT TIME ZONE 'Asia/Kolkata', 'YYYY-MM-DD\"T\"HH24:MI:SS\"+05:30\"'), open, high, low, close, volume
        FROM candle_data) TO STDOUT CSV" | LC_ALL=C sort | md5sum
}
asked() { replay stats | jq -r '.candles | length'; }
replay reset -d '' >/dev/null
sql "DELETE FROM request_log" >/dev/null
run backfill --symbols "$symbols" --timeframes 1m --from 2026-07-01 --to 2026-09-30 "${limits[@]}" --report minutes.json
is "$code" 0 "three months of 1m"
run backfill --symbols "$symbols" --timeframes 1d --from 2021-10-30 --to 2026-10-29 "${limits[@]}" --report days.json
is "$code" 0 "five years of 1d"
is "$(stored)" "$(truth '$2 == "1d" || $3 < "2026-10-01"')" "exactly what the server holds is stored"
is "$(replay stats | jq -c '[.requests, .too_many]')" "[80,0]" "80 requests, no 429"
is "$(jq -c '[.complete, .requests.done, .candles.inserted, .http.too_many_requests]' minutes.json)" "[true,60,$(sql "SELECT count(*) FROM candle_data WHERE timeframe = '1m'"),0]" "the report says so"
echo "# minutes: $(jq -r '"\(.seconds) s, least \(.http.least_seconds) s"' minutes.json); days: $(jq -r '"\(.seconds) s, least \(.http.least_seconds) s"' days.json)"
is "$(sql "SELECT DISTINCT source FROM candle_data")" h "they are historical"
is "$(sql "SELECT count(*) || ' ' || sum(rows) || ' ' || min(state) || ' ' || max(state) FROM candle_coverage")" "40 $(sql "SELECT count(*) FROM candle_data") filled filled" \
    "coverage: one merged range a series, with its rows"

replay reset -d '' >/dev/null
run backfill --symbols "$symbols" --timeframes 1m,1d --from 2026-07-01 --to 2026-09-30
is "$code $(asked)" "0 0" "again: nothing is asked for"
sql "DELETE FROM candle_data WHERE ctid IN (SELECT ctid FROM candle_data WHERE timeframe = '1m' AND instrument_id = (SELECT min(instrument_id) FROM candle_data) AND ts::date = '2026-08-12' LIMIT 3)" >/dev/null
run backfill --symbols "$symbols" --timeframes 1m --from 2026-08-01 --to 2026-08-31
is "$code $(asked)" "0 1" "after three candles were lost, their date is asked for"
is "$(stored)" "$(truth '$2 == "1d" || $3 < "2026-10-01"')" "and all is there again"
sql "UPDATE candle_data SET close = low WHERE timeframe = '1d' AND ts >= '2026-10-01'; ALTER TABLE candle_data ADD COLUMN written xid8 DEFAULT pg_current_xact_id(); UPDATE candle_data SET written = NULL" >/dev/null
run backfill --symbols "$symbols" --timeframes 1d --from 2026-09-01 --to 2026-10-29 --force --report again.json
is "$(jq -c '[.candles.inserted, .candles.updated > 300]' again.json)" "[0,true]" "--force asks again and corrects"
is "$(stored)" "$(truth '$2 == "1d" || $3 < "2026-10-01"')" "to what the server holds"
sql "CREATE TABLE before AS SELECT ctid AS place, instrument_id, timeframe, ts FROM candle_data" >/dev/null
run backfill --symbols "$symbols" --timeframes 1d --from 2026-09-01 --to 2026-10-29 --force
is "$(sql "SELECT count(*) FROM before b JOIN candle_data c USING (instrument_id, timeframe, ts) WHERE c.ctid <> b.place")" 0 "equal rows are not rewritten"
sql "DROP TABLE before; ALTER TABLE candle_data DROP COLUMN written" >/dev/null

# The running day, and what overrules it.
one=$(sql "SELECT instrument_id FROM instrument_master WHERE trading_symbol = 'RELIANCE' AND segment = 'NSE_EQ'")
of_source() { sql "SELECT count(*) FROM candle_data WHERE instrument_id = $one AND source = '$1'"; }
run backfill --symbols RELIANCE --timeframes 1m --days 1 --limits 50/1s
is "$code $(of_source i) $(of_source h)" "0 375 0" "today's candles are intraday ones"
is "$(sql "SELECT count(*) FROM candle_coverage WHERE instrument_id = $one")" 0 "and teach nothing"
start_replay --limits none --today 2026-10-31
replay reset -d '' >/dev/null
PGCANDLE_NOW=2026-10-31T07:04:00+05:30 run backfill --symbols RELIANCE --timeframes 1m --from 2026-10-30 --to 2026-10-30 --limits 50/1s
is "$code $(of_source i) $(of_source h) $(asked)" "0 375 0 0" "before 07:05 nothing is final, and nothing asked for"
PGCANDLE_NOW=2026-10-31T07:05:00+05:30 run backfill --symbols RELIANCE --timeframes 1m --from 2026-10-30 --to 2026-10-30 --limits 50/1s
is "$code $(of_source i) $(of_source h)" "0 0 375" "then they become historical, though equal"
PGCANDLE_NOW=2026-11-02T07:05:00+05:30 run backfill --symbols RELIANCE --timeframes 1m,1w --from 2026-10-30 --to 2026-11-01 --limits 50/1s
is "$(sql "SELECT timeframe || ' ' || state || ' ' || rows || ' ' || (to_ts AT TIME ZONE 'Asia/Kolkata') FROM candle_coverage WHERE instrument_id = $one ORDER BY timeframe")" $'1m filled 375 2026-10-31 00:00:00\n1w filled 1 2026-11-02 00:00:00' "the week is known on Monday"
run backfill --symbols RELIANCE --timeframes 1m --from 2026-10-24 --to 2026-10-25 --limits 50/1s
is "$code $(sql "SELECT count(*) FROM candle_coverage WHERE instrument_id = $one AND timeframe = '1m'")" "0 1" "nobody asks for a weekend"
run backfill --symbols RELIANCE --timeframes 1m --from 2026-10-24 --to 2026-10-25 --limits 50/1s --force --report empty.json
is "$(sql "SELECT state || ' ' || rows FROM candle_coverage WHERE instrument_id = $one AND timeframe = '1m' AND from_ts < '2026-10-26'")" "no_data 0" "unless it is forced, and then it has no data"
is "$(jq '.series[0].empty' empty.json)" 1 "the report counts it"

# Errors.
sql "INSERT INTO instrument_master (instrument_key, exchange, segment, instrument_type, trading_symbol) VALUES ('NSE_EQ|GONE', 'NSE', 'NSE_EQ', 'EQ', 'GONE')" >/dev/null
run backfill --symbols GONE,RELIANCE --timeframes 1m --from 2026-05-01 --to 2026-09-30 --limits 50/1s --report errors.json
is "$code" 1 "an unknown key fails the run"
is "$(jq -c '[.series[] | [.symbol, .failed > 0, .candles.inserted > 0]] | sort' errors.json)" '[["GONE",true,false],["RELIANCE",false,true]]' "but the others go on"
like "$(sql "SELECT error FROM candle_coverage WHERE state = 'failed' LIMIT 1")" "Invalid Instrument key \(UDAPI100011, HTTP 400\)" "what the provider said is in the coverage"
is "$(replay stats | jq '[.requests, .too_many][0] < 30')" true "a 4xx is not retried, and the key not asked again"
start_replay --limits none --token right-token
run backfill --symbols TCS --timeframes 1m --days 5
like "$code $output" "^3 .*UDAPI100050.*pgcandle login" "a refused token exits 3"
[[ $output != *a-secret-token* ]]
ok $? "without showing it"
run backfill --symbols NOSUCH
like "$code $output" "^1 .*instrument .NOSUCH. does not exist" "an unknown symbol"
for arguments in "--from 2026-13-01" "--timeframes 7x" "--timeframes 6h" "--from 2026-10-02 --to 2026-10-01" "--days 0" "--nonsense"; do
    run backfill --symbols TCS $arguments
    is "$code" 2 "a usage error: $arguments"
done

# Two loaders on one database share the limits.
new_database loader_two
start_replay --limits 10/1s,25/3s
unset UPSTOX_ACCESS_TOKEN
run instruments
sql "DELETE FROM request_log" >/dev/null
replay reset -d '' >/dev/null
"$loader" backfill --symbols RELIANCE,TCS,INFY --timeframes 1m --from 2026-02-01 --to 2026-09-30 --limits 10/1s,25/3s >one.log 2>&1 &
"$loader" backfill --symbols ITC,WIPRO,SBIN --timeframes 1m --from 2026-02-01 --to 2026-09-30 --limits 10/1s,25/3s >two.log 2>&1
is "$?" 0 "one of two loaders"
wait $!
is "$?" 0 "the other"
is "$(replay stats | jq -c '[.requests, .too_many]')" "[48,0]" "together they keep the limits"

# Interrupted softly. The limit lets it do a tenth only.
sql "DELETE FROM request_log" >/dev/null
"$loader" backfill --symbols NIFTY --timeframes 1m --from 2022-01-03 --to 2026-09-30 --limits 5/1h >soft.log 2>&1 &
await answers "SELECT count(*) > 0 FROM candle_coverage WHERE instrument_id = instrument_id('NIFTY')" t
kill -TERM $!
wait $!
is "$?" 0 "SIGTERM ends it with 0"
like "$(cat soft.log)" "Interrupted: what was stored stays" "after what is in flight"
is "$(sql "SELECT sum(rows) = (SELECT count(*) FROM candle_data WHERE instrument_id = c.instrument_id) FROM candle_coverage c WHERE instrument_id = instrument_id('NIFTY') GROUP BY instrument_id")" t "and coverage tells what is there"
psql -X -q -d postgres -c "DROP DATABASE loader_backfill" -c "DROP DATABASE loader_two" 2>/dev/null
done_testing
