-- compute_indicators: what it writes, what it leaves alone, what it refuses.
BEGIN;
SELECT no_plan();
SELECT throws_ok('SELECT compute_indicators()', '42P01', NULL, 'without tables: a clear error');
SELECT create_candle_tables();
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
    VALUES (1, 'NSE_EQ|INE1', 'NSE', 'NSE_EQ', 'EQ', 'ONE'), (2, 'NSE_EQ|INE2', 'NSE', 'NSE_EQ', 'EQ', 'TWO');
CREATE FUNCTION make_candles(id int, tf text, n int, step interval) RETURNS void LANGUAGE sql AS $$
    INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT id, tf, '2026-01-05 09:15+05:30'::timestamptz + i * step, p, p + 1 + i % 3, p - 1 - i % 2, p + sin(i), i % 50
    FROM (SELECT i, 100 + 10 * sin(i / 7.0) + i / 100.0 AS p FROM generate_series(0, n - 1) i) s $$;

SELECT is(compute_indicators(), 0::bigint, 'nothing to do');
SELECT make_candles(1, '5m', 500, '5 min');
SELECT is(compute_indicators(), 500::bigint, 'a row per candle');
SELECT is(compute_indicators(), 0::bigint, 'a second run writes nothing');
SELECT is((SELECT count(*)::int FROM indicator_data WHERE bars IS NOT NULL), 500, 'bars everywhere');
SELECT is((SELECT max(bars) FROM indicator_data), 500::bigint, 'bars counts candles');
SELECT is(
    (SELECT min(bars) FROM indicator_data WHERE sma_200 IS NOT NULL), 200::bigint,
    'sma_200 begins with the 200th candle');
SELECT is((SELECT min(bars) FROM indicator_data WHERE rsi_14 IS NOT NULL), 15::bigint, 'rsi_14 with the 15th');
SELECT is((SELECT min(bars) FROM indicator_data WHERE macd_hist_12_26_9 IS NOT NULL), 34::bigint, 'macd with the 34th');
SELECT is((SELECT min(bars) FROM indicator_data WHERE adx_14 IS NOT NULL), 28::bigint, 'adx_14 with the 28th');
SELECT is((SELECT count(*)::int FROM indicator_state), 1, 'one lock row per series');

-- Which series
SELECT make_candles(1, '1d', 30, '1 day'), make_candles(2, '5m', 40, '5 min'), make_candles(3, '1d', 10, '1 day');
SELECT is(compute_indicators(1), 30::bigint, 'all timeframes of one instrument');
SELECT is(compute_indicators(timeframe => '5m'), 40::bigint, 'all instruments of one timeframe');
SELECT is(compute_indicators(3, '1d'), 10::bigint, 'one series; an instrument need not be in instrument_master');
SELECT is(compute_indicators(), 0::bigint, 'that was all');
SELECT make_candles(2, '1h', 5, '1 hour');
SELECT is(compute_indicators('TWO', '1h'), 5::bigint, 'by name');
SELECT throws_ok('SELECT compute_indicators(NULL::text)', '22004', NULL, 'a NULL name means nothing');
SELECT throws_ok('SELECT compute_indicators(NULL)', '22004', NULL, 'nor does NULL');
SELECT throws_ok('SELECT compute_indicators(NULL::int)', '22004', NULL, 'nor a NULL id');
SELECT throws_ok($$SELECT compute_indicators(NULL, '1d')$$, '22004', NULL, 'nor with a timeframe');
SELECT is(compute_indicators(2, NULL, NULL, NULL, NULL), 0::bigint, 'NULL elsewhere means the defaults');
PREPARE by_untyped AS SELECT compute_indicators($1);
PREPARE by_unknown(unknown) AS SELECT compute_indicators($1);
SELECT results_eq($$EXECUTE by_untyped('2')$$, ARRAY[0::bigint], 'an untyped number is an instrument_id');
SELECT results_eq($$EXECUTE by_unknown('TWO')$$, ARRAY[0::bigint], 'an untyped name is a name');
UPDATE instrument_master SET is_active = false WHERE instrument_id = 2;
SELECT is(compute_indicators(2, force => true), 45::bigint, 'an inactive instrument is computed as well');

