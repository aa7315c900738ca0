#!/usr/bin/env bash
# The instrument master: what a sync adds, changes, deactivates, refuses.
. "$(dirname "$0")/loader.sh"
new_database loader_instruments

record() { # SEGMENT KEY SYMBOL [MORE]
    printf '{"segment":"%s","exchange":"%s","instrument_type":"EQ","instrument_key":"%s|%s","trading_symbol":"%s","lot_size":1,"tick_size":10.0%s}' "$1" "${1%%_*}" "$1" "$2" "$3" "${4:-}"
}
future() { # TOKEN MILLISECONDS [MORE]
    printf '{"segment":"NSE_FO","exchange":"NSE","instrument_type":"FUT","instrument_key":"NSE_FO|%s","trading_symbol":"X FUT %s","expiry":%s,"underlying_key":"NSE_EQ|1","underlying_symbol":"X","tick_size":5.0,"minimum_lot":75%s}' "$1" "$1" "$2" "${3:-}"
}
option() { # TOKEN MILLISECONDS STRIKE
    printf '{"segment":"NSE_FO","exchange":"NSE","instrument_type":"CE","instrument_key":"NSE_FO|%s","trading_symbol":"X %s CE","expiry":%s,"strike_price":%s,"lot_size":50,"weekly":true,"underlying_symbol":"X","underlying_key":"NSE_EQ|1"}' "$1" "$3" "$2" "$3"
}
file() { local IFS=,; printf '[%s]' "$*"; }
sync() { run instruments --json --file "$@"; counts=$(jq -c '[.added,.changed,.deactivated,.reactivated,.errors]' <<<"$output" 2>/dev/null); }
november=1764008999000 december=1767119399000  # 2025-11-24 and 2025-12-30, 23:59:59 in India

file "$(record NSE_EQ 1 ONE)" "$(record NSE_EQ 2 TWO ',"isin":"INE1","name":"Two  ","short_name":"T","mtf_enabled":true')" "$(record NSE_EQ 3 THREE)" \
    "$(record MCX_FO 9 GOLD)" "$(future 7 $november)" "$(option 8 $november 100.50)" >a.json
sync a.json
is "$code $counts" "0 [6,0,0,0,0]" "a first file is added"
is "$(sql "SELECT tick_size || ' ' || name || ' ' || details FROM instrument_master WHERE trading_symbol = 'TWO'")" '0.1 Two {"short_name": "T", "mtf_enabled": true}' "paise become rupees, blanks go, other fields stay"
is "$(sql "SELECT underlying || ' ' || expiry_date || ' ' || lot_size FROM future_master")" "X 2025-11-24 75" "a future, with minimum_lot as its lot"
is "$(sql "SELECT strike_price || ' ' || option_type || ' ' || lot_size || ' ' || weekly FROM option_master")" "100.5 CE 50 true" "an option"
sync a.json
is "$code $counts" "0 [0,0,0,0,0]" "the same file again changes nothing"
gzip -c a.json >a.gz
sync a.gz
is "$code $counts" "0 [0,0,0,0,0]" "nor does it packed"
sync - <a.json
is "$code $counts" "0 [0,0,0,0,0]" "nor from standard input"

file "$(record NSE_EQ 1 RENAMED)" "$(record NSE_EQ 2 TWO ',"isin":"INE1","name":"Two","short_name":"T","mtf_enabled":true')" "$(future 7 $december)" "$(option 8 $november 50.25)" >b.json
sync b.json
is "$code $counts" "0 [1,2,2,0,0]" "a rename, a re-struck option, a key that means another contract now, a vanished stock"
is "$(sql "SELECT string_agg(expiry_date || ' ' || is_active, ', ' ORDER BY expiry_date) FROM instrument_master WHERE instrument_key = 'NSE_FO|7'")" \
    "2025-11-24 false, 2025-12-30 true" "the key is there twice, the old contract inactive"
is "$(sql "SELECT strike_price FROM option_master")" "50.25" "the option has its new strike"
is "$(sql "SELECT is_active FROM instrument_master WHERE segment = 'MCX_FO'")" t "a segment that the file lacks is left alone"
sync a.json
is "$code $counts" "0 [0,2,1,2,0]" "what returns is active again, under its old id"
is "$(sql "SELECT count(*) FROM instrument_master")" 7 "nothing was deleted"

