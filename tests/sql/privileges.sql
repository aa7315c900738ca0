-- A plain role with rights can do everything; without them it gets a permission error.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (1, 'NSE_EQ|INE1', 'NSE', 'NSE_EQ', 'EQ', 'ONE');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close)
    SELECT 1, '1d', '2026-01-05'::timestamptz + i * interval '1 day', 1 + i % 7, 9, 1, 2 + i % 5
    FROM generate_series(0, 99) i;
CREATE ROLE candle_reader;
SET ROLE candle_reader;
SELECT throws_ok('SELECT compute_indicators()', '42501', NULL, 'no rights: compute_indicators');
SELECT throws_ok($$SELECT * FROM indicators(NULL::indicator_data, 1, '1d')$$, '42501', NULL, 'no rights: indicators');
SELECT throws_ok($$SELECT instrument_id('ONE')$$, '42501', NULL, 'no rights: instrument_id');
SELECT throws_ok('CALL refresh_indicators()', NULL, NULL, 'no rights: refresh_indicators');
RESET ROLE;
GRANT SELECT ON candle_data TO candle_reader;
SET ROLE candle_reader;
SELECT is(
    (SELECT count(*)::int FROM indicators(NULL::indicator_data, 1, '1d')), 100,
    'SELECT on candle_data is enough to compute on the fly');
SELECT throws_ok('SELECT compute_indicators(1)', '42501', NULL, 'but not to store');
RESET ROLE;
GRANT SELECT, INSERT, UPDATE, DELETE ON indicator_state TO candle_reader;
GRANT SELECT, INSERT, DELETE ON candle_change, indicator_checkpoint TO candle_reader;
GRANT SELECT ON indicator_data, instrument_master TO candle_reader;
SET ROLE candle_reader;
SELECT throws_ok('SELECT compute_indicators(1)', '42501', NULL, 'nor is SELECT on indicator_data');
RESET ROLE;
SELECT is((SELECT count(*)::int FROM indicator_data), 0, 'nothing was written past the privileges');
GRANT INSERT, UPDATE, DELETE ON indicator_data TO candle_reader;
SET ROLE candle_reader;
SELECT is(compute_indicators(1), 100::bigint, 'with rights it stores');
SELECT is(compute_indicators('ONE', '1d', force => true), 100::bigint, 'by name, too');
RESET ROLE;

-- Rights on columns only: the executor decides.
CREATE ROLE candle_columns;
GRANT SELECT ON candle_data TO candle_columns;
GRANT ALL ON indicator_state, indicator_checkpoint, candle_change TO candle_columns;
DO $$
    BEGIN EXECUTE (
        SELECT format(
            'GRANT SELECT (%1$s), INSERT (%1$s), UPDATE (%1$s) ON indicator_data TO candle_columns',
            string_agg(quote_ident(attname), ', '))
    FROM pg_attribute WHERE attrelid = 'indicator_data'::regclass AND attnum > 0 AND NOT attisdropped); END $$;
DELETE FROM indicator_data;
SET ROLE candle_columns;
SELECT is(compute_indicators(1), 100::bigint, 'column privileges are enough');
RESET ROLE;

-- A role of its own can own everything.
CREATE ROLE candle_owner;
CREATE SCHEMA market AUTHORIZATION candle_owner;
DROP VIEW data_freshness;
DROP VIEW refresh_progress;
DROP TABLE candle_data, indicator_data, indicator_state, indicator_checkpoint, refresh_run, option_master,
    future_master, instrument_master,
    watchlist, candle_coverage, ltp_data, request_log, trading_calendar, trading_holiday, special_session,
        candle_change, dropped_candles, sync_job, data_sync_status, sync_run, sync_alert, sync_timetable;
DROP FUNCTION log_candle_changes(), log_indicator_changes(), log_calendar_changes(), log_instrument_changes(),
    keep_candle_changes(), check_watchlist(), candle_timeframe_problem(text),
    is_candle_time_zone(text) CASCADE;
GRANT CREATE ON SCHEMA public TO candle_owner;
SET ROLE candle_owner;
SELECT lives_ok('SELECT create_candle_tables()', 'a plain role creates the tables');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close)
VALUES (1, '1d', '2026-01-05', 1, 2, 1, 2);
SELECT is(compute_indicators(), 1::bigint, 'and computes');
SET LOCAL transaction_read_only = on;
SELECT throws_ok('SELECT compute_indicators()', '25006', NULL, 'a read-only transaction writes nothing');
SELECT * FROM finish();
ROLLBACK;
