-- Longer timeframes: what goes into a bucket, where buckets begin and end.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
SET timezone = 'Asia/Kolkata';
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (1, 'NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE');
-- Two sessions, the second with a pause; rows before the open and after the close; arriving backwards.
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume, oi)
SELECT 1, '1m', ts, n, n + 2, n - 1, n + 1, n, 2 * n FROM (SELECT ts, row_number() OVER (ORDER BY ts) AS n FROM (
    SELECT generate_series('2024-03-01 09:10'::timestamptz, '2024-03-01 15:35', '1 min') UNION ALL
    SELECT generate_series('2024-03-02 09:15'::timestamptz, '2024-03-02 12:35', '1 min')) s (ts)) r ORDER BY ts DESC;

SELECT results_eq(
    $$SELECT to_char(ts, 'DD HH24:MI') FROM resample_candles(1, '1m', '1h')$$,
    ARRAY['01 09:15', '01 10:15', '01 11:15', '01 12:15', '01 13:15', '01 14:15', '01 15:15',
    '02 09:15', '02 11:30'], 'hours restart at each period''s open');
SELECT is(
    (
        SELECT count(*) || ' ' || to_char(min(ts), 'HH24:MI') || ' ' || to_char(max(ts), 'HH24:MI')
        FROM resample_candles(1, '1m', '30m', '2024-03-01', '2024-03-02')), '13 09:15 15:15', '13 half hours');
-- By brute force, for each target.
CREATE FUNCTION brute(minutes int) RETURNS TABLE (
    ts timestamptz, open float8, high float8, low float8, close float8, volume float8, oi float8)
    LANGUAGE sql
    AS $$
    SELECT b.start, (array_agg(c.open ORDER BY c.ts))[1], max(c.high), min(c.low),
        (array_agg(c.close ORDER BY c.ts DESC))[1], sum(c.volume)::float8, (array_agg(c.oi ORDER BY c.ts DESC))[1]
    FROM trading_sessions('NSE', '2024-03-01', '2024-03-02') s
    JOIN candle_data c ON c.timeframe = '1m' AND c.ts >= s.opens_at AND c.ts < s.closes_at,
    LATERAL (
        SELECT s.opens_at + floor(
            extract(epoch FROM c.ts - s.opens_at) / (60 * minutes)) * minutes * interval '1 minute' AS start) b
        GROUP BY 1
        ORDER BY 1 $$;
SELECT results_eq(
    format('SELECT * FROM resample_candles(1, %L, %L)', '1m', t), format('SELECT * FROM brute(%s)', m),
    t || ' equals brute force')
FROM (VALUES ('3m', 3), ('5m', 5), ('7m', 7), ('15m', 15), ('30m', 30), ('1h', 60), ('4h', 240)) v (t, m);
SELECT results_eq($$SELECT ts, open, high, low, close, volume, oi FROM resample_candles(1, '1m', '1d')$$,
    $$
        SELECT s.session_date::timestamptz, (array_agg(c.open ORDER BY c.ts))[1], max(c.high), min(c.low),
        (array_agg(c.close ORDER BY c.ts DESC))[1], sum(c.volume)::float8, (array_agg(c.oi ORDER BY c.ts DESC))[1]
      FROM trading_sessions('NSE', '2024-03-01', '2024-03-02') s
      JOIN candle_data c ON c.ts >= s.opens_at AND c.ts < s.closes_at
      GROUP BY 1
      ORDER BY 1$$, 'a day is all of its periods');
SELECT is(
    (SELECT count(*)::int FROM resample_candles(1, '1m', '5m', '2024-03-01 09:17', '2024-03-01 09:30')), 2,
    'buckets that start in the range, whole');
SELECT is(
    (SELECT volume FROM resample_candles(1, '1m', '5m', '2024-03-01 09:25', '2024-03-01 09:26')), 90::float8,
    'though they end behind it');

INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
SELECT 1, '1d', day, extract(day FROM day), 40, 0.5, extract(day FROM day) + 0.5, 100
FROM generate_series('2024-02-26'::timestamptz, '2024-03-12', '1 day') day;
SELECT results_eq(
    $$SELECT ts::date, open, close, volume FROM resample_candles(1, '1d', '1w')$$,
    $$VALUES ('2024-02-26'::date, 26::float8, 2.5::float8, 600::float8),
    ('2024-03-04', 4, 7.5, 400),
        ('2024-03-11', 11, 12.5, 200)$$
            , 'weeks: the Saturday session counts, Sunday and the holiday of 8 March do not');
SELECT results_eq(
    $$SELECT ts::date, open, close FROM resample_candles(1, '1d', '1mo')$$,
    $$VALUES ('2024-02-01'::date, 26::float8, 29.5::float8), ('2024-03-01', 1, 12.5)$$, 'months');
UPDATE candle_data SET volume = NULL, oi = NULL WHERE timeframe = '1m';
SELECT is(
    (SELECT count(*)::int FROM resample_candles(1, '1m', '1h') WHERE volume IS NULL AND oi IS NULL), 9,
    'an index without volume');
SELECT throws_ok(format('SELECT FROM resample_candles(1, %L, %L)', s, t), '22023', NULL, t || ' from ' || s)
FROM (
    VALUES ('5m', '3m'), ('5m', '5m'), ('2m', '5m'), ('1d', '1h'), ('1m', '1w'), ('1w', '1mo'), ('1h', '1m')) v (s, t);
SELECT throws_ok($$SELECT FROM resample_candles(9, '1m', '5m')$$, '42704', NULL, 'no such instrument');
SELECT * FROM finish();
ROLLBACK;
