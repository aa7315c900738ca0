-- indicators(): any row type, on the fly.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
    VALUES (1, 'NSE_EQ|INE1', 'NSE', 'NSE_EQ', 'EQ', 'ONE'), (2, 'NSE_EQ|INE2', 'NSE', 'NSE_EQ', 'EQ', 'TWO');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume, oi)
    SELECT 1, '5m', '2026-01-05 09:15+05:30'::timestamptz + i * interval '5 min', p, p + 1 + i % 3, p - 1 - i % 2,
        p + sin(i),
           CASE WHEN i % 40 <> 7 THEN i % 50 END, CASE WHEN i % 2 = 0 THEN i END
    FROM (SELECT i, 100 + 10 * sin(i / 7.0) AS p FROM generate_series(0, 2999) i) s;

SELECT compute_indicators();
SELECT is_empty(
    $$SELECT * FROM indicators(NULL::indicator_data, 1, '5m') EXCEPT SELECT * FROM indicator_data$$,
    'the same as what is stored');
SELECT is((SELECT count(*)::int FROM indicators(NULL::indicator_data, 1, '5m')), 3000, 'and all of it');
SELECT is(
    (
        SELECT array_agg(i.ts ORDER BY n)
        FROM indicators(NULL::indicator_data, 1, '5m') WITH ORDINALITY AS i (
            a, b, ts, d, e1, e2, e3, e4, f1, f2, f3, f4, g, h1, h2, h3, i1, i2, i3, j, k1, k2, k3, l1, l2, m, o, p0, p1,
            p2, p3, p4, p5, p6, q1, q2, q3, q4, q5, n)),
    (SELECT array_agg(ts ORDER BY ts) FROM candle_data), 'in order of ts');

-- Bounds are half-open and do not shorten the warm-up.
SELECT is_empty($$SELECT * FROM indicators(NULL::indicator_data, 1, '5m', '2026-01-10+05:30', '2026-01-11+05:30')
    EXCEPT SELECT *
        FROM indicator_data
        WHERE ts >= '2026-01-10+05:30' AND ts < '2026-01-11+05:30'$$, 'a range has the values of the whole');
SELECT is(
    (SELECT count(*)::int FROM indicators(NULL::indicator_data, 1, '5m', '2026-01-10+05:30', '2026-01-11+05:30')), 288,
    'and its rows');
SELECT is(
    (SELECT count(*)::int FROM indicators(NULL::indicator_data, 1, '5m', to_ts => '2026-01-05 09:20+05:30')), 1,
    'to_ts is exclusive');
SELECT is(
    (SELECT count(*)::int FROM indicators(NULL::indicator_data, 1, '5m', NULL, NULL)), 3000, 'NULL bounds are open');
SELECT is(
    (SELECT count(*)::int FROM indicators(NULL::indicator_data, 1, '5m', '2027-01-01', '2026-01-01')), 0,
    'an empty range');
SELECT is((SELECT count(*)::int FROM indicators(NULL::indicator_data, 2, '5m')), 0, 'a series without candles');

-- Shapes
CREATE TYPE mine AS (
    note text, ts timestamptz, close real, volume bigint, oi float8, ema_34 float8, rsi_7 real, slope_10 float8,
    bars bigint, open float8, timeframe text, instrument_id int);
SELECT row_eq(
    $$
        SELECT note, close, volume, oi, bars, timeframe, instrument_id
        FROM indicators(NULL::mine, 1, '5m') OFFSET 2
        LIMIT 1$$,
    (
        SELECT ROW(NULL::text, close::real, volume::bigint, oi, 3::bigint, '5m'::text, 1)
        FROM candle_data
        ORDER BY ts OFFSET 2
        LIMIT 1),
    'a type of one''s own, with the candle''s columns; others are NULL');
SELECT is((SELECT count(volume)::int FROM indicators(NULL::mine, 1, '5m')), 2925, 'unknown volumes stay NULL');
SELECT is((SELECT count(oi)::int FROM indicators(NULL::mine, 1, '5m')), 1500, 'unknown open interest, too');
SELECT is_empty(
    $$
        SELECT ts, open, high, low, close, volume, oi
        FROM indicators(NULL::candle_data, 1, '5m')
        EXCEPT SELECT ts, open, high, low, close, volume, oi
        FROM candle_data$$,
    'candle_data as a shape gives the candles');
