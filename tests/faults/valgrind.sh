#!/usr/bin/env bash
# The backend code under valgrind: no access outside of what was allocated, on the bulk path, the SQL path, on the fly and in
# window functions, gaps and sessions. In single-user mode, on a cluster of its own. (Undefined values are not looked for: PostgreSQL copies
# padding about.)
. "$(dirname "$0")/../tap.sh"
command -v valgrind >/dev/null || skip_all "valgrind is not here"
cd "$(dirname "$0")/../.." || exit 1
cluster=$(mktemp -d /tmp/pg_candle_valgrind.XXXXXX)
trap 'tests/cluster stop "$cluster" 2>/dev/null; rm -rf "$cluster"' EXIT
tests/cluster start "$cluster" || exit 1
eval "$(tests/cluster env "$cluster")"
new_database checked
sql "INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT id, CASE WHEN id = 2 THEN '1439m' ELSE '1m' END, '2020-01-03Z'::timestamptz + i * interval '1 min', p, p + 1, p - 1, p, i % 1000
    FROM (SELECT i, id, 100 + id + 10 * sin(i / 7.0) AS p FROM generate_series(0, 1999) i, generate_series(1, 3) id) s;
    INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol) VALUES (1, 'NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE');
    INSERT INTO candle_coverage (instrument_id, timeframe, from_ts, to_ts, state, rows) VALUES (1, '1m', '2020-01-06Z', '2020-01-06 05:00Z', 'no_data', 0), (1, '1m', '2020-01-06 05:00Z', '2020-01-06 06:00Z', 'filled', 5);
    ALTER TABLE indicator_data ADD x text, ADD ema_7 real;
    CREATE TYPE mine AS (ts timestamptz, volume bigint, oi float8, ema_10000 float8, slope_50 float8, volatility_3 real, note text, r2_9 float8, volume_ratio_20 float8)" >/dev/null
tests/cluster stop "$cluster"

# In single-user mode every line is a statement.
said=$(tests/cluster single "$cluster" checked valgrind --quiet --undef-value-errors=no --log-file="$cluster/run/valgrind" 2>&1 <<SQL
SELECT compute_indicators()
SELECT compute_indicators()
SELECT compute_indicators(force => true)
DELETE FROM candle_data WHERE instrument_id = 3 AND ts > '2020-01-03 10:00Z'
SELECT compute_indicators()
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close) VALUES (1, '1m', '2021-01-01Z', 5, 5, 5, 5)
SELECT compute_indicators()
UPDATE candle_data SET close = high WHERE instrument_id = 1 AND ts = '2020-01-03 20:00Z'
SELECT compute_indicators(1, since => '2020-01-04Z')
SELECT compute_indicators()
UPDATE indicator_state SET state = substr(state, 1, 50)
SELECT compute_indicators()
SELECT count(*) FROM indicators(NULL::mine, 2, '1439m')
SELECT count(*) FROM indicators(NULL::indicator_data, 1, '1m', '2020-01-04Z', '2020-01-05Z')
SELECT count(a) AS a FROM (SELECT supertrend(high, low, close, 10, 3) OVER w AS a FROM candle_data WINDOW w AS (PARTITION BY instrument_id ORDER BY ts)) s
SELECT count(a) AS a FROM (SELECT slope(close, 50) OVER w + volume_ratio(volume, 20) OVER w AS a FROM candle_data WINDOW w AS (PARTITION BY instrument_id ORDER BY ts)) s
SELECT ema(1.0, 0) OVER ()
SELECT compute_indicators(77)
CREATE INDEX ON indicator_data (rsi_14)
DELETE FROM indicator_data
SELECT compute_indicators()
SELECT sum(missing) AS a FROM detect_gaps(1, '1m', '2020-01-03Z', '2020-01-07Z')
SELECT count(*) FROM completeness('2020-01-03Z', '2020-01-07Z')
SELECT count(*) FROM trading_sessions('NSE', '2024-03-01', '2024-03-04')
SELECT market_is_open('MCX', '2024-03-01 10:00Z')::int AS a
SELECT count(*) FROM resample_candles(1, '1m', '30m')
SELECT (expected_candles(1, '1w', '-infinity', 'infinity') > 1500)::int AS a
SELECT count(*) FROM trading_sessions('NOPE', '2024-03-01', '2024-03-04')
CALL refresh_timeframes(targets => '{5m,1d,1w,7m}')
SELECT count(DISTINCT timeframe) FROM candle_data WHERE instrument_id = 1
CALL refresh_timeframes(targets => '{1m}')
SELECT sum(missing) AS a FROM detect_gaps(1, '1m', '2020-01-03 05:00Z', '2020-01-07Z')
SELECT count(*) FROM ranges_to_request(1, '1d', '2020-01-01', '2020-02-01')
SELECT count(*) FROM candles_to_request(1, '1m', '2020-01-03Z', '2020-01-07Z')
SQL
)
is "$(sed -nE 's/.* = "([0-9]+)".*/\1/p' <<<"$said" | paste -sd' ')" "6000 0 6000 1399 1 561 240 0 2000 560 4572 4454 4602 375 1 4 1 13 1 5 375 1 3" "every statement gives what it should"
is "$(grep -c 'ERROR' <<<"$said")" 4 "bad parameters, an unknown instrument, an unknown calendar and an impossible target are errors"
is "$(cat "$cluster/run/valgrind")" "" "valgrind has nothing to say"
done_testing
