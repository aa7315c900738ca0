-- Calendars that are edited after the fact: derived candles and indicators of sessions follow with the next refresh,
-- without force.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
SET timezone = 'Asia/Kolkata';
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (1, 'NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE'), (2, 'C|2', 'C', 'CRYPTO', 'SPOT', 'TWO'),
    (3, 'MCX_FO|3', 'MCX', 'MCX_FO', 'FUT', 'GOLD'), (4, 'N|Z', 'N', 'TYPO', 'EQ', 'Z');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
SELECT 1, '1m', d + n * interval '1 min', 100 + n % 7, 110, 90, 100 + n % 5, 1
FROM unnest('{2026-01-09 09:15,2026-01-10 09:15,2026-01-12 09:15}'::timestamptz[]) d, generate_series(0, 374) n;
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
SELECT 2, '1m', d, n, n, n, n, 1
FROM generate_series('2026-01-05 00:00Z'::timestamptz, '2026-01-07 23:59Z', '1 min') WITH ORDINALITY x (d, n);
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
SELECT 3, '1m', '2026-01-05 09:00'::timestamptz + n * interval '1 min', n, n, n, n, 1 FROM generate_series(0, 894) n;
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
SELECT 4, '1m', '2026-01-05 09:00'::timestamptz + n * interval '1 min', n, n, n, n, 1 FROM generate_series(0, 400) n;
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
SELECT 1, '1d', d, n, n, n, n, 1
FROM generate_series('2025-11-03'::timestamptz, '2025-12-19', '1 day') WITH ORDINALITY x (d, n)
WHERE extract(isodow FROM d) < 6;

-- What differs from what resampling and a rebuild give.
CREATE FUNCTION wrong() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    CALL refresh_timeframes();
    PERFORM compute_indicators();
    RETURN QUERY SELECT format(
        'derived %s/%s %s: %s, not %s', coalesce(s.instrument_id, f.instrument_id), coalesce(s.timeframe, f.target),
        coalesce(s.ts, f.ts), s.close, f.close)
        FROM (
            SELECT m.instrument_id, t.target, r.*
            FROM instrument_master m,
                (VALUES ('1m', '5m'), ('1m', '1h'), ('1m', '1d'), ('1d', '1w'), ('1d', '1mo')) t (source, target),
                  resample_candles(m.instrument_id, t.source, t.target) r) f
        FULL
            JOIN (
                SELECT * FROM candle_data WHERE timeframe IN ('5m', '1h', '1d', '1w', '1mo')
            ) s ON s.instrument_id = f.instrument_id
              AND s.timeframe = f.target
              AND s.ts = f.ts
        WHERE coalesce(s.source, 'd') = 'd' AND (s.open, s.high, s.low, s.close, s.volume) IS DISTINCT
            FROM (f.open, f.high, f.low, f.close, f.volume);
    RETURN QUERY SELECT format('indicators %s/%s %s', s.instrument_id, s.timeframe, s.ts)
        FROM (SELECT DISTINCT instrument_id, timeframe FROM candle_data) c,
        LATERAL (
            SELECT i.instrument_id, i.timeframe, i.ts, i.vwap
            FROM indicator_data i
            WHERE i.instrument_id = c.instrument_id AND i.timeframe = c.timeframe
                 EXCEPT SELECT r.instrument_id, r.timeframe, r.ts, r.vwap
                     FROM indicators(NULL::indicator_data, c.instrument_id, c.timeframe) r) s;
    RETURN QUERY SELECT format('a second refresh writes %s rows', n) FROM compute_indicators() n WHERE n > 0;
END $$;
CREATE FUNCTION bars(id int, tf text) RETURNS bigint
    LANGUAGE sql
    AS $$ SELECT count(*) FROM candle_data WHERE instrument_id = id AND timeframe = tf $$;
SELECT is_empty('SELECT * FROM wrong() LIMIT 3', 'derived and computed');
SELECT is(bars(1, '1h'), 14::bigint, 'two days of seven hours');

