#!/usr/bin/env bash
# Segments: F&O near the money, expired contracts, an account without the plan for them; and what the provider changes of the past.
. "$(dirname "$0")/loader.sh"
new_database loader_segments
sql "ALTER DATABASE loader_segments SET timezone = 'Asia/Kolkata'" >/dev/null
export PGTZ=Asia/Kolkata PGCANDLE_LIMITS=1000/1s UPSTOX_ACCESS_TOKEN=x
asked() { replay stats | jq -r '.candles | length'; }

# In September, contracts are alive that have expired in October.
PGCANDLE_NOW=2026-09-15T20:00:00+05:30 start_replay --limits none --today 2026-09-15
PGCANDLE_NOW=2026-09-15T20:00:00+05:30 run instruments
living=$(sql "SELECT instrument_id || ' ' || instrument_key FROM future_master JOIN instrument_master USING (instrument_id) WHERE underlying = 'NIFTY' AND future_master.expiry_date = '2026-10-27'")
start_replay --limits none
run instruments
run watch add NIFTY RELIANCE --timeframes 1m,1d
run backfill --days 5
is "$code" 0 "what is watched is there"

# F&O around the last price: the future and the nearest two calls and puts on either side, where there are as many.
near=$(sql "SELECT count(*) FROM watchlist w JOIN instrument_master u USING (instrument_id), LATERAL (SELECT close FROM candle_data c WHERE c.instrument_id = u.instrument_id ORDER BY ts DESC LIMIT 1) p,
    LATERAL (SELECT min(expiry_date) AS expiry FROM future_master f WHERE f.underlying_key = u.instrument_key AND expiry_date >= '2026-10-30') e, unnest('{CE,PE}'::text[]) kind, unnest('{-1,1}'::int[]) side,
    LATERAL (SELECT FROM option_master o WHERE o.underlying_key = u.instrument_key AND o.expiry_date = e.expiry AND option_type = kind AND (strike_price >= close::numeric) = (side = 1) ORDER BY abs(strike_price - close::numeric) LIMIT 2) o")
near=$((near + 2))
replay reset -d '' >/dev/null
run sync --segment fo_current --segment indices_bse --expiries 1 --strikes 2 --dry-run
like "$code $output" "^0 GET http://127.0.0.1:[0-9]*/v3/historical-candle/intraday/NSE_FO%7C.* $((4 * near)) requests, at least 0 s under the rate limits; none was made" "a dry run shows the requests"
is "$(asked) $(sql "SELECT count(*) FROM sync_job WHERE state <> 'done'")" "0 0" "and makes and plans none"
run sync --segment fo_current --expiries 1 --strikes 2
is "$code $(sql "SELECT count(DISTINCT instrument_id) FROM sync_job WHERE segment = 'fo_current'")" "0 $near" "two futures, and two strikes on either side of two underlyings"
is "$(sql "SELECT count(*) FROM candle_data c JOIN instrument_master m USING (instrument_id) WHERE segment = 'NSE_FO' AND timeframe = '1m' AND ts::date = '2026-10-28'")" $((near * 385)) "their minutes, to 15:40"
run sync --segment fo_current --expiries 1 --strikes 2
like "$code $output" "^0 0 requests done" "again: nothing"
run sync --status --segment fo_current
like "$output" "fo_current +NIFTY +1m +2026-10-30 +[0-9]+ +2026-10-30 20:00" "the status says so"
run sync --segment equity --days 3 --dry-run
like "$output" " 16 requests" "equity: the stocks that have derivatives"
run sync --segment nonsense
is "$code" 2 "no such segment"

# Expired contracts; older expiries are done already.
sql "INSERT INTO data_sync_status (segment, scope, timeframe, last_success_at) SELECT 'fo_expired', s || ' ' || d::date, '', now() FROM unnest('{NIFTY,RELIANCE}'::text[]) s, generate_series('2024-01-01'::timestamptz, '2026-09-28', '1 day') d" >/dev/null
run sync --segment fo_expired
is "$code" 0 "expired contracts"
is "$(sql "SELECT count(*) || ' ' || min(lot_size) FROM instrument_master WHERE expiry_date = '2026-10-27' AND NOT is_active AND underlying_key = 'NSE_INDEX|Nifty 50'")" "23 65" "found with their lots"
is "$(sql "SELECT instrument_id || ' ' || instrument_key FROM future_master JOIN instrument_master USING (instrument_id) WHERE underlying = 'NIFTY' AND future_master.expiry_date = '2026-10-27'")" "$living" "as the instruments that they were while they lived"
is "$(sql "SELECT count(*) FROM instrument_master WHERE instrument_key LIKE '%|%|%'")" 0 "the dated key is never stored"
is "$(sql "SELECT count(DISTINCT ts::date) > 50 FROM candle_data WHERE instrument_id = ${living% *} AND timeframe = '1m'")" t "with their candles"
is "$(sql "SELECT count(*) FROM data_sync_status WHERE segment = 'fo_expired' AND scope LIKE '%2026-10-27' AND last_success_at IS NOT NULL AND rows > 0")" 2 "progress is kept by expiry"
replay reset -d '' >/dev/null
run sync --segment fo_expired
is "$code $(replay stats | jq .requests)" "0 0" "again on that day: nothing"

# Without the plan.
start_replay --limits none --no-plus
sql "DELETE FROM sync_job WHERE kind = 'expiries'; DELETE FROM candle_data WHERE instrument_id = instrument_id('NIFTY') AND ts >= '2026-10-28' AND ts < '2026-10-29'" >/dev/null
run sync --segment fo_expired --segment indices_nse --days 5
is "$code" 1 "an account without the plan"
is "$(sql "SELECT count(*) FROM candle_data WHERE instrument_id = instrument_id('NIFTY') AND timeframe = '1m' AND ts >= '2026-10-28' AND ts < '2026-10-29'")" 375 "the other segment is done"
like "$(sql "SELECT DISTINCT last_error FROM data_sync_status WHERE segment = 'fo_expired' AND last_error IS NOT NULL")" "exclusively with an Upstox Plus plan.*UDAPI1149" "the message is in the status"
like "$(sql "SELECT string_agg(message, ' ') FROM sync_alert WHERE kind = 'failed_sync'")" "UDAPI1149" "and an alert"
is "$(sql "SELECT count(*) FROM sync_job WHERE segment = 'fo_expired' AND state IN ('queued', 'running')")" 0 "the segment has ended"
run status
like "$output" "alerts.*failed_sync.*UDAPI1149.*fo_expired" "status shows it"
run status --json
is "$(jq -c '[(.alerts | length > 0), (.segments | length > 0), (.runs | length > 0), (.queue.failed > 0)]' <<<"$output")" "[true,true,true,true]" "also as JSON"

# A split: next time, all of it is fetched anew.
key=$(sql "SELECT instrument_key FROM instrument_master WHERE instrument_id = instrument_id('RELIANCE')")
sql "CREATE TABLE before AS SELECT * FROM candle_data WHERE instrument_id = instrument_id('RELIANCE') AND timeframe IN ('1m', '1d') AND source = 'h'" >/dev/null
PGCANDLE_NOW=2026-11-03T20:00:00+05:30 start_replay --limits none --today 2026-11-03 --split "$key=2"
PGCANDLE_NOW=2026-11-03T20:00:00+05:30 run backfill --symbols RELIANCE --days 6 --timeframes 1m,1d
is "$code" 0 "a run after a split"
like "$output" "price_adjusted symbol=\"RELIANCE\" factor=0.(499|500)" "says so"
like "$(sql "SELECT message FROM sync_alert WHERE kind = 'price_adjusted' AND cleared_at IS NOT NULL")" "RELIANCE is on another basis: prices by a factor of 0.(499|500).*fetched anew with [23] requests" "an alert, cleared at the end"
is "$(sql "SELECT count(*) || ' ' || count(*) FILTER (WHERE abs(c.close - b.close / 2) <= 0.051) FROM before b JOIN candle_data c USING (instrument_id, timeframe, ts)")" "$(sql "SELECT count(*) || ' ' || count(*) FROM before")" "all stored history is on the new basis"
PGCANDLE_NOW=2026-11-04T20:00:00+05:30 start_replay --limits none --today 2026-11-04 --split "$key=2"
PGCANDLE_NOW=2026-11-04T20:00:00+05:30 run backfill --symbols RELIANCE --days 6 --timeframes 1m,1d
is "$(sql "SELECT count(*) FROM sync_alert WHERE kind = 'price_adjusted'")" 1 "once"

# A new ISIN: the instrument is looked after under its new key.
curl -s "$PGCANDLE_API_URL/market-quote/instruments/exchange/complete.json.gz" | zcat | sed 's/'"${key#*|}"'/INE999S01020/g' >changed.json
old=$(sql "SELECT instrument_id('RELIANCE')")
PGCANDLE_NOW=2026-11-04T20:00:00+05:30 run instruments --file changed.json --force
[ "$code" = 0 ] || echo "# $output"
new=$(sql "SELECT instrument_id('NSE_EQ|INE999S01020')")
is "$code $(sql "SELECT string_agg(instrument_id::text, ' ') FROM watchlist WHERE instrument_id IN ($old, $new)")" "0 $new" "a changed ISIN: the new key is watched"
is "$(sql "SELECT string_agg(DISTINCT timeframe, ' ') || ' ' || min(from_date) FROM sync_job WHERE instrument_id = $new AND segment = 'correction' AND kind = 'candles'")" "1d 1m 2026-10-25" "what was stored of the old one is queued"
like "$(sql "SELECT message FROM sync_alert WHERE kind = 'isin_changed'")" "RELIANCE has a new ISIN, INE999S01020 after" "and an alert says so"
PGCANDLE_NOW=2026-11-04T20:00:00+05:30 run instruments --file changed.json
is "$(sql "SELECT count(*) FROM sync_alert WHERE kind = 'isin_changed'")" 1 "once"
done_testing
