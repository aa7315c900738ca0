-- Freshness against what sessions expect. now() stands still in a transaction, so a calendar is built around it.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (1, 'NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE'),
    (2, 'X|2', 'X', 'CRYPTO', 'SPOT', 'COIN');
INSERT INTO watchlist (instrument_id) VALUES (1), (2);
SET timezone = 'UTC';
UPDATE trading_calendar SET timezone = 'UTC';
CREATE FUNCTION state(id int) RETURNS text LANGUAGE sql AS
    $$
        SELECT format('%s %s %s', extract(epoch FROM now() - expected_at)::int / 60, candle_stale, ltp_stale)
        FROM data_freshness
        WHERE instrument_id = id$$;

-- Around the clock: the minute that ended five minutes ago.
SELECT ok(
    (SELECT now() - expected_at BETWEEN '6 minutes' AND '7 minutes' FROM data_freshness WHERE instrument_id = 2),
    'a market that never sleeps');
SELECT ok(
    (SELECT candle_stale AND ltp_stale AND candle_at IS NULL FROM data_freshness WHERE instrument_id = 2),
    'nothing is there: stale');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close) SELECT 2, '1m',
    date_trunc('minute', now()) - interval '6 minutes', 1, 1, 1, 1;
INSERT INTO ltp_data (instrument_id, ts, ltp) VALUES (2, date_trunc('minute', now()) - interval '30 minutes', 1);
SELECT ok(
    (SELECT NOT candle_stale AND candle_age = '0' FROM data_freshness WHERE instrument_id = 2),
    'the expected candle is there: fresh');
SELECT ok(
    (SELECT ltp_stale AND ltp_age = interval '24 minutes' FROM data_freshness WHERE instrument_id = 2),
    'an old price is stale, by its distance from what is expected');
SET LOCAL pg_candle.stale_after = '1 hour';
SELECT ok((SELECT NOT ltp_stale FROM data_freshness WHERE instrument_id = 2), 'unless one is more patient');
RESET pg_candle.stale_after;

-- A session that ended an hour ago expects its last minute, however late it is now; so does the day after, a holiday.
DELETE FROM trading_calendar WHERE calendar = 'NSE';
DELETE FROM trading_holiday WHERE calendar = 'NSE';
DELETE FROM special_session WHERE calendar = 'NSE';
INSERT INTO trading_calendar (calendar, valid_from, opens, closes, weekly_off, timezone)
VALUES ('NSE', '2000-01-01', '00:00', '00:30', '{}', 'UTC');
INSERT INTO trading_holiday (calendar, holiday) VALUES ('NSE', current_date);
SELECT is(
    (SELECT expected_at FROM data_freshness WHERE instrument_id = 1),
    (current_date - 1 + interval '29 minutes')::timestamptz, 'on a holiday, the last minute of the session before');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close)
VALUES (1, '1m', current_date - 1 + interval '29 minutes', 1, 1, 1, 1);
SELECT ok((SELECT NOT candle_stale FROM data_freshness WHERE instrument_id = 1), 'so nothing is stale');
INSERT INTO special_session (calendar, session_date, opens, closes) VALUES ('NSE', current_date - 1, '00:00', '00:45');
SELECT ok(
    (SELECT candle_stale AND candle_age = '15 minutes' FROM data_freshness WHERE instrument_id = 1),
    'special hours count');
UPDATE instrument_master SET is_active = false WHERE instrument_id = 1;
SELECT is((SELECT count(*)::int FROM data_freshness), 1, 'what is no longer active is not looked after');
-- Which setting has it run in parallel has another name since PostgreSQL 16.
SELECT name AS parallel_setting FROM pg_settings
WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \gset
SET LOCAL :parallel_setting = regress;
SET LOCAL pg_candle.now = 'infinity';
SET LOCAL pg_candle.stale_after = '1 hour';
SELECT timeframes_to_derive('{5m}') AS a_worker_starts \g /dev/null
RESET pg_candle.now;
-- pgTAP's functions never run in a parallel query.
SELECT count(*) AS watched FROM data_freshness \gset
SELECT is(:watched, 1, 'it can be part of a parallel query');
RESET :parallel_setting;
SELECT lives_ok('DROP EXTENSION pg_candle', 'the view does not hold the extension');
SELECT ok((SELECT count(*) > 0 FROM data_freshness), 'and outlives it');
SELECT * FROM finish();
ROLLBACK;
