-- Retention: dropped candles leave their indicators and what was derived of them, and what comes after stays what it
-- was, to the bit.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
SET timezone = 'Asia/Kolkata';
SET pg_candle.now = '2026-03-02 12:00';
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (1, 'NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE'), (2, 'C|2', 'C', 'CRYPTO', 'SPOT', 'TWO'),
    (3, 'NSE_EQ|3', 'NSE', 'NSE_EQ', 'EQ', 'THREE');
CREATE FUNCTION fill(id int, tf text, first int, last int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume, oi)
    SELECT id, tf, ts, p, p + 2, p - 2, p + 1, 1000 + n % 77, n
    FROM (
        SELECT s.ts, row_number() OVER (ORDER BY s.ts) AS n FROM trading_sessions('NSE', '2026-01-01', '2026-02-27') t,
              LATERAL generate_series(t.opens_at, t.closes_at - interval '1 min', '1 min') s (ts) WHERE tf = '1m'
          UNION ALL SELECT (date '2024-01-01' + d)::timestamptz, d FROM generate_series(1, 790) d WHERE tf = '1d') x,
        LATERAL (SELECT 100 + 20 * sin(n / 17.0) + (hashint4((n + id)::int) % 1000) / 500.0 AS p) y
    WHERE n BETWEEN first AND last $$;
SELECT fill(1, '1m', 1, 10000), fill(2, '1m', 1, 3000), fill(1, '1d', 1, 600), fill(3, '1m', 1, 100);
CALL refresh_timeframes();
SELECT ok(compute_indicators() > 0, 'computed');
CREATE TABLE kept_rows AS SELECT * FROM indicator_data;
CREATE TABLE kept_candles AS SELECT * FROM candle_data;
CREATE FUNCTION lost() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('row %s/%s %s', k.instrument_id, k.timeframe, k.ts) FROM kept_rows k
    WHERE NOT EXISTS (
        SELECT
        FROM indicator_data i
        WHERE i.instrument_id = k.instrument_id AND i.timeframe = k.timeframe AND i.ts = k.ts AND i *= k)
    UNION ALL
    SELECT format('derived candle %s/%s %s', k.instrument_id, k.timeframe, k.ts) FROM kept_candles k
    WHERE k.source = 'd'
      AND NOT EXISTS (
          SELECT
          FROM candle_data c
          WHERE (c.instrument_id, c.timeframe, c.ts, c.open, c.high, c.low, c.close, c.volume, c.oi)
        IS NOT DISTINCT FROM (k.instrument_id, k.timeframe, k.ts, k.open, k.high, k.low, k.close, k.volume, k.oi))
    UNION ALL SELECT format('more rows: %s', count(*))
        FROM indicator_data
        HAVING count(*) <> (SELECT count(*) FROM kept_rows) $$;

-- Dropped, in whole days of the market.
CALL drop_candles('1m', '2026-01-20 13:00');
SELECT is(
    (SELECT min(ts) FROM candle_data WHERE instrument_id = 1 AND timeframe = '1m'), '2026-01-20 09:15'::timestamptz,
    'from the day of older_than on, all are left');
SELECT is(
    (SELECT min(ts) FROM candle_data WHERE instrument_id = 1 AND timeframe = '5m'), '2026-01-01 09:15'::timestamptz,
    'derived ones are left');
SELECT is(
    (SELECT count(*) FROM candle_data WHERE instrument_id = 3 AND timeframe = '1m'), 0::bigint,
    'of an instrument with nothing younger, nothing is left');
SELECT is((SELECT string_agg(format('%s/%s %s', instrument_id, timeframe, bars), ', ' ORDER BY 1) FROM dropped_candles),
    (
        SELECT string_agg(format('%s/1m %s', instrument_id, n), ', ' ORDER BY 1)
        FROM (
            SELECT instrument_id, count(*) AS n
            FROM kept_candles
            WHERE timeframe = '1m' AND ts < '2026-01-20'
            GROUP BY 1) k), 'how many is noted');
SELECT is_empty('SELECT * FROM lost() LIMIT 3', 'no row of indicators and no derived candle is lost');
CALL refresh_timeframes();
SELECT is(compute_indicators(), 0::bigint, 'the next refresh has nothing to write');
CALL refresh_timeframes(force => true);
SELECT is(compute_indicators(verify => true), 0::bigint, 'nor do verify and force');
SELECT is_empty('SELECT * FROM lost() LIMIT 3', 'and lose nothing');
SELECT is(
    (SELECT count(*) FROM detect_gaps(1, '1m', '2026-01-01', '2026-02-01')), 0::bigint,
    'what was dropped is not missing');
