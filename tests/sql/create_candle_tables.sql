-- The tables: whose they are, what they refuse, and that they outlive the extension.
BEGIN;
SELECT no_plan();

SELECT lives_ok('SELECT create_candle_tables()', 'creates the tables');
SELECT lives_ok('SELECT create_candle_tables()', 'may be called again');
SELECT set_eq($$SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'$$,
    ARRAY[
        'instrument_master', 'option_master', 'future_master', 'candle_data', 'indicator_data', 'indicator_state',
        'indicator_checkpoint', 'refresh_run',
          'dropped_candles', 'watchlist', 'candle_coverage', 'ltp_data', 'request_log', 'trading_calendar',
              'trading_holiday', 'special_session',
          'candle_change', 'sync_job', 'data_sync_status', 'sync_run', 'sync_alert', 'sync_timetable'],
    'these tables and no others');
SELECT is_empty($$SELECT objid::regclass FROM pg_depend d JOIN pg_extension e ON d.refobjid = e.oid
    WHERE e.extname = 'pg_candle' AND d.classid = 'pg_class'::regclass$$, 'no table is a member of the extension');
SELECT is_empty(
    $$SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relnamespace = 'public'::regnamespace
      AND c.relkind = 'r'
      AND a.attnum > 0
      AND t.typnamespace <> 'pg_catalog'::regnamespace$$,
    'only built-in types');
SELECT is_empty(
    $$
        SELECT conname
        FROM pg_constraint
        WHERE contype = 'f' AND conrelid IN ('candle_data'::regclass, 'indicator_data'::regclass)$$,
    'no foreign key from a big table');
SELECT col_is_pk('candle_data', ARRAY['instrument_id', 'timeframe', 'ts'], 'the key of candle_data');
SELECT col_is_pk('indicator_data', ARRAY['instrument_id', 'timeframe', 'ts'], 'the key of indicator_data');
SELECT is((SELECT collname::text FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation
    WHERE attrelid = 'candle_data'::regclass AND attname = 'timeframe'), 'C', 'timeframe is collated "C"');
SELECT is(
    (
        SELECT string_agg(attname, ' ' ORDER BY attnum)
        FROM pg_attribute
        WHERE attrelid = 'candle_data'::regclass AND attnum > 0),
    'instrument_id timeframe source ts open high low close volume oi', 'the order of columns packs a row');
SELECT is(
    (SELECT count(*)::int FROM pg_attribute WHERE attrelid = 'indicator_data'::regclass AND attnum > 4), 35,
    'default indicator columns');

-- Instruments
SELECT lives_ok($$INSERT INTO instrument_master (instrument_key, exchange, segment, instrument_type, trading_symbol)
    VALUES ('NSE_EQ|INE1', 'NSE', 'NSE_EQ', 'EQ', 'ONE')$$, 'five columns are enough');
SELECT lives_ok(
    $$
        INSERT INTO instrument_master (
            instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol, expiry_date)
    VALUES (500, 'NSE_FO|1', 'NSE', 'NSE_FO', 'CE', 'ONE CE', '2026-01-29'),
        (501, 'NSE_FO|1', 'NSE', 'NSE_FO', 'CE', 'ONE CE', '2026-02-26')$$,
    'a key may come again with another expiry, and ids may be given');
SELECT throws_ok($$INSERT INTO instrument_master (instrument_key, exchange, segment, instrument_type, trading_symbol)
    VALUES ('NSE_EQ|INE1', 'NSE', 'NSE_EQ', 'EQ', 'TWO')$$
        , '23505', NULL, 'the same key without expiry is the same instrument');
SELECT throws_ok(
    $$
        INSERT INTO option_master (instrument_id, expiry_date, strike_price, option_type)
        VALUES (500, '2026-01-29', 100, 'CE')$$,
    '23502', NULL, 'an option has a lot size');
SELECT throws_ok(
    $$
        INSERT INTO option_master (instrument_id, expiry_date, strike_price, option_type, lot_size)
        VALUES (500, '2026-01-29', 100, 'XX', 1)$$,
    '23514', NULL, 'an option is CE or PE');

-- Candles
CREATE FUNCTION candle(o float8, h float8, l float8, c float8) RETURNS text LANGUAGE sql AS
    $$SELECT format('INSERT INTO candle_data VALUES (1, ''1m'', ''h'', now(), %L, %L, %L, %L, 0)', o, h, l, c)$$;
