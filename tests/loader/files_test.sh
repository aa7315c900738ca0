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
is "$code $(head -2 out.csv | tail -1)" "0 2026-01-01T09:15:00+05:30,1,2,0.5,1.5,10,,NSE,NSE_EQ|1" "export writes the same columns, and of what they are"
run export --symbols ONE,TWO --timeframe 5m -o out.csv.gz
is "$(zcat out.csv.gz | head -1) $(zcat out.csv.gz | wc -l)" "symbol,ts,open,high,low,close,volume,oi,exchange,instrument_key 4" "several symbols, packed"
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

# Files as brokers, exchanges and programs write them; each has the same four days or minutes of ONE.
first_of() { sql "SELECT timeframe || ' ' || to_char(ts AT TIME ZONE 'Asia/Kolkata', 'YYYY-MM-DD HH24:MI') || ' ' || concat_ws(' ', open, high, low, close, volume, oi) FROM candle_data WHERE instrument_id = instrument_id('ONE') ORDER BY ts LIMIT 1"; }
reads() { # WHAT TEXT-OF-THE-FILE EXPECTED [OPTION...]
    sql "DELETE FROM candle_data WHERE instrument_id = instrument_id('ONE')" >/dev/null
    printf '%b' "$2" >given.csv
    run import --symbol ONE given.csv "${@:4}"
    is "$code $(first_of)" "0 $3" "$1"
}
minutes='1m 2026-10-28 09:15 100 103 98.5 101.25 1000' days='1d 2026-10-26 00:00 1100 1103 1090.5 1101.25 1234567'
reads "TradingView" 'time,open,high,low,close,Volume,RSI\n1793159100,100,103,98.5,101.25,1000,50\n1793159160,1,1,1,1,1,\n1793159220,1,1,1,1,1,' "$minutes"
like "$output" "columns not read: RSI" "what is not read is named"
reads "Binance" 'Open time,Open,High,Low,Close,Volume,Close time,Number of trades\n1793159100000,100,103,98.5,101.25,1000,1793159159999,5\n1793159160000,1,1,1,1,1,1,1\n1793159220000,1,1,1,1,1,1,1' "$minutes"
reads "Kite" 'date,open,high,low,close,volume,oi\n2026-10-28 09:15:00+05:30,100,103,98.5,101.25,1000,77\n2026-10-28 09:16:00+05:30,1,1,1,1,1,1\n2026-10-28 09:17:00+05:30,1,1,1,1,1,1' "$minutes 77"
reads "Yahoo" 'Date,Open,High,Low,Close,Adj Close,Volume\n2026-10-26,1100,1103,1090.5,1101.25,1000,1234567\n2026-10-27,1,1,1,1,1,1' "$days"
reads "Yahoo, copied from the page" 'Date\tOpen\tHigh\tLow\tClose Close price adjusted for splits.\tAdj Close\tVolume\nOct 27, 2026\t1\t1\t1\t1\t1\t1\nOct 26, 2026\t1,100.00\t1,103.00\t1,090.50\t1,101.25\t1,000.00\t1,234,567' "$days"
reads "NSE" '\xef\xbb\xbf"Date ","series ","OPEN ","HIGH ","LOW ","PREV. CLOSE ","ltp ","close ","VOLUME "\r\n"26-Oct-2026","EQ","1,100.00","1,103.00","1,090.50","9","8","1,101.25","12,34,567"\r\n"27-Oct-2026","EQ","1","1","1","1","1","1","1"\r\n' "$days"
reads "Investing" '"Date","Price","Open","High","Low","Vol.","Change %"\n"10/27/2026","1","1","1","1","1","1%"\n"10/26/2026","1,101.25","1,100.00","1,103.00","1,090.50","1.23M","-0.5%"' "1d 2026-10-26 00:00 1100 1103 1090.5 1101.25 1230000"
reads "MetaTrader" '<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n2026.10.28\t09:15:00\t100\t103\t98.5\t101.25\t7\t1000\t1\n2026.10.28\t09:16:00\t1\t1\t1\t1\t1\t1\t1\n2026.10.28\t09:17:00\t1\t1\t1\t1\t1\t1\t1' "$minutes"
reads "Amibroker" '<ticker>,<date>,<time>,<open>,<high>,<low>,<close>,<vol>,<openint>\nONE,20261028,091500,100,103,98.5,101.25,1000,0\nONE,20261028,091600,1,1,1,1,1,0\nONE,20261028,091700,1,1,1,1,1,0' "$minutes 0"
reads "semicolons and decimal commas" 'Date;Open;High;Low;Close;Volume\n26.10.2026;1.100,00;1.103,00;1.090,50;1.101,25;1.234.567\n27.10.2026;1;1;1;1;1' "$days"
reads "pipes" 'date|o|h|l|c|v\n26-10-2026|1100|1103|1090.5|1101.25|1234567\n27-10-2026|1|1|1|1|1' "$days"
reads "AM and PM" 'DateTime,Open,High,Low,Close,Vol\n28/10/2026 9:15 AM,100,103,98.5,101.25,1000\n28/10/2026 9:16 AM,1,1,1,1,1\n28/10/2026 12:15 PM,1,1,1,1,1' "$minutes"
reads "ends of lines of old Macs" 'date,open,high,low,close,volume\r2026-10-26,1100,1103,1090.5,1101.25,1234567\r2026-10-27,1,1,1,1,1\r' "$days"
printf 'Date,Open,High,Low,Close,Volume\n2026-10-26,1100,1103,1090.5,1101.25,1234567\n2026-10-27,1,1,1,1,1\n' >plain.csv
for encoding in UTF-16LE UTF-16BE UTF-16; do
    sql "DELETE FROM candle_data WHERE instrument_id = instrument_id('ONE')" >/dev/null
    iconv -f UTF-8 -t $encoding plain.csv >given.csv
    run import --symbol ONE given.csv
    is "$code $(first_of)" "0 $days" "$encoding"