SELECT is((SELECT count(*) FROM ranges_to_request(1, '1m', '2026-01-01', '2026-01-19')), 0::bigint, 'nor asked for');
SELECT is(plan_series('backfill', 1, '1m', '2026-01-01', '2026-01-19'), 0, 'nor planned');

-- What comes later is computed as if they were still there.
SELECT fill(1, '1m', 10001, 12000), fill(2, '1m', 3001, 3500);
INSERT INTO kept_candles SELECT *
FROM candle_data c
WHERE timeframe = '1m'
  AND NOT EXISTS (
      SELECT FROM kept_candles k WHERE (k.instrument_id, k.timeframe, k.ts) = (c.instrument_id, c.timeframe, c.ts));
CALL refresh_timeframes();
SELECT is(
    (SELECT count(*) FROM candle_data WHERE instrument_id = 1 AND timeframe = '1m' AND source = 'h'),
    12000 - (SELECT bars FROM dropped_candles WHERE instrument_id = 1), 'new candles');
SELECT ok(compute_indicators() > 2000, 'are computed');
CREATE FUNCTION wrong() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    -- With the dropped ones back: what a series that was never cut would have.
    CREATE TEMP TABLE stored AS SELECT * FROM indicator_data WHERE timeframe = '1m';
    SET LOCAL pg_candle.log_changes = off;
    INSERT INTO candle_data SELECT * FROM kept_candles k WHERE k.timeframe = '1m' ON CONFLICT DO NOTHING;
    RAISE EXCEPTION USING ERRCODE = 'ZZZZZ', MESSAGE = coalesce((
        SELECT string_agg(format('%s %s', i.instrument_id, i.ts), ', ')
        FROM (
            SELECT i.instrument_id, i.ts
            FROM unnest('{1,2,3}'::int[]) id, LATERAL indicators(NULL::indicator_data, id, '1m') i
              LEFT JOIN stored s ON s.instrument_id = i.instrument_id AND s.ts = i.ts
              WHERE s.ts IS NULL OR NOT i *= s ORDER BY 1, 2 LIMIT 3) i), 'equal');
EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN
    RETURN NEXT SQLERRM;
END $$;
SELECT results_eq(
    'SELECT * FROM wrong()', ARRAY['equal'], 'and equal what they were if nothing had been dropped, in every bit');
UPDATE candle_data SET close = high WHERE instrument_id = 1 AND timeframe = '1m' AND ts = '2026-01-21 10:00';
UPDATE kept_candles SET close = high WHERE instrument_id = 1 AND timeframe = '1m' AND ts = '2026-01-21 10:00';
CALL refresh_timeframes();
SELECT ok(compute_indicators() > 5000, 'a late correction after the cut');
SELECT results_eq('SELECT * FROM wrong()', ARRAY['equal'], 'starts from the cut, too');

-- Dropped again, and of the youngest.
CALL drop_candles('1m', interval '20 days');
SELECT is(
    (SELECT kept_from FROM dropped_candles WHERE instrument_id = 1 AND timeframe = '1m'),
    '2026-02-10 00:00'::timestamptz, 'an interval goes back from now');
SELECT is(compute_indicators(), 0::bigint, 'a second cut leaves nothing to compute');
SELECT results_eq('SELECT * FROM wrong()', ARRAY['equal'], 'and the same bits');
CALL drop_candles('1m', '2026-02-01');
SELECT is(
    (SELECT kept_from FROM dropped_candles WHERE instrument_id = 1 AND timeframe = '1m'),
    '2026-02-10 00:00'::timestamptz, 'an earlier cut changes nothing');
CALL drop_candles('1d', date '2025-01-01');
CALL refresh_timeframes();
SELECT is(compute_indicators(), 0::bigint, 'days, too');
SELECT is(
    (SELECT min(ts) FROM candle_data WHERE instrument_id = 1 AND timeframe = '1w'),
    (SELECT min(ts) FROM kept_candles WHERE instrument_id = 1 AND timeframe = '1w'), 'weeks are left');

