-- Commodities close later while New York is on winter time: by its change of clocks.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
SET timezone = 'Asia/Kolkata';
SELECT results_eq(
    format('SELECT opens_at::time, closes_at::time FROM trading_sessions(%L, %L, %L)', calendar, day, day),
    format('VALUES (%L::time, %L::time)', opens, closes), format('%s on %s', calendar, day))
FROM (
    VALUES ('MCX', '2026-01-05', '09:00', '23:55'), ('MCX', '2026-03-06', '09:00', '23:55'),
    ('MCX', '2026-03-09', '09:00', '23:30'), ('MCX', '2026-07-06', '09:00', '23:30'),
    ('MCX', '2026-10-30', '09:00', '23:30'), ('MCX', '2026-11-02', '09:00', '23:55'),
        ('MCX', '2023-11-03', '09:00', '23:30'), ('MCX', '2023-11-06', '09:00', '23:55'),
        ('MCX', '2022-11-04', '09:00', '23:30'),
    ('MCX', '2022-11-07', '09:00', '23:55'), ('MCX', '2027-01-04', '09:00', '23:55'),
        ('NSCOM', '2026-01-05', '09:00', '23:55'), ('NSCOM', '2026-07-06', '09:00', '23:30')) t (calendar, day, opens,
        closes);
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (3, 'MCX_FO|3', 'MCX', 'MCX_FO', 'FUT', 'GOLD');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
SELECT 3, '1m', '2026-01-05 09:00'::timestamptz + n * interval '1 min', n, n, n, n, 1 FROM generate_series(0, 894) n;
SELECT results_eq(
    $$SELECT close, volume FROM resample_candles(3, '1m', '1d')$$, $$VALUES (894::float8, 895::float8)$$,
    'a winter''s day has all of its candles');
SELECT ok(
    market_is_open('MCX', '2026-01-05 23:40')
      AND NOT market_is_open('MCX', '2026-01-05 23:55')
      AND NOT market_is_open('MCX', '2026-07-06 23:40'), 'and is open until five to twelve');
DELETE FROM candle_data WHERE ts >= '2026-01-05 23:30';
SELECT is(expected_candles(3, '1m', '2026-01-05', '2026-01-06'), 895::bigint, 'all are expected');
SELECT results_eq($$SELECT missing FROM detect_gaps(3, '1m', '2026-01-05', '2026-01-06')$$, ARRAY[25], 'and missed');
SELECT is(
    (
        SELECT count(*)
        FROM generate_series('2005-01-01'::date, '2026-12-31', '1 day') d,
            LATERAL trading_sessions('MCX', d::date, d::date) s
           WHERE s.kind IN ('regular', 'assumed') AND d >= '2008-01-01'
             AND (s.closes_at::time = '23:55') <> (
                 extract(timezone FROM d) IS NOT NULL
                   AND to_char(
                       (d::date + time '12:00') AT TIME ZONE 'America/New_York' AT TIME ZONE 'UTC', 'HH24') = '17'
             )), 0::bigint, 'whatever the year');
SELECT * FROM finish();
ROLLBACK;