before=$(sql "SELECT md5(string_agg(m::text, '' ORDER BY instrument_id)) FROM instrument_master m")
unchanged() { is "$(sql "SELECT md5(string_agg(m::text, '' ORDER BY instrument_id)) FROM instrument_master m")" "$before" "$1: nothing changed"; }
file "$(record NSE_EQ 1 ONE)" >one.json
sync one.json
is "$code" 1 "more than half of a segment vanishing is refused"
like "$output" "NSE_EQ \(2 of 3\).*--force" "with the segment and what helps"
unchanged "refused"
head -c 300 a.json >cut.json
sync cut.json
like "$code $output" "^1 .*ends before its array" "a truncated file"
head -c $(($(stat -c %s a.gz) - 30)) a.gz >cut.gz
sync cut.gz
like "$code $output" "^1 .*cut off" "a truncated gzip"
printf '{}' >object.json
sync object.json
is "$code" 1 "something else"
printf '[]' >empty.json
sync empty.json
is "$code" 1 "no record"
unchanged "truncated, other and empty files"
file "$(record NSE_EQ 1 ONE)" "$(record NSE_EQ 2 TWO)" "$(record NSE_EQ 3 THREE)" "$(record BSE_EQ 1 ONE)" >no_derivatives.json
sync no_derivatives.json --force
like "$code $output" "^1 .*no F&O instrument" "a complete master without F&O, even with --force"
file "$(record NSE_EQ 1 ONE)" "$(record NSE_EQ 2 TWO)" '{"segment":"NSE_EQ"}' "$(record NSE_EQ 3 THREE)" >bad.json
sync bad.json
like "$code $output" "^1 .*1 of 4 records are unusable.*record 3 at byte [0-9]+" "more than 5 % bad records"
unchanged "too many bad records"

{ printf '['; for i in $(seq 40); do record NSE_EQ "M$i" "MANY$i"; printf ','; done; printf '{"segment":"NSE_EQ","instrument_key":5},'; record NSE_EQ 1 ONE; printf ','; record NSE_EQ 2 TWO; printf ','; record NSE_EQ 3 THREE; printf ']'; } >some_bad.json
run instruments --file some_bad.json
is "$code" 0 "a bad record among many is skipped"
like "$output" "record 41 at byte [0-9]+" "and logged with its position"

# Records of one instrument that are not the same: the instrument stays what it was.
{ printf '['; for i in $(seq 40); do record NSE_EQ "M$i" "MANY$i"; printf ','; done; record NSE_EQ 1 ONE; printf ','; record NSE_EQ 2 TWO; printf ','; record NSE_EQ 2 SECOND; printf ','; record NSE_EQ 1 ONE; printf ']'; } >differing.json
sync differing.json
like "$code $output" '^0 .*"errors": 2,' "records that contradict each other are both left out: $output"
is "$(sql "SELECT trading_symbol || is_active FROM instrument_master WHERE instrument_key = 'NSE_EQ|2'")" "TWOtrue" "and their instrument stays"

# One at a time.
mkfifo slow
"$loader" instruments --file slow >/dev/null 2>&1 &
exec 3>slow
await answers "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'" 1
sync a.json
is "$code" 4 "a second sync at the same time exits 4"
exec 3>&-
wait $!
is $? 1 "the first one fails on its empty file"

# From the provider.
start_replay --limits none
new_database loader_instruments_url
run instruments
is "$code" 0 "the download works"
is "$(sql "SELECT count(*) FILTER (WHERE segment = 'NSE_FO') > 100 AND count(*) FILTER (WHERE segment = 'NSE_EQ') = 50 FROM instrument_master")" t "and fills the tables"
replay faults -d "cut=1" >/dev/null
run instruments --attempts 3 --backoff 10
like "$code $output" "^1 .*nothing was changed" "a download that is cut off fails after its attempts"
replay faults -d "truncated_gzip=1" >/dev/null
run instruments --attempts 2 --backoff 10
is "$code" 1 "so does a truncated file"
is "$(sql "SELECT bool_and(is_active) FROM instrument_master")" t "and nothing is deactivated"
# A contract that is listed has not expired: an expiry in the past, here in seconds instead of milliseconds, is no move.
replay faults -d "" >/dev/null
curl -sS "$PGCANDLE_ASSETS_URL/market-quote/instruments/exchange/complete.json.gz" | zcat >master.json
contracts() { sql "SELECT md5(string_agg(concat_ws(' ', instrument_id, instrument_key, expiry_date, is_active), ',' ORDER BY 1, 2)) FROM instrument_master"; }
before=$(contracts)
jq -c '(first(.[] | select(.segment == "NSE_FO" and .instrument_type == "CE")) | .expiry) |= . / 1000' master.json >expired.json
run instruments --file expired.json
like "$code $output" "^0 .*expired on 1970-.*1 errors" "an expiry in the past is an error of that record"
is "$(contracts)" "$before" "and the contract is what it was"
psql -X -q -d postgres -c "DROP DATABASE loader_instruments" -c "DROP DATABASE loader_instruments_url" 2>/dev/null
done_testing