done
run import --symbol ONE <(printf 'date,open,high,low,close\n05/01/2026,1,1,1,1\n06/01/2026,1,1,1,1\n')
like "$code $output" "^1 .*Which number of the dates is the month.*--date-order" "dates that can be read in two ways are asked for"
reads "and taken as they are said to be" 'date,open,high,low,close,volume\n01/05/2026,1100,1103,1090.5,1101.25,5\n01/06/2026,1,1,1,1,1' "1d 2026-01-05 00:00 1100 1103 1090.5 1101.25 5" --date-order mdy
run import --symbol ONE <(printf 'date;open;high;low;close\n2026-01-05;1,100;1,100;1,100;1,100\n2026-01-06;1,100;1,100;1,100;1,100\n')
like "$code $output" "^1 .*--decimal" "as are commas that may be either"
printf 'symbol,date,open,high,low,close\nONE,2026-10-26,1,1,1,1\nTWO,2026-10-26,2,2,2,2\n' >given.csv
run import --symbol ONE given.csv
like "$code $output" "^1 .*ONE and TWO" "a file of several symbols is not one symbol's"
printf 'date,open,high,low,close\n' >given.csv
run import --symbol ONE given.csv
like "$code $output" "^1 .*no row" "a file without rows is an error"
printf 'date,open,high,low,close\n2026-10-26,1,1,1,x\n2026-10-27,1,1,1,1\n2026-10-28,1,1,1,1\n' >given.csv
run import --symbol ONE given.csv
like "$code $output" '^0 .*line=2 reason="a price is no number" text="2026-10-26,1,1,1,x"' "a bad row is logged with its line, text and reason"
# Times that do not fit the hours of the exchange.
minute_rows() { # TIME...
    echo date,open,high,low,close
    printf '2026-10-28 %s,1,1,1,1\n' "$@"
}
minute_rows 09:16 09:17 09:18 15:29 15:30 >given.csv
run import --symbol ONE given.csv
like "$code $output" "^1 .*ends of candles.*--times" "times of the ends of candles are asked about"
sql "DELETE FROM candle_data WHERE instrument_id = instrument_id('ONE')" >/dev/null
run import --symbol ONE given.csv --times end
is "$code $(sql "SELECT min(ts AT TIME ZONE 'Asia/Kolkata')::time || ' ' || max(ts AT TIME ZONE 'Asia/Kolkata')::time FROM candle_data WHERE instrument_id = instrument_id('ONE')")" \
    "0 09:15:00 15:29:00" "and moved to the starts"
