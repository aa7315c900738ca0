#!/usr/bin/env bash
# What is said beside results: columns that nearly are indicators, changes that are not logged, series that are left out.
. "$(dirname "$0")/../tap.sh"
new_database pg_candle_notices
export PGOPTIONS="-c client_min_messages=notice"
said() { psql -X -q -A -t "$@" 2>&1 | sed -E 's/^psql:[^ ]+ //'; }
sql "SET client_min_messages = warning; INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT id, '1m', '2026-01-05 09:15+05:30'::timestamptz + n * interval '1 min', 100, 101, 99, 100, 1 FROM generate_series(1, 3) id, generate_series(0, 99) n;
    ALTER TABLE indicator_data ADD COLUMN ema34 float8, ADD COLUMN \"EMA_33\" float8, ADD COLUMN remark text" >/dev/null
out=$(said -c "SELECT compute_indicators()" -c "SELECT compute_indicators(1)" -c "SELECT count(*) FROM indicators(NULL::indicator_data, 1, '1m')")
is "$(grep -c '"ema34"' <<<"$out") $(grep -c '"EMA_33"' <<<"$out") $(grep -c remark <<<"$out")" "1 1 0" "a column that nearly is an indicator is named once a session"
like "$out" "ema_34" "with what was probably meant"
sql "SET client_min_messages = warning; ALTER TABLE indicator_data DROP COLUMN ema34, DROP COLUMN \"EMA_33\"" >/dev/null
is "$(said -c "SELECT compute_indicators() >= 0")" t "without them nothing is said"

# What is not logged
sql "ALTER TABLE candle_data DISABLE TRIGGER log_candle_update" >/dev/null
out=$(said -c "SELECT compute_indicators()")
like "$out" "NOTICE:  everything is computed from the first candle, each time" "triggers that are off are told"
like "$out" "HINT:.*create_candle_tables" "with what helps"
like "$(said -c "CALL refresh_timeframes()")" "NOTICE:  everything is computed from the first candle" "by refresh_timeframes, too"
sql "ALTER TABLE candle_data ENABLE TRIGGER log_candle_update" >/dev/null
is "$(said -c "SELECT compute_indicators() >= 0")" t "on again, nothing is said"

# Series that are left out are named, the others done.
sql "SET client_min_messages = warning; ALTER TABLE candle_data DROP CONSTRAINT candle_data_prices; UPDATE candle_data SET close = 'NaN' WHERE instrument_id = 2 AND ts = '2026-01-05 10:00+05:30';
    UPDATE candle_data SET close = 99.5 WHERE instrument_id = 3" >/dev/null
out=$(said -c "SET timezone = 'Asia/Kolkata'" -c "SELECT compute_indicators()")
like "$out" "WARNING:  instrument 2, timeframe 1m is left as it is: the candle of instrument 2, timeframe 1m at 2026-01-05 10:00:00\+05:30 has a price that is not finite" "a bad candle is named"
like "$out" "^100$" "and the other series is done"
sql "ALTER TABLE candle_data DISABLE TRIGGER USER; SET pg_candle.log_changes = off; INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close) VALUES (2, '1D', '2026-01-05 00:00+05:30', 1, 1, 1, 1); ALTER TABLE candle_data ENABLE TRIGGER USER" >/dev/null
like "$(said -c "SET timezone = 'Asia/Kolkata'" -c "SELECT compute_indicators()")" 'WARNING:.*instrument 2.*"1D"' "a timeframe that is none is named with its instrument"
like "$(said -c "SELECT count(*) FROM completeness('2026-01-05', '2026-01-06')")" 'WARNING:' "by completeness(), too"
like "$(said -c "SELECT compute_indicators(timeframe => '4h')")" "there are no candles of timeframe 4h" "nothing to do is told"
like "$(said -c "SELECT compute_indicators(1, '4h')")" "instrument 1 has no candles of timeframe 4h" "of one instrument, too"

# What changes in a week of which days were dropped
new_database pg_candle_notices
sql "SET client_min_messages = warning; SET timezone = 'Asia/Kolkata';
    INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
    VALUES (1, 'NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE');
    INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT 1, '1d', '2026-01-05'::timestamptz + n * interval '1 day', 100, 101, 99, 100, 1 FROM generate_series(0, 99) n;
    CALL refresh_timeframes(targets => '{1w}')"
like "$(said -c "CALL drop_candles('1d', '2026-02-04 00:00+05:30')")" "NOTICE:  30 candles of 1 series were dropped" "how many are dropped is told"
is "$(said -c "CALL refresh_timeframes()" | grep -v "^NOTICE:  1 of 1 instruments")" "" "that is all"
later() { said -c "SET timezone = 'Asia/Kolkata'" -c "UPDATE candle_data SET volume = 2 WHERE timeframe = '1d' AND ts = '$1'" -c "CALL refresh_timeframes()"; }
like "$(later 2026-02-05)" "WARNING:  candles of instrument 1 that are made of 1d, before 2026-03-01 00:00:00\+05:30, are left as they are" "a change in the week that was cut is told"
is "$(later 2026-03-11 | grep -c WARNING)" 0 "one in a later week is worked in"
is "$(sql "SELECT string_agg(volume::text, ' ' ORDER BY ts) FROM candle_data WHERE timeframe = '1w' AND ts IN ('2026-02-02 00:00+05:30', '2026-03-09 00:00+05:30')")" "5 6" "as can be seen"

# What dropped candles left, and is away
sql "UPDATE dropped_candles SET state = NULL" >/dev/null
like "$(said -c "SELECT compute_indicators(1, '1d', verify => true)")" "WARNING:  instrument 1, timeframe 1d begins with the candles that are left" "a past that is away is told"
sql "SELECT compute_indicators(1, '1d', force => true)" >/dev/null
is "$(said -c "SELECT compute_indicators(1, '1d', verify => true)" | grep -c WARNING)" 0 "until it is taken as it is"
psql -X -q -d postgres -c "DROP DATABASE pg_candle_notices"
done_testing