CREATE FUNCTION after(change text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE change;
    RETURN QUERY SELECT * FROM wrong() LIMIT 3;
END $$;
CREATE TABLE change (n serial, name text, statement text);
INSERT INTO change (name, statement) VALUES
    (
        'a Saturday session that the calendar learns of late',
        $$
            INSERT INTO special_session (calendar, session_date, opens, closes, kind)
            VALUES ('NSE', '2026-01-10', '09:15', '15:30', 'special')$$),
    (
        'its hours corrected',
        $$UPDATE special_session SET opens = '10:00' WHERE calendar = 'NSE' AND session_date = '2026-01-10'$$),
    (
        'a second period of it',
        $$
            UPDATE special_session SET closes = '12:00'
            WHERE calendar = 'NSE' AND session_date = '2026-01-10';
            INSERT INTO special_session (calendar, session_date, opens, closes, kind)
            VALUES ('NSE', '2026-01-10', '13:00', '14:00', 'special')$$),
    (
        'moved to another day',
        $$
            UPDATE special_session SET session_date = '2026-01-17'
            WHERE calendar = 'NSE' AND session_date = '2026-01-10' AND opens = '13:00'$$),
    (
        'taken away',
        $$DELETE FROM special_session WHERE calendar = 'NSE' AND session_date IN ('2026-01-10', '2026-01-17')$$),
    (
        'a holiday entered late',
        $$INSERT INTO trading_holiday (calendar, holiday, description) VALUES ('NSE', '2026-01-12', 'late')$$),
    ('moved', $$UPDATE trading_holiday SET holiday = '2026-01-09' WHERE calendar = 'NSE' AND holiday = '2026-01-12'$$),
    ('and withdrawn', $$DELETE FROM trading_holiday WHERE calendar = 'NSE' AND holiday = '2026-01-09'$$),
    (
        'a holiday in weeks and months',
        $$
            INSERT INTO trading_holiday (calendar, holiday, description)
            VALUES ('NSE', '2025-11-06', 'late'), ('NSE', '2025-12-19', 'late')$$),
    (
        'hours of one day',
        $$
            INSERT INTO special_session (calendar, session_date, opens, closes, kind)
            VALUES ('MCX', '2026-01-05', '09:00', '17:00', 'short')$$),
    (
        'regular hours from a date on',
        $$
            INSERT INTO trading_calendar (calendar, valid_from, opens, closes)
            VALUES ('NSE', '2026-01-10', '09:00', '15:00')$$),
    ('regular hours changed', $$UPDATE trading_calendar SET opens = '09:20' WHERE calendar = 'NSE'$$),
    (
        'weekly days off changed',
        $$UPDATE trading_calendar SET weekly_off = '{5,7}' WHERE calendar = 'NSE' AND valid_from = '2026-01-10'$$),
    ('regular hours removed', $$DELETE FROM trading_calendar WHERE calendar = 'NSE' AND valid_from = '2026-01-10'$$),
    ('another time zone', $$UPDATE trading_calendar SET timezone = 'America/New_York' WHERE calendar = '24x7'$$),
    ('and one with half an hour', $$UPDATE trading_calendar SET timezone = 'Asia/Kathmandu' WHERE calendar = '24x7'$$),
    (
        'the segment of an instrument corrected',
        $$UPDATE instrument_master SET segment = 'NSE_EQ' WHERE instrument_id = 4$$),
    (
        'an instrument removed and entered anew',
        $$
            DELETE
            FROM instrument_master
            WHERE instrument_id = 4;
            INSERT INTO instrument_master (
                instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
            VALUES (4, 'N|Z', 'N', 'MCX_FO', 'FUT', 'Z')$$),
    ('all holidays gone', $$TRUNCATE trading_holiday$$),
    ('all special sessions gone', $$TRUNCATE special_session$$),
    ('all calendars written anew', $$TRUNCATE trading_calendar; SELECT fill_trading_calendars()$$),
    (
        'a column of another type',
        $$
            DROP VIEW data_freshness;
                ALTER TABLE trading_calendar ALTER opens TYPE interval USING opens + interval '10 minutes',
                    DROP CONSTRAINT IF EXISTS trading_calendar_check$$);
SELECT is_empty(format('SELECT * FROM after(%L)', statement), name) FROM change ORDER BY n;

-- A change in the middle of candles leaves what is before it alone.
CREATE TEMP TABLE before AS SELECT ctid AS place
    FROM candle_data
    WHERE instrument_id = 1 AND timeframe = '1h' AND ts < '2026-01-10';
INSERT INTO trading_holiday (calendar, holiday) VALUES ('NSE', '2026-01-14');
CALL refresh_timeframes();
SELECT is(
    (SELECT count(*) FROM before b JOIN candle_data c ON c.ctid = b.place), (SELECT count(*) FROM before),
    'what was before is not written again');

-- Time that a calendar gives to a day, as force does it.
UPDATE candle_data SET high = 1000 WHERE source = 'd' AND instrument_id = 1 AND timeframe = '1h';
DELETE FROM candle_change WHERE consumer = 'timeframes';
SET pg_candle.log_changes = off;
UPDATE candle_data SET high = 2000 WHERE source = 'd' AND instrument_id = 1 AND timeframe = '1h';
SET pg_candle.log_changes = on;
CALL refresh_timeframes();
CALL refresh_timeframes(1, '{1h}', force => true);
SELECT is_empty('SELECT * FROM wrong() LIMIT 3', 'force derives everything anew');
SELECT * FROM finish();
ROLLBACK;
