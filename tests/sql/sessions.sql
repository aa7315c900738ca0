-- What starts anew with each session, against plain SQL: a session is a date in Asia/Kolkata, whatever the zone of the client.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
SET LOCAL timezone = 'America/New_York';
-- Around the clock for five days, so that sessions end in the middle of UTC days, and an evening hour alone on a sixth.
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT 1, '5m', t, p, p + 1 + i % 3, p - 1 - i % 2, p + sin(i), i % 11
    FROM (SELECT i, t, 100 + 10 * sin(i / 7.0) AS p FROM generate_series('2026-01-05 00:00+05:30'::timestamptz, '2026-01-09 23:55+05:30', '5 min') WITH ORDINALITY AS g (t, i)
        UNION ALL SELECT i, t, 90 + i FROM generate_series('2026-01-11 18:00+05:30'::timestamptz, '2026-01-11 19:00+05:30', '5 min') WITH ORDINALITY AS g (t, i)) s;
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT 1, '1d', min(ts), min(open), max(high), min(low), min(close), sum(volume) FROM candle_data GROUP BY (ts AT TIME ZONE 'Asia/Kolkata')::date;
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    VALUES (2, '5m', '1944-06-01 00:00+06:30', 1, 4, 1, 4, 1), (2, '5m', '1944-06-01 23:55+06:30', 1, 1, 1, 1, 1), (2, '5m', '1944-06-02 00:00+06:30', 1, 1, 1, 1, 1);
ALTER TABLE indicator_data ADD fib_pivot_r2 float8;
SELECT compute_indicators();

CREATE TEMP TABLE expected AS
WITH sessions AS (
    SELECT instrument_id, timeframe, day, high, low, close,
        lag(high) OVER w AS h, lag(low) OVER w AS l, lag(close) OVER w AS c
    FROM (SELECT instrument_id, timeframe, (ts AT TIME ZONE 'Asia/Kolkata')::date AS day, max(high) AS high, min(low) AS low, (array_agg(close ORDER BY ts DESC))[1] AS close
          FROM candle_data GROUP BY 1, 2, 3) d
    WINDOW w AS (PARTITION BY instrument_id, timeframe ORDER BY day))
SELECT k.instrument_id, k.timeframe, k.ts, (h + l + c) / 3 AS pivot, 2 * (h + l + c) / 3 - l AS pivot_r1, l - 2 * (h - (h + l + c) / 3) AS pivot_s3,
    h - 0.618 * (h - l) AS fib_618, (h + l + c) / 3 + 0.618 * (h - l) AS fib_pivot_r2,
    sum((k.high + k.low + k.close) / 3 * k.volume) OVER v / nullif(sum(k.volume) OVER v, 0) AS vwap
FROM candle_data k JOIN sessions s ON s.instrument_id = k.instrument_id AND s.timeframe = k.timeframe AND s.day = (k.ts AT TIME ZONE 'Asia/Kolkata')::date
WINDOW v AS (PARTITION BY k.instrument_id, k.timeframe, s.day ORDER BY k.ts);

CREATE FUNCTION differing(name text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM expected e JOIN indicator_data i USING (instrument_id, timeframe, ts)
        WHERE (e.%1$I IS NULL) <> (i.%1$I IS NULL) OR abs(e.%1$I - i.%1$I) > 1e-9 * greatest(1, abs(e.%1$I))', name) INTO n;
    RETURN n;
END $$;
SELECT is((SELECT count(*) FROM expected), (SELECT count(*) FROM indicator_data), 'every candle is compared');
SELECT is(differing(name), 0::bigint, name || ' starts with the session') FROM unnest(ARRAY['vwap', 'pivot', 'pivot_r1', 'pivot_s3', 'fib_618', 'fib_pivot_r2']) name;
SELECT ok((SELECT count(*) > 1000 FROM indicator_data WHERE pivot IS NOT NULL), 'there are pivots');
SELECT is((SELECT count(*)::int FROM indicator_data WHERE pivot IS NULL), 288 + 1 + 2, 'none in the first session of a series');
SELECT is((SELECT vwap FROM indicator_data WHERE instrument_id = 2 AND ts = '1944-06-01 23:55+06:30'), 2::float8, 'India''s clocks of 1944 are known');
SELECT * FROM finish();
ROLLBACK;