SELECT throws_ok(candle(1, 2, 3, 1), '23514', NULL, 'low above high');
SELECT throws_ok(candle(5, 4, 1, 2), '23514', NULL, 'open above high');
SELECT throws_ok(candle(2, 4, 3, 3), '23514', NULL, 'open below low');
SELECT throws_ok(candle(2, 4, 1, 5), '23514', NULL, 'close above high');
SELECT throws_ok(candle('NaN', 2, 1, 1), '23514', NULL, 'NaN open');
SELECT throws_ok(candle(1, 'NaN', 1, 1), '23514', NULL, 'NaN high');
SELECT throws_ok(candle(1, 2, 'NaN', 1), '23514', NULL, 'NaN low');
SELECT throws_ok(candle(1, 2, 1, 'NaN'), '23514', NULL, 'NaN close');
SELECT throws_ok(candle(1, 'Infinity', 1, 1), '23514', NULL, 'infinite high');
SELECT throws_ok(candle(1, 2, '-Infinity', 1), '23514', NULL, 'infinite low');
SELECT throws_ok(candle(NULL, 2, 1, 1), '23502', NULL, 'no open');
SELECT lives_ok(candle(-2, -1, -3, -2), 'a negative price is a price');
SELECT is((SELECT source FROM candle_data LIMIT 1), 'h'::"char", 'historical is the default source');

-- DROP EXTENSION leaves everything that is data.
SELECT compute_indicators();
SELECT lives_ok('DROP EXTENSION pg_candle', 'the extension can be dropped without CASCADE');
SELECT is((SELECT count(*)::int FROM candle_data), 1, 'candles are still there');
SELECT is((SELECT count(*)::int FROM indicator_data), 1, 'indicators are still there');
SELECT lives_ok('CREATE EXTENSION pg_candle', 'and it can come back');
SELECT lives_ok('SELECT create_candle_tables()', 'to the same tables');
SELECT is(compute_indicators(), 0::bigint, 'which are up to date');

-- What belongs to somebody else, or is something else, is not taken over.
CREATE ROLE candle_stranger;
GRANT ALL ON SCHEMA public TO candle_stranger;
SET ROLE candle_stranger;
SELECT throws_ok('SELECT create_candle_tables()', '42501', NULL, 'tables of another role are refused');
RESET ROLE;
ALTER TABLE candle_data OWNER TO candle_stranger;
SELECT throws_ok(
    'SELECT create_candle_tables()', '42501', 'public.candle_data belongs to candle_stranger', 'for a superuser, too');
ALTER TABLE candle_data OWNER TO CURRENT_USER;
ALTER TABLE future_master DROP COLUMN lot_size;
SELECT throws_ok('SELECT create_candle_tables()', '42P07', NULL, 'a table without a needed column is refused');

-- A schema whose name needs quotes, and candles in partitions.
DROP EXTENSION pg_candle CASCADE;
CREATE SCHEMA "my ON schema";
CREATE EXTENSION pg_candle SCHEMA "my ON schema";
SELECT "my ON schema".create_candle_tables();
DROP VIEW "my ON schema".data_freshness;
ALTER TABLE "my ON schema".candle_data RENAME TO old_one;
CREATE TABLE "my ON schema".candle_data (
    LIKE "my ON schema".old_one INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY LIST (timeframe);
ALTER TABLE "my ON schema".candle_data ADD PRIMARY KEY (instrument_id, timeframe, ts);
CREATE TABLE "my ON schema"."a part" PARTITION OF "my ON schema".candle_data DEFAULT;
SELECT lives_ok('SELECT "my ON schema".create_candle_tables()', 'a schema whose name needs quotes');
CREATE TABLE "my ON schema"."days ON" PARTITION OF "my ON schema".candle_data FOR VALUES IN ('1d');
SELECT is(
    (
        SELECT string_agg(format('%s %s', c.relname, n), ', ' ORDER BY c.relname)
        FROM (SELECT tgrelid, count(*) AS n FROM pg_trigger WHERE tgname LIKE 'log\_candle%' GROUP BY 1) t
        JOIN pg_class c ON c.oid = t.tgrelid
          AND c.relname <> 'old_one'
          AND c.relnamespace = '"my ON schema"'::regnamespace),
    'a part 4, candle_data 4, days ON 4', 'all parts have their triggers');
SELECT * FROM finish();
ROLLBACK;