-- Fewer columns, or other types, are no reason to begin anew; an indicator that is new is.
ALTER TABLE indicator_data DROP COLUMN ema_200, ALTER COLUMN sma_20 TYPE real;
ALTER TABLE indicator_data RENAME COLUMN rsi_14 TO my_rsi;
SELECT is(compute_indicators(), 0::bigint, 'columns that go, or have another type, change no row');
SELECT is(compute_indicators(verify => true), 0::bigint, 'nor does verify');
ALTER TABLE indicator_data DROP COLUMN my_rsi;
UPDATE candle_data SET close = low
WHERE instrument_id = 1 AND timeframe = '1m' AND ts = '2026-02-11 10:00';
UPDATE kept_candles SET close = low
WHERE instrument_id = 1 AND timeframe = '1m' AND ts = '2026-02-11 10:00';
SELECT ok(compute_indicators(1, '1m') > 0, 'a late correction');
SELECT results_eq('SELECT * FROM wrong()', ARRAY['equal'],
    'starts from the cut with the columns that are left');
CALL drop_candles('1m', interval '19 days');
SELECT is(compute_indicators(), 0::bigint, 'a third cut');
SELECT results_eq('SELECT * FROM wrong()', ARRAY['equal'], 'leaves the same bits');
ALTER TABLE indicator_data ADD COLUMN sma_7 float8;
SELECT ok(compute_indicators() > 0, 'with a new column they begin with what is left');
SELECT isnt((SELECT wrong()), 'equal', 'as nobody knows what it was');
ALTER TABLE indicator_data DROP COLUMN sma_7;
SELECT ok(compute_indicators() > 0, 'without it');
SELECT results_eq('SELECT * FROM wrong()', ARRAY['equal'], 'they are what they were');

-- A rebuild starts from what is left.
SELECT is(
    compute_indicators(2, '1m', force => true),
    (SELECT count(*) FROM candle_data WHERE instrument_id = 2 AND timeframe = '1m'), 'force writes what has candles');
SELECT is_empty(
    $$
        SELECT ts
        FROM indicators(NULL::indicator_data, 2, '1m') i
        WHERE NOT EXISTS (SELECT FROM indicator_data d WHERE d *= i)$$, 'as if nothing had been before them');
SELECT is(compute_indicators(), 0::bigint, 'and it stays so');
ALTER TABLE indicator_data ADD COLUMN sma_5 float8;
SELECT ok(compute_indicators() > 0, 'a new column is filled');
SELECT is(
    (SELECT min(ts) FROM indicator_data WHERE instrument_id = 1 AND timeframe = '1m'), '2026-01-01 09:15'::timestamptz,
    'rows of dropped candles stay');
SELECT is(
    (SELECT count(sma_5) FROM indicator_data WHERE instrument_id = 1 AND timeframe = '1m'),
    (SELECT count(*) - 4 FROM candle_data WHERE instrument_id = 1 AND timeframe = '1m'),
    'from the first candle that is left');
SELECT is(compute_indicators(), 0::bigint, 'once');

-- A plain DELETE keeps its meaning; and candles that come back begin the series anew.
DELETE FROM candle_data WHERE instrument_id = 1 AND timeframe = '1m' AND ts >= '2026-02-12';
CALL refresh_timeframes();
SELECT ok(compute_indicators() > 0, 'candles that are deleted take their rows with them');
SELECT is(
    (SELECT max(ts) < '2026-02-12' FROM indicator_data WHERE instrument_id = 1 AND timeframe IN ('1m', '5m')), true,
    'and what was made of them');
INSERT INTO candle_data SELECT * FROM kept_candles WHERE instrument_id = 3 AND timeframe = '1m';
CALL refresh_timeframes();
SELECT is(
    compute_indicators(3, '1m'), 96::bigint, 'dropped candles that come back have their rows; the new column is filled'
);

-- What happened to the whole table before reaches what is kept, noted or past the triggers.
CREATE FUNCTION weeks_of_today()
RETURNS TABLE (id int, ts timestamptz, close float8, volume float8) LANGUAGE sql AS $$
    SELECT 4, r.ts, r.close, r.volume FROM resample_candles(4, '1d', '1w') r $$;