minute_rows 10:15 11:15 12:15 13:15 14:15 15:15 15:30 >given.csv
run import --symbol ONE given.csv --times end --timeframe 1h
is "$code $(sql "SELECT string_agg(to_char(ts AT TIME ZONE 'Asia/Kolkata', 'HH24:MI'), ' ' ORDER BY ts) FROM candle_data WHERE timeframe = '1h'")" \
    "0 09:15 10:15 11:15 12:15 13:15 14:15 15:15" "those of a short last candle, too"
minute_rows 09:15 09:16 11:59 12:00 01:00 01:01 03:29 >given.csv
run import --symbol ONE given.csv --timeframe 1m
like "$code $output" "^1 .*twelve hours without AM and PM, like 2026-10-28T01:00" "of twelve hours"
minute_rows 03:45 03:46 03:47 09:59 >given.csv
run import --symbol ONE given.csv --timeframe 1m
like "$code $output" "^1 .*UTC, like 2026-10-28T03:45.*--any-hours" "of another zone"
run import --symbol ONE given.csv --timeframe 1m --any-hours
like "$code $output" "^0 .*outside the trading hours, but stored: 3" "unless they are right"
printf 'date,open,high,low,close\n2026-10-24,1,1,1,1\n2026-10-25,1,1,1,1\n2026-10-26,1,1,1,1\n' >given.csv
run import --symbol ONE given.csv
like "$code $output" "^0 .*outside_hours=2 of=3 .*but stored: 2" "days of a market that never closes are told"
printf 'date,open,high,low,close\n2026-10-29,1,1,1,1\n2026-11-02,1,1,1,1\n1026-10-28,1,1,1,1\n' >given.csv
run import --symbol ONE given.csv --timeframe 1d
like "$code $output" "^0 .*1 inserted.*1 x in the future.*1 x the year is before 1900|^0 .*1 inserted.*1 x the year is before 1900.*" "nor the future's, or of the year 1026"
printf 'date,open,high,low,close\n26/10/26,1,1,1,1\n26/10/27,1,1,1,1\n26/10/28,1,1,1,1\n' >given.csv
sql "DELETE FROM candle_data WHERE timeframe = '1d'" >/dev/null
run import --symbol ONE given.csv --timeframe 1d
is "$code $(sql "SELECT min(ts AT TIME ZONE 'Asia/Kolkata')::date FROM candle_data WHERE timeframe = '1d'")" "0 2026-10-26" "years of two digits may come first"
run import --symbol ONE <(printf 'date;open;high;low;close\n2026-01-05;1.100;1.100;1.100;1.100\n2026-01-06;1.100;1.100;1.100;1.100\n')
like "$code $output" "^1 .*--decimal" "points may be either, too"
# The same symbol on two exchanges comes back where it was.
sql "INSERT INTO instrument_master (instrument_key, exchange, segment, instrument_type, trading_symbol) VALUES ('BSE_EQ|1', 'BSE', 'BSE_EQ', 'EQ', 'ONE')" >/dev/null
sql "DELETE FROM candle_data WHERE timeframe = '1d'" >/dev/null
run import --symbol NSE:ONE plain.csv
sed 's/1100/1099/' plain.csv >other.csv
run import --symbol BSE:ONE other.csv
run export --symbols NSE:ONE,BSE:ONE --timeframe 1d -o both.csv
run import both.csv
like "$code $output" "^0 .*4 rows: 0 inserted, 0 updated, 4 equal" "what was exported comes back as equal"
run export --symbols BSE:ONE --timeframe 1d -o other.csv
run import other.csv
like "$code $output" "^0 .*2 rows: 0 inserted, 0 updated, 2 equal" "of one instrument, too"
if [ -d "$SHARED_DATA/../edge-cases/csv" ]; then
    for file in "$SHARED_DATA"/../edge-cases/csv/*.csv; do
        name=$(basename "$file" .csv)
        sql "DELETE FROM candle_data WHERE instrument_id = instrument_id('NSE:ONE')" >/dev/null
        run import --symbol NSE:ONE "$file"
        timeframe=$(sql "SELECT string_agg(DISTINCT timeframe, ' ') FROM candle_data WHERE instrument_id = instrument_id('NSE:ONE')")
        case $name in
            multi) like "$code $output" "^1 .*RELIANCE and TCS" "$name" ;;
            two_days | illiquid_1m) like "$code $output" "^1 .*--timeframe" "$name" ;;
            weekly_fri) is "$code $timeframe" "0 1w" "$name" ;;
            monthly_last) is "$code $timeframe" "0 1mo" "$name" ;;
            epoch_s | vol_alias) is "$code $timeframe $(sql "SELECT sum(volume) FROM candle_data WHERE instrument_id = instrument_id('NSE:ONE')")" "0 1m 36000" "$name" ;;
            *) is "$code $timeframe" "0 1d" "$name" ;;
        esac
    done
else
    echo "# skipped: no edge cases beside $SHARED_DATA"
fi

# Files that hold more than one instrument without saying so, and prices that are none.
new_database loader_files
sql "INSERT INTO instrument_master (instrument_key, exchange, segment, instrument_type, trading_symbol) VALUES ('NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE')" >/dev/null
refused() { # NAME HEADER ROW...: the file is refused, and nothing of it is stored
    printf '%s\n' "${@:2}" >refused.csv
    run import $symbol_option refused.csv
    is "$code $(sql "SELECT count(*) FROM candle_data")" "1 0" "refused: $1"
}
symbol_option="--symbol ONE"
for column in Instrument ISIN Series 'Company Name'; do
    refused "two instruments by $column" "Date,$column,Open,High,Low,Close" 2026-01-05,A,1,2,1,2 2026-01-05,B,7,8,7,8 2026-01-06,A,1,2,1,2 2026-01-06,B,7,8,7,8
done
symbol_option="--symbol ONE --timeframe 1w"
refused "days as weeks" Date,Open,High,Low,Close 2026-01-05,1,2,1,2 2026-01-06,1,2,1,1 2026-01-07,1,2,1,1.5
symbol_option=
refused "options by their underlying" SYMBOL,EXPIRY_DT,STRIKE_PR,OPTION_TYP,DATE,OPEN,HIGH,LOW,CLOSE ONE,29-Jan-2026,1000,CE,2026-01-05,1,2,1,2
refused "futures by their underlying" SYMBOL,EXPIRY_DT,STRIKE_PR,OPTION_TYP,DATE,OPEN,HIGH,LOW,CLOSE ONE,29-Jan-2026,0,XX,2026-01-05,1,2,1,2
printf '%s\n' TckrSymb,XpryDt,StrkPric,OptnTp,TradDt,OpnPric,HghPric,LwPric,ClsPric ONE,,,,2026-01-05,1,2,1,2 ONE,,,,2026-01-06,1,2,1,2 >shares.csv
run import --timeframe 1d shares.csv
is "$code $(sql "SELECT count(*) FROM candle_data")" "0 2" "shares have those columns, too, and nothing in them"
printf '%s\n' Date,Open,High,Low,Close 2026-02-02,0,0,0,0 2026-02-03,-5,-4,-6,-5 2026-02-04,1e17,1e17,1e17,1e17 2026-02-05,1,2,1,2 >prices.csv
run import --symbol ONE --timeframe 1d prices.csv
is "$(sql "SELECT count(*) FROM candle_data WHERE ts > '2026-02-01'")" 1 "prices that are none are left out: $output"
# A candle that may still change comes back as what it was.
sql "UPDATE candle_data SET source = 'i'" >/dev/null
run export --symbols ONE --timeframe 1d -o unfinished.csv
run import unfinished.csv
like "$output $(sql "SELECT string_agg(DISTINCT source::text, '') FROM candle_data")" "0 updated.* i$" "an unfinished candle stays one"

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
