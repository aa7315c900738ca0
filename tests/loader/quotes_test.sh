#!/usr/bin/env bash
# Last prices: one row per instrument and minute, refused and missing keys, the watchlist; and status.
. "$(dirname "$0")/loader.sh"
new_database loader_quotes
start_replay --limits none --token right
export UPSTOX_ACCESS_TOKEN=right
run ltp --once
like "$code $output" "^2 .*watchlist is empty" "nothing to ask for"
run instruments
mapfile -t symbols < <(sql "SELECT segment || ':' || trading_symbol FROM instrument_master ORDER BY 1")
run watch add "${symbols[@]}"
is "$code" 0 "${#symbols[@]} instruments are watched"
is "$("$loader" watch list | wc -l)" "${#symbols[@]}" "and listed"
run watch add NSE_EQ:TCS --timeframes 1d,1m
is "$(sql "SELECT timeframes FROM watchlist WHERE instrument_id = instrument_id('TCS')")" "{1d,1m}" "with timeframes of one's own"
run watch add NSE_EQ:TCS --timeframes 60m
is "$code" 2 "which must be timeframes"
run watch remove NSE_EQ:WIPRO
is "$code $(sql "SELECT count(*) FROM watchlist")" "0 $((${#symbols[@]} - 1))" "and removed"

replay reset -d '' >/dev/null
run ltp --once
is "$code" 0 "one round"
before=$(replay stats | jq .requests)
is "$before" 3 "500 keys are too long for this server's address line, so they are halved"
run ltp --once --symbols "$(sql "SELECT string_agg(segment || ':' || trading_symbol, ',') FROM instrument_master WHERE segment = 'NSE_FO'")"
is "$code $(($(replay stats | jq .requests) - before))" "0 1" "483 shorter ones go in one request"
is "$(sql "SELECT count(*) || ' ' || count(DISTINCT ts) || ' ' || min(ts AT TIME ZONE 'Asia/Kolkata') FROM ltp_data")" "$((${#symbols[@]} - 1)) 1 2026-10-30 20:00:00" "a row each, at the minute"
"$root/build/release/candle_market" candles --days-from 2026-10-29 --minutes-from 2026-10-30 --to 2026-10-30 | grep ',1d,' >days.csv
key=$(sql "SELECT instrument_key FROM instrument_master WHERE instrument_id = instrument_id('TCS')")
expected=$(grep "^$key," days.csv | cut -d, -f7 | paste -sd' ' | awk '{ printf "%s %s %.6f %.6f", $2 + 0, $1 + 0, $2 - $1, 100 * ($2 - $1) / $1 }')
is "$(sql "SELECT ltp || ' ' || previous_close || ' ' || round(change::numeric, 6) || ' ' || round(change_percent::numeric, 6) FROM ltp_data WHERE instrument_id = instrument_id('TCS')")" "$expected" "price, previous close, change and percent"
run ltp --once
is "$code $(sql "SELECT count(*) FROM ltp_data")" "0 $((${#symbols[@]} - 1))" "again in the same minute: no further rows"
PGCANDLE_NOW=2026-10-30T20:01:59+05:30 run ltp --once --symbols TCS
is "$code $(sql "SELECT count(*) FROM ltp_data WHERE instrument_id = instrument_id('TCS')")" "0 2" "in the next minute: one more"

sql "INSERT INTO instrument_master (instrument_key, exchange, segment, instrument_type, trading_symbol) VALUES ('NSE_EQ|GONE1', 'NSE', 'NSE_EQ', 'EQ', 'GONE1'), ('NSE_EQ|GONE2', 'NSE', 'NSE_EQ', 'EQ', 'GONE2')" >/dev/null
run watch add GONE1 GONE2
sql "TRUNCATE ltp_data" >/dev/null
run ltp --once --limits 1000/1s
like "$code $output" "^1 .*refused=.(GONE1,GONE2|GONE2,GONE1)" "refused keys are found among the others and named"
is "$(sql "SELECT count(*) FROM ltp_data")" "$((${#symbols[@]} - 1))" "and the others are stored"
replay faults -d "hidden_error=0.3,malformed=0.2" >/dev/null
sql "TRUNCATE ltp_data" >/dev/null
run ltp --once --limits 1000/1s --attempts 20 --backoff 10
is "$(sql "SELECT count(*) FROM ltp_data")" "$((${#symbols[@]} - 1))" "under faults, too"
replay faults -d "" >/dev/null
UPSTOX_ACCESS_TOKEN=wrong run ltp --once
like "$code $output" "^3 .*UDAPI100050" "a wrong token"
UPSTOX_ACCESS_TOKEN='' run ltp --once
like "$code $output" "^3 .*pgcandle login" "no token"
set_clock 2026-10-30T20:02:00+05:30
PGCANDLE_NOW=@$clock "$loader" ltp --symbols TCS >rounds.log 2>&1 &
rounds_are() { [ "$(wc -l <rounds.log)" = "$1" ]; }
await rounds_are 1
set_clock 2026-10-30T20:03:00+05:30
await rounds_are 2
kill -TERM $!
wait $!
is "$? $(uniq -c rounds.log | xargs)" "0 2 1 prices stored, 0 missing, 0 refused, 0 errors" \
    "without --once it goes on, a round a minute, until it is stopped"
is "$(sql "SELECT string_agg(to_char(ts AT TIME ZONE 'Asia/Kolkata', 'HH24:MI'), ' ' ORDER BY ts) FROM ltp_data
           WHERE instrument_id = instrument_id('TCS') AND ts > '2026-10-30 20:00+05:30'")" "20:02 20:03" \
    "each for its minute"

run status
is "$code" 0 "status"
like "$output" "587 active" "counts the instruments"
is "$("$loader" status --json | jq -c '[.watched, (.ltp.instruments > 500), (.requests.last_30_minutes > 5)]')" "[$((${#symbols[@]} + 1)),true,true]" "status --json"
psql -X -q -d postgres -c "DROP DATABASE loader_quotes" -c "CREATE DATABASE loader_bare"
PGDATABASE=loader_bare run status
like "$code $output" "^1 .*no extension pg_candle.*pgcandle init" "without the extension"
run --db "host=/nowhere" status
is "$code" 5 "without a database"
PGDATABASE=loader_bare run init
is "$code" 0 "init makes both"
PGDATABASE=loader_bare run init
is "$code" 0 "and may be called again"
psql -X -q -d postgres -c "DROP DATABASE loader_bare"
done_testing