CREATE TABLE expected (id int, ts timestamptz, close float8, volume float8);
CREATE FUNCTION not_as_expected() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('%s: %s, %s, not %s, %s', e.ts, c.close, c.volume, e.close, e.volume)
    FROM expected e
    LEFT JOIN candle_data c ON c.instrument_id = e.id AND c.timeframe = '1w' AND c.ts = e.ts
    WHERE (c.close, c.volume) IS DISTINCT FROM (e.close, e.volume) ORDER BY 1 LIMIT 3 $$;
INSERT INTO instrument_master
    (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (4, 'NSE_EQ|4', 'NSE', 'NSE_EQ', 'EQ', 'FOUR');
SELECT fill(4, '1d', 1, 700);
CALL refresh_timeframes();
SELECT ok(compute_indicators() > 0, 'an instrument of days and weeks');
ALTER TABLE candle_data ALTER volume TYPE float8 USING volume + 1;
INSERT INTO expected SELECT * FROM weeks_of_today();
CALL drop_candles('1d', date '2024-07-01');
SELECT is_empty('SELECT * FROM not_as_expected()',
    'a rewritten column reaches the weeks of dropped days');
SELECT is_empty($$SELECT FROM candle_data
    WHERE instrument_id = 4 AND timeframe = '1d' AND ts < '2024-07-01'$$, 'which are dropped');
ALTER TABLE candle_data DISABLE TRIGGER USER;
UPDATE candle_data SET close = low WHERE instrument_id = 4 AND timeframe = '1d';
DELETE FROM expected WHERE ts >= '2024-07-01';
INSERT INTO expected SELECT * FROM weeks_of_today() WHERE ts >= '2024-07-01';
CALL drop_candles('1d', date '2025-01-01');
SELECT is_empty('SELECT * FROM not_as_expected()', 'and so do changes that nobody noted');
ALTER TABLE candle_data ENABLE TRIGGER USER;
CALL refresh_timeframes();
SELECT is_empty('SELECT * FROM not_as_expected()', 'and they stay');
-- Who does not see all of the calendars would derive others.
CREATE ROLE short_sighted;
ALTER TABLE trading_holiday ENABLE ROW LEVEL SECURITY;
CREATE POLICY some_of_them ON trading_holiday TO short_sighted USING (false);
GRANT ALL ON ALL TABLES IN SCHEMA public TO short_sighted;
SET ROLE short_sighted;
SELECT throws_like('CALL drop_candles(''1d'', date ''2025-06-01'')',
    'role "short_sighted" does not see all rows of %trading_holiday',
    'who does not see all holidays drops nothing of which something is made');
RESET ROLE;

-- A week or month that is not over keeps its days, as more will come.
INSERT INTO instrument_master
    (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (5, 'NSE_EQ|5', 'NSE', 'NSE_EQ', 'EQ', 'FIVE');
SET pg_candle.now = '2026-02-20 12:00';
SELECT fill(5, '1d', 1, 780);
CALL refresh_timeframes();
CALL drop_candles('1d', interval '1 hour');
SELECT is((SELECT min(ts) FROM candle_data WHERE instrument_id = 5 AND timeframe = '1d'),
    '2026-02-01'::timestamptz, 'what began this month is kept');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
VALUES (5, '1d', '2026-02-20', 500, 501, 499, 500, 7);
CALL refresh_timeframes();
SELECT results_eq(
    $$SELECT open, close, volume FROM candle_data
      WHERE instrument_id = 5 AND timeframe = '1mo' AND ts = '2026-02-01'$$,
    $$SELECT open, close, volume
      FROM resample_candles(5, '1d', '1mo', '2026-02-01', '2026-03-01') WHERE volume > 10000$$,
    'and the month goes on');

-- What is no moment.
SELECT throws_ok('CALL drop_candles(''1m'', ''infinity'')', '22023', NULL, 'all time is no age');
SELECT throws_ok('CALL drop_candles(''1m'', now() + interval ''10 years'')', '22023', NULL, 'nor the future');
SELECT throws_ok('CALL drop_candles(''1m'', ''long ago'')', '22007', NULL, 'nor words');
SELECT throws_ok('CALL drop_candles(''1m'', 5)', '42804', NULL, 'nor a number');
SELECT throws_ok('CALL drop_candles(''60m'', now())', '22023', NULL, 'a timeframe that is none');
SELECT throws_ok('CALL drop_candles(NULL, now())', '22004', NULL, 'NULL is all of none');
SELECT * FROM finish();
ROLLBACK;
