#!/usr/bin/env bash
# Candle files in and out: every layout of ../shared, bad rows, damaged files, round trips.
. "$(dirname "$0")/loader.sh"
new_database loader_files
candles=$SHARED_DATA/candles
sql "INSERT INTO instrument_master (instrument_key, exchange, segment, instrument_type, trading_symbol) VALUES ('NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE'), ('NSE_EQ|2', 'NSE', 'NSE_EQ', 'EQ', 'TWO')" >/dev/null

printf 'ts,open,high,low,close,volume\n2026-01-01T09:15:00+05:30,1,2,0.5,1.5,10\n2026-01-01T09:17:00+05:30,1,2,0.5,1.5,\n2026-01-01T09:16:00+05:30,1,2,0.5,1.5,-7\n' >ONE.csv
run import ONE.csv
like "$code $output" "^0 .*1m, 3 rows: 3 inserted.*negative volume" "a file named by its symbol, its timeframe seen from its times"
is "$(sql "SELECT string_agg(source || extract(minute FROM ts) || coalesce(volume, -1), ' ' ORDER BY ts) FROM candle_data")" "f4510 f46-1 f47-1" "source f, in order"
run import ONE.csv
like "$code $output" "^0 .*0 inserted, 0 updated, 3 equal" "again: nothing is written"
sed 's/,10$/,11/' ONE.csv | gzip >two.csv.gz
run import --symbol ONE two.csv.gz
like "$code $output" "^0 .*1 updated, 2 equal" "corrected and packed, under another name"
printf 'Symbol,Date,Time,Open,High,Low,Close\nONE,2026-01-02,09:15,1,1,1,1\nTWO,2026-01-02,09:15,2,2,2,2\nTWO,2026-01-02,09:20,2,1,2,2\nTWO,2026-01-02,09:25,x,2,2,2\nTWO,2026-01-02,09:25,2,2,2,2\nTWO,2026-01-02,09:25,3,3,3,3\n' >both.csv
run import both.csv --timeframe 5m
like "$code $output" "^0 .*5m, 6 rows: 3 inserted.*1 x a price is no number.*1 x duplicate start.*1 x (open|low)" "several symbols; bad rows are left out by reason"
is "$(sql "SELECT open FROM candle_data WHERE timeframe = '5m' AND ts = '2026-01-02 09:25+05:30'")" 3 "of duplicates the last row stays"
before=$(sql "SELECT count(*) FROM candle_data")
{ cat ONE.csv; for i in $(seq 30000); do echo "2026-01-03T09:$((i % 60)):00+05:30,1,2,0.5,1.5,$i"; done; } | gzip >ok.csv.gz
head -c $(($(stat -c %s ok.csv.gz) - 100)) ok.csv.gz >cut.csv.gz
run import --symbol TWO cut.csv.gz
like "$code $output" "^1 .*cut off" "a truncated file"
run import NOSUCH.csv
is "$code" 1 "no file"
cp ONE.csv NOSUCH.csv
run import NOSUCH.csv
like "$code $output" "^1 .*instrument .NOSUCH. does not exist" "no instrument"
printf 'a,b\n1,2\n' >bad.csv
run import --symbol ONE bad.csv
like "$code $output" "^1 .*does not name the column ts open" "no candle file"
is "$(sql "SELECT count(*) FROM candle_data")" "$before" "leave nothing behind"
run import NOSUCH.csv --create --segment BSE_EQ
is "$code $(sql "SELECT instrument_key || ' ' || exchange FROM instrument_master WHERE trading_symbol = 'NOSUCH'")" "0 BSE_EQ|NOSUCH BSE" "--create adds the instrument"
run import bad.csv ONE.csv
is "$code" 1 "one bad file of two: the other is loaded, the exit code tells"
sql "UPDATE candle_data SET source = 'h', close = 0.75 WHERE instrument_id = instrument_id('ONE') AND timeframe = '1m' AND volume = 10" >/dev/null
run import --symbol ONE ONE.csv
like "$output" "1 kept as the provider has them" "the provider's candles stay"
run import --symbol ONE ONE.csv --replace
like "$output" "1 updated" "unless --replace"