CREATE TYPE no_ts AS (ema_9 float8);
SELECT throws_ok(
    $$SELECT * FROM indicators(NULL::no_ts, 1, '5m')$$, '42804', 'no_ts has no column "ts"', 'a shape without ts');
CREATE TYPE bad_ts AS (ts timestamp);
SELECT throws_ok($$SELECT * FROM indicators(NULL::bad_ts, 1, '5m')$$, '42804', NULL, 'a ts of another type');
CREATE TYPE bad_column AS (ts timestamptz, ema_0 float8);
SELECT throws_ok(
    $$SELECT * FROM indicators(NULL::bad_column, 1, '5m')$$, '22023', 'column "ema_0" of bad_column cannot be computed',
    'an impossible parameter');
CREATE TYPE bad_type AS (ts timestamptz, ema_9 numeric);
SELECT throws_ok(
    $$SELECT * FROM indicators(NULL::bad_type, 1, '5m')$$, '42804',
    'column "ema_9" of bad_type has type numeric, not float8 or real', 'a wrong type');
SELECT throws_ok($$SELECT * FROM indicators(NULL::int, 1, '5m')$$, '42804', NULL, 'a shape that is no row type');
SELECT throws_ok($$SELECT * FROM indicators(NULL::indicator_data, NULL, '5m')$$, '22004', NULL, 'no instrument');
SELECT throws_ok($$SELECT * FROM indicators(NULL::indicator_data, 1, NULL)$$, '22004', NULL, 'no timeframe');
SELECT throws_ok($$SELECT * FROM indicators(NULL::indicator_data, 99, '5m')$$, '42704', NULL, 'an unknown instrument');
SELECT throws_ok(
    $$SELECT * FROM indicators(NULL::indicator_data, 1, '61 min')$$, '22023', NULL, 'an unknown timeframe');

-- Many columns, and all of every kind: the wide way through.
DO $$
BEGIN
    EXECUTE 'CREATE TYPE wide AS (ts timestamptz, ' || (
        SELECT string_agg('ema_' || n || ' float8, sma_' || n || ' real', ', ') FROM generate_series(1, 500) n) || ')';
END $$;
SELECT is((SELECT count(ema_500)::int FROM indicators(NULL::wide, 1, '5m')), 2501, 'a thousand columns');

-- A session is a date in the zone of the instrument's calendar, for whoever may read candles.
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (70, 'MCX_FO|1', 'MCX', 'MCX_FO', 'FUT', 'GOLD');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT 70, '1h', '2026-03-06 12:00Z'::timestamptz + i * interval '1 hour', 10 + i, 10 + i, 10 + i, 10 + i, 1
    FROM generate_series(0, 71) i;
CREATE TYPE session_shape AS (ts timestamptz, vwap float8, close float8);
CREATE FUNCTION begins(zone text) RETURNS text LANGUAGE sql AS
    $$
        SELECT string_agg(to_char(ts AT TIME ZONE zone, 'DD HH24:MI'), ', ' ORDER BY ts)
        FROM indicators(NULL::session_shape, 70, '1h')
        WHERE vwap = close$$;
SELECT is(begins('UTC'), '06 12:00, 06 19:00, 07 19:00, 08 19:00', 'Asia/Kolkata: the first whole hour of a day');
UPDATE trading_calendar SET timezone = 'America/New_York' WHERE calendar = 'MCX';
SELECT is(
    begins('America/New_York'), '06 07:00, 07 00:00, 08 00:00, 09 00:00', 'New York, over the change to summer time');
CREATE ROLE session_reader;
GRANT SELECT ON candle_data TO session_reader;
SET ROLE session_reader;
SELECT is(
    begins('America/New_York'), '06 07:00, 07 00:00, 08 00:00, 09 00:00',
    'the same for a role that may only read candles');
RESET ROLE;
ALTER TABLE trading_calendar DISABLE TRIGGER USER;
UPDATE trading_calendar SET timezone = 'Middle/Earth' WHERE calendar = 'MCX';
SELECT throws_ok('SELECT begins(NULL)', '22023', NULL, 'a zone that does not exist');
SELECT * FROM finish();
ROLLBACK;