-- Changes
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close)
VALUES (3, '1d', '2026-02-01+05:30', 1, 1, 1, 1);
SELECT is(compute_indicators(3), 1::bigint, 'one new candle, one row');
UPDATE candle_data SET close = close + 0.25, high = high + 0.25 WHERE instrument_id = 3 AND ts = '2026-02-01+05:30';
SELECT is(compute_indicators(3), 1::bigint, 'a correction at the end changes one row');
DELETE FROM candle_data WHERE instrument_id = 3 AND ts = '2026-02-01+05:30';
SELECT is(compute_indicators(3), 1::bigint, 'a deleted candle takes its row with it');
SELECT is((SELECT count(*)::int FROM indicator_data WHERE instrument_id = 3), 10, 'and only that');
DELETE FROM candle_data WHERE instrument_id = 3;
SELECT is(compute_indicators(3), 10::bigint, 'a series without candles loses its rows');
SELECT is(compute_indicators(3), 0::bigint, 'once');

-- A late candle: the same as computing everything anew.
CREATE TEMP TABLE before AS SELECT * FROM indicator_data WHERE instrument_id = 1 AND timeframe = '5m';
DELETE FROM candle_data WHERE instrument_id = 1 AND timeframe = '5m' AND ts = (SELECT ts FROM before WHERE bars = 250);
SELECT ok(compute_indicators(1, '5m') > 250, 'what follows a missing candle changes');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT 1, '5m', ts, p, p + 1 + i % 3, p - 1 - i % 2, p + sin(i), i % 50 FROM (
        SELECT i, 100 + 10 * sin(i / 7.0) + i / 100.0 AS p, (SELECT ts FROM before WHERE bars = 250) AS ts
        FROM (SELECT 249) x (i)) s;
SELECT ok(compute_indicators(1, '5m') > 250, 'and again when it comes late');
SELECT is_empty(
    $$SELECT * FROM indicator_data WHERE instrument_id = 1 AND timeframe = '5m' EXCEPT SELECT * FROM before$$,
    'the result is what it was, every digit');

-- since and force
UPDATE candle_data SET volume = volume + 1
WHERE instrument_id = 1 AND timeframe = '5m' AND ts = (SELECT ts FROM before WHERE bars = 10);
SELECT is(
    compute_indicators(1, '5m', since => (SELECT ts FROM before WHERE bars = 491)), 10::bigint,
    'since limits what is written');
SELECT ok(
    (SELECT i.obv = b.obv FROM indicator_data i JOIN before b USING (instrument_id, timeframe, ts) WHERE b.bars = 490),
    'rows before it are left');
SELECT ok(
    (SELECT i.obv <> b.obv FROM indicator_data i JOIN before b USING (instrument_id, timeframe, ts) WHERE b.bars = 491),
    'rows from it on are right');
SELECT ok(compute_indicators(1, '5m') BETWEEN 400 AND 490, 'a plain call writes what since skipped');
SELECT is(compute_indicators(1, '5m', force => true), 500::bigint, 'force rewrites');
SELECT is(compute_indicators(1, '5m', (SELECT ts FROM before WHERE bars = 500), true), 1::bigint, 'force with since');
SELECT is(compute_indicators(1, '5m', 'infinity'), 0::bigint, 'since infinity writes nothing');
SELECT is(compute_indicators(1, '5m', '-infinity'), 0::bigint, 'since -infinity is no limit');

-- The column is the specification.
ALTER TABLE indicator_data ADD COLUMN ema_34 float8, ADD COLUMN rsi_7 real, ADD COLUMN note text DEFAULT 'mine',
    ADD COLUMN volatility_20 float8;
UPDATE indicator_data SET note = 'kept' WHERE instrument_id = 1 AND timeframe = '1d';
SELECT is(compute_indicators(1, '1d'), 23::bigint, 'rows where a new column has a value are written');
SELECT is(
    (SELECT count(rsi_7)::int FROM indicator_data WHERE instrument_id = 1 AND timeframe = '1d'), 23,
    'new columns are filled');
SELECT is(
    (SELECT count(*)::int FROM indicator_data WHERE instrument_id = 1 AND timeframe = '1d' AND note = 'kept'), 30,
    'other columns are left alone');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close)
VALUES (1, '1d', '2026-03-01+05:30', 1, 1, 1, 1);
SELECT is(compute_indicators(1, '1d'), 1::bigint, 'a new row');
SELECT is(
    (SELECT note FROM indicator_data WHERE instrument_id = 1 AND timeframe = '1d' AND ts = '2026-03-01+05:30'), 'mine',
    'gets the defaults of other columns');