run export --symbols ONE --timeframe 1m -o out.csv
is "$code $(head -2 out.csv | tail -1)" "0 2026-01-01T09:15:00+05:30,1,2,0.5,1.5,10," "export writes the same columns"
run export --symbols ONE,TWO --timeframe 5m -o out.csv.gz
is "$(zcat out.csv.gz | head -1) $(zcat out.csv.gz | wc -l)" "symbol,ts,open,high,low,close,volume,oi 4" "several symbols, packed"
fingerprint() { sql "SELECT md5(string_agg(ts || ' ' || open || ' ' || high || ' ' || low || ' ' || close || ' ' || coalesce(volume, -1), ',' ORDER BY instrument_id, timeframe, ts)) FROM candle_data WHERE timeframe = '$1'"; }
five=$(fingerprint 5m)
sql "DELETE FROM candle_data WHERE timeframe = '5m'" >/dev/null
run import out.csv.gz --timeframe 5m
is "$(fingerprint 5m)" "$five" "and import reads them back"
sql "SELECT compute_indicators()" >/dev/null
run export --symbols ONE --timeframe 1m --indicators
like "$output" "^ts,bars,sma_9,.* 2026-01-01T09:15:00\+05:30,1," "indicators, too"

printf '{"status":"success","data":{"candles":[["2026-02-02T00:00:00+05:30",1,2,1,2,5,7],["2026-01-30T00:00:00+05:30",1,1,1,1,5,0],["2026-01-29T00:00:00+05:30",3,1,1,1,5,0]]}}' >body.json
run import --symbol TWO body.json
like "$code $output" "^0 .*1d, 3 rows: 2 inserted.*low is above|^0 .*1d, 3 rows: 2 inserted.*open is outside" "a bare body"
printf '{"status":"error","errors":[{"error_code":"UDAPI1148","message":"Invalid date range"}]}' >error.json
run import --symbol TWO error.json
like "$code $output" "^1 .*records an error: Invalid date range" "a recorded error"

if [ -d "$candles" ]; then
    new_database loader_files
    run import --create "$SHARED_DATA"/upstox/responses/historical_candles/niftybees_daily_30d.json
    is "$code $(sql "SELECT min(instrument_key) || ' ' || min(timeframe) || ' ' || count(*) FROM candle_data JOIN instrument_master USING (instrument_id)")" "0 NSE_EQ|INF204KB14I2 1d 20" "a recorded response names its instrument"
    run import --create --symbol NIFTYBEES "$SHARED_DATA/upstox/responses/intraday_1minute_2024-06-10.json"
    like "$code $output" "^0 .*1m" "a recorded V2 body"
    run import --create --segment NSE_EQ "$candles"/minute-2016/*.csv.gz
    is "$(sql "SELECT count(*) FROM candle_data WHERE ts < '2017-01-01'")" 1194750 "all of minute-2016"
    for symbol in INFY RELIANCE 'M&M' PAGEIND 'NIFTYPSU BANK'; do
        id=$(sql "SELECT instrument_id FROM instrument_master WHERE trading_symbol = '$symbol'")
        sorted=$(sql "SELECT md5(string_agg(ts || ' ' || open || ' ' || close || ' ' || volume, ',' ORDER BY ts)) FROM candle_data WHERE instrument_id = $id AND volume > 0")
        sql "DELETE FROM candle_data WHERE instrument_id = $id" >/dev/null
        run import "$candles/minute-2016-raw/$symbol.csv.gz"
        is "$code $(sql "SELECT md5(string_agg(ts || ' ' || open || ' ' || close || ' ' || volume, ',' ORDER BY ts)) FROM candle_data WHERE instrument_id = $id AND volume > 0")" "0 $sorted" "minute-2016-raw $symbol, unsorted and with blanks"
    done
    run import --create "$candles"/daily-2017-2022/{INFY,SBIN}.csv.gz
    like "$code $output" "^0 .*: 1d, .*: 1d, " "daily files"
    run import --create --symbol NIFTY --segment NSE_INDEX "$candles"/index-minute/NIFTY-2016.csv.gz
    like "$code $output" "^0 .*duplicate start" "index minutes with a doubled month"
    run import --create "$candles"/illiquid-2015/*.csv.gz
    is "$code" 0 "minutes with holes"
else
    echo "# skipped: no candle files at $candles"
fi
psql -X -q -d postgres -c "DROP DATABASE loader_files" 2>/dev/null
done_testing
