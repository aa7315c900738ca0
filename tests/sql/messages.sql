-- Nothing is silently nothing; messages name what they are about, and say "does not exist" only of what does not.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
SET timezone = 'Asia/Kolkata';
SET client_min_messages = error;
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (1, 'NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE'), (2, 'C|2', 'C', 'CRYPTO', 'SPOT', 'TWO');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
SELECT id, '1m', '2026-01-05 09:15'::timestamptz + n * interval '1 min', 100, 101, 99, 100, 1
FROM generate_series(1, 2) id, generate_series(0, 99) n;
CREATE FUNCTION said(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
    context text;
BEGIN
    EXECUTE statement;
    RETURN 'nothing';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
    RETURN concat_ws(
        ' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''), CASE
            WHEN context ~ 'pg_candle \*/|SQL statement "(WITH|INSERT|UPDATE|DELETE)'
            THEN 'internal SQL: ' || context END);
END $$;

-- Arguments.
SELECT alike(said('SELECT compute_indicators(NULL)'), '22004 |%', 'compute_indicators(NULL)');
SELECT alike(said('SELECT compute_indicators(NULL::text)'), '22004 |%', 'the same by name');
SELECT alike(said('SELECT compute_indicators(NULL, ''1m'')'), '22004 |%', 'with a timeframe');
SELECT lives_ok('SELECT compute_indicators()', 'all series: without arguments');
PREPARE untyped AS SELECT compute_indicators($1);
SELECT lives_ok('EXECUTE untyped(1)', 'an untyped 1');
SELECT lives_ok($$EXECUTE untyped('ONE')$$, 'an untyped name');
SELECT is(said('SELECT * FROM resample_candles(1, ''1m'', ''1h'', NULL, NULL)'), 'nothing', 'NULL bounds');
SELECT results_eq(
    'SELECT * FROM resample_candles(1, ''1m'', ''1h'', NULL, NULL)',
    'SELECT * FROM resample_candles(1, ''1m'', ''1h'')', 'are open ones');
SELECT results_eq(
    'SELECT * FROM indicators(NULL::indicator_data, 1, ''1m'', NULL, NULL)',
    'SELECT * FROM indicators(NULL::indicator_data, 1, ''1m'')', 'as of indicators()');
SELECT alike(said(statement), '22004 |%', statement)
FROM unnest(
    ARRAY[
        'SELECT * FROM resample_candles(NULL, ''1m'', ''1h'')', 'SELECT * FROM resample_candles(1, NULL, ''1h'')',
        'SELECT * FROM resample_candles(1, ''1m'', NULL)',
    'SELECT * FROM indicators(NULL::indicator_data, NULL, ''1m'')',
        'SELECT * FROM indicators(NULL::indicator_data, 1, NULL)',
        'SELECT * FROM detect_gaps(NULL, ''1m'', now(), now())', 'SELECT expected_candles(1, NULL, now(), now())',
    'SELECT * FROM ranges_to_request(NULL, ''1m'')',
        'SELECT * FROM trading_sessions(NULL, ''2026-01-01'', ''2026-01-02'')',
        'SELECT * FROM trading_sessions(''NSE'', NULL, ''2026-01-02'')', 'SELECT market_is_open(NULL)']) statement;
SELECT alike(
    said('SELECT * FROM resample_candles(99, ''1m'', ''1h'')'), '42704 |%99%', 'an instrument that is not there');
SELECT alike(
    said('SELECT * FROM resample_candles(1, ''60m'', ''1h'')'), '22023 | "60m" is not a timeframe%1h%',
    'a timeframe that is none, and what was meant');
SELECT alike(
    said('SELECT * FROM trading_sessions(''XETRA'', ''2026-01-01'', ''2026-01-02'')'),
    '42704 | calendar "XETRA" does not exist%', 'a calendar that is not there');
ALTER TABLE trading_calendar DISABLE TRIGGER USER;
UPDATE trading_calendar SET timezone = 'Nowhere' WHERE calendar = 'BSE';
SELECT alike(
    said('SELECT * FROM trading_sessions(''BSE'', ''2026-01-01'', ''2026-01-02'')'),
    '42704 | calendar "BSE" cannot be used%Nowhere%', 'one that is there but cannot be used');
SELECT unalike(
    said('SELECT * FROM trading_sessions(''BSE'', ''2026-01-01'', ''2026-01-02'')'), '%not exist%',
    'is not said to be missing');

-- Settings.
SELECT alike(said('SET pg_candle.now = ''garbage'''), '22023 |%pg_candle.now%', 'pg_candle.now = garbage');
SELECT alike(said('SET pg_candle.now = ''2026-13-45'''), '22023 |%pg_candle.now%', 'a date that is none');
SELECT alike(
    said('SET pg_candle.stale_after = ''soon'''), '22023 |%pg_candle.stale_after%', 'an interval that is none');
SELECT lives_ok('SET pg_candle.now = ''2026-01-05 12:00+05:30''', 'a moment');
SELECT lives_ok('SET pg_candle.now = ''''', 'none');
SELECT alike(said(format('SET pg_candle.%s = %L', s, v)), '22023 |%', format('%s = %s', s, v))
FROM (
    VALUES ('naptime', 'never'), ('verify_every', '-5'), ('bulk_index_entries', 'perhaps'), ('log_changes', 'maybe')
) t (s, v)
WHERE EXISTS (SELECT FROM pg_settings WHERE name = 'pg_candle.' || s AND context IN ('user', 'superuser'));

-- Columns.
ALTER TABLE indicator_data ADD COLUMN macd_26_12_9 float8;
SELECT alike(
    said('SELECT compute_indicators()'),
    '%column "macd_26_12_9" of %indicator_data cannot be computed | The fast period 26 must be smaller than the slow '
    'period 12. |%',
    'a column that cannot be computed');
ALTER TABLE indicator_data DROP COLUMN macd_26_12_9;

-- Keys.
ALTER TABLE candle_data DROP CONSTRAINT candle_data_pkey;
SELECT alike(
    said('CALL refresh_timeframes()'),
    '55000 | table public.candle_data has no unique key (instrument_id, timeframe, ts)%', 'a key that is missing');
ALTER TABLE candle_data ADD PRIMARY KEY (instrument_id, timeframe, ts);
ALTER TABLE indicator_state DROP CONSTRAINT indicator_state_pkey CASCADE;
SELECT alike(
    said('SELECT compute_indicators()'),
    '55000 | table public.indicator_state has no unique key (instrument_id, timeframe)%', 'also of a state');
ALTER TABLE indicator_state ADD PRIMARY KEY (instrument_id, timeframe);
ALTER TABLE dropped_candles DROP CONSTRAINT dropped_candles_pkey;
SELECT alike(
    said('CALL drop_candles(''1m'', ''2026-01-06 10:00+05:30'')'),
    '55000 | table public.dropped_candles has no unique key (instrument_id, timeframe)%', 'or of what was dropped');
ALTER TABLE dropped_candles ADD PRIMARY KEY (instrument_id, timeframe);

-- Rows are named.
ALTER TABLE candle_data DROP CONSTRAINT candle_data_prices;
UPDATE candle_data SET close = 'NaN' WHERE instrument_id = 2 AND ts = '2026-01-05 10:07';
SELECT alike(said(statement), '%instrument 2%1m%2026-01-05 10:07%', statement)
FROM unnest(
    ARRAY[
        'SELECT compute_indicators(2)', 'SELECT * FROM indicators(NULL::indicator_data, 2, ''1m'')',
        'SELECT * FROM resample_candles(2, ''1m'', ''1h'')']) statement;
SELECT unalike(said(statement), '%internal SQL%', statement || ' shows no SQL of its own')
FROM unnest(
    ARRAY[
        'SELECT compute_indicators(2)', 'SELECT * FROM indicators(NULL::indicator_data, 2, ''1m'')',
        'SELECT * FROM resample_candles(2, ''1m'', ''1h'')']) statement;
ALTER TABLE candle_data ALTER high TYPE numeric USING 1e400;
SELECT alike(said('SELECT compute_indicators(1)'), '%', 'a number beyond float8');
SELECT unalike(said('SELECT compute_indicators(1)'), '%internal SQL%', 'shows no SQL of its own');
SELECT unalike(said('SELECT * FROM resample_candles(1, ''1m'', ''1h'')'), '%internal SQL%', 'nor here');
CREATE ROLE nobody_special;
SET ROLE nobody_special;
SELECT alike(said('SELECT compute_indicators()'), '42501 | permission denied for table %', 'a right that is missing');
SELECT unalike(said('SELECT compute_indicators()'), '%internal SQL%', 'without SQL');
RESET ROLE;
DROP TABLE candle_coverage;
SELECT alike(
    said('SELECT * FROM detect_gaps(1, ''1m'', ''2026-01-05'', ''2026-01-06'')'),
    '42P01 | table public.candle_coverage does not exist%create_candle_tables%',
    'a table that is missing, and how to get it');
SELECT * FROM finish();
ROLLBACK;