ALTER TABLE indicator_data DROP COLUMN note, DROP COLUMN obv, DROP COLUMN bars;
SELECT make_candles(4, '1w', 60, '7 days');
SELECT is(compute_indicators(4), 60::bigint, 'dropped columns cost nothing');
SELECT is((SELECT rsi_7 FROM indicator_data WHERE instrument_id = 4 ORDER BY ts DESC LIMIT 1),
    (
        SELECT x::real
        FROM (SELECT rsi(close, 7) OVER (ORDER BY ts) AS x, ts FROM candle_data WHERE instrument_id = 4) s
        ORDER BY ts DESC
        LIMIT 1), 'real is the rounded float8');
ALTER TABLE indicator_data ADD COLUMN macd_26_12_9 float8;
SELECT throws_ok(
    'SELECT compute_indicators(4)', '22023', 'column "macd_26_12_9" of public.indicator_data cannot be computed',
    'an impossible name');
ALTER TABLE indicator_data DROP COLUMN macd_26_12_9, ADD COLUMN ema_5 int;
SELECT throws_ok('SELECT compute_indicators(4)', '42804', NULL, 'a name with a wrong type');
ALTER TABLE indicator_data DROP COLUMN ema_5;
SELECT is(compute_indicators(4), 0::bigint, 'and all is well again');

-- Odd series
SELECT make_candles(5, '1m', 1, '1 min');
SELECT is(compute_indicators(5), 1::bigint, 'a series of one candle');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT 6, '1m', '2026-01-05 09:15+05:30'::timestamptz + i * interval '1 min', 100.05, 100.05, 100.05, 100.05, 0
    FROM generate_series(0, 399) i;
SELECT is(compute_indicators(6), 400::bigint, 'flat prices');
SELECT row_eq(
    $$SELECT rsi_14, atr_14, plus_di_14, minus_di_14, adx_14, bb_upper_20_2 - bb_lower_20_2, vwap, macd_12_26_9, ema_9
    FROM indicator_data WHERE instrument_id = 6 ORDER BY ts DESC LIMIT 1$$,
    ROW(0::float8, 0::float8, 0::float8, 0::float8, 0::float8, 0::float8, NULL::float8, 0::float8, 100.05::float8),
        'have these indicators');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
VALUES (7, '1m', '2026-01-05', 1, 1e308, 1, 1e308, NULL), (7, '1m', '2026-01-06', 1e308, 1e308, 1, 1e308, NULL);
SELECT is(compute_indicators(7), 2::bigint, 'the largest prices');
SELECT is_empty(
    $$SELECT FROM indicator_data i WHERE instrument_id = 7 AND i::text ~ 'Inf|NaN'$$,
    'give NULL where a value is not finite');

-- Refusals
SELECT throws_ok(
    'SELECT compute_indicators(99999)', '42704', 'instrument 99999 does not exist', 'an unknown instrument');
SELECT throws_ok($$SELECT compute_indicators('NOWHERE')$$, '42704', NULL, 'an unknown name');
SELECT throws_ok(
    $$SELECT compute_indicators(1, '60m')$$, '22023', '"60m" is not a timeframe',
    'a timeframe that is not in lowest terms');
SELECT throws_ok($$SELECT compute_indicators(1, 'x')$$, '22023', NULL, 'no timeframe at all');
SELECT is(compute_indicators(1, '3m'), 0::bigint, 'a series that does not exist');
ALTER TABLE candle_data DROP CONSTRAINT candle_data_prices, DROP CONSTRAINT candle_data_ts;
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close)
VALUES (6, '1m', '2026-02-01', 'NaN', 1, 1, 1);
SELECT throws_ok('SELECT compute_indicators(6)', '22000', NULL, 'a price that is no number');
UPDATE candle_data SET open = 'Infinity' WHERE open = 'NaN';
SELECT throws_ok('SELECT compute_indicators(6)', '22000', NULL, 'an infinite price');
UPDATE candle_data SET open = 1, ts = '-infinity' WHERE open = 'Infinity';
SELECT throws_ok('SELECT compute_indicators(6)', '22000', NULL, 'an infinite ts');
UPDATE candle_data SET ts = 'infinity' WHERE ts = '-infinity';
SELECT throws_ok('SELECT compute_indicators(6)', '22000', NULL, 'at the other end, too');
SELECT is((SELECT count(*)::int FROM indicator_data WHERE instrument_id = 6), 400, 'nothing was written by these');
SELECT * FROM finish();
ROLLBACK;
