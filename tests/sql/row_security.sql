-- Whoever does not see all candles of a series never writes or deletes rows of it.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
SET timezone = 'Asia/Kolkata';
SET client_min_messages = error;
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
SELECT i, 'C|' || i, 'C', 'CRYPTO', 'SPOT', 'S' || i FROM generate_series(1, 3) i;
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
SELECT id, tf, '2026-01-05 00:00'::timestamptz + n * CASE tf
    WHEN '1d' THEN interval '1 day'
    ELSE interval '1 min' END, 100 + n % 7, 110, 90, 100 + n % 5, 1000 + n
FROM generate_series(1, 3) id, unnest('{1m,1d}'::text[]) tf, generate_series(0, 299) n;
CALL refresh_timeframes();
SELECT ok(compute_indicators() > 0, 'computed');
CREATE TABLE kept_rows AS SELECT * FROM indicator_data;
CREATE TABLE kept_candles AS SELECT * FROM candle_data;
GRANT SELECT ON kept_rows, kept_candles TO PUBLIC;
CREATE FUNCTION changed() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS $$
    SELECT format(
        'row %s/%s %s', coalesce(i.instrument_id, k.instrument_id), coalesce(i.timeframe, k.timeframe),
        coalesce(i.ts, k.ts))
    FROM indicator_data i
    FULL JOIN kept_rows k ON (i.instrument_id, i.timeframe, i.ts) = (k.instrument_id, k.timeframe, k.ts)
    WHERE i.ts IS NULL OR k.ts IS NULL OR NOT i *= k
    UNION ALL
    SELECT format(
        'candle %s/%s %s', coalesce(i.instrument_id, k.instrument_id), coalesce(i.timeframe, k.timeframe),
        coalesce(i.ts, k.ts))
    FROM candle_data i
    FULL JOIN kept_candles k ON (i.instrument_id, i.timeframe, i.ts) = (k.instrument_id, k.timeframe, k.ts)
    WHERE i.ts IS NULL OR k.ts IS NULL OR NOT i *= k $$;
CREATE ROLE half_blind;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO half_blind;
ALTER TABLE candle_data ENABLE ROW LEVEL SECURITY;
CREATE TABLE policies (n serial, name text, hides text);
INSERT INTO policies (name, hides) VALUES
    ('one instrument', 'instrument_id <> 2'),
    ('the past', $$ts >= '2026-01-05 02:00+05:30'$$),
    ('the present', $$ts < '2026-01-05 02:00+05:30'$$),
    ('one candle', $$ts <> '2026-01-05 01:17+05:30'$$),
    ('derived ones', $$source <> 'd'$$),
    ('everything', 'false');
CREATE FUNCTION everything() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    statement text;
BEGIN
    FOREACH statement IN ARRAY ARRAY[
        'SELECT compute_indicators()', 'SELECT compute_indicators(force => true)',
        'SELECT compute_indicators(verify => true)', 'SELECT compute_indicators(2)',
        'CALL refresh_timeframes()', 'CALL refresh_timeframes(force => true)',
            'CALL drop_candles(''1m'', ''2026-01-05 12:00+05:30'')'] LOOP
        BEGIN
            EXECUTE statement;
        EXCEPTION WHEN OTHERS THEN
            NULL;  -- refused is right, too
        END;
        RETURN QUERY SELECT format('%s: %s', statement, c) FROM changed() c LIMIT 2;
    END LOOP;
END $$;
CREATE FUNCTION hidden(hides text, change text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE POLICY p ON candle_data TO half_blind USING (%s) WITH CHECK (true)', hides);
    EXECUTE change;
    SET LOCAL ROLE half_blind;
    RETURN QUERY SELECT * FROM everything();
    RESET ROLE;
    DROP POLICY p ON candle_data;
    CALL refresh_timeframes();
    PERFORM compute_indicators();
    RETURN QUERY SELECT 'afterwards: ' || c FROM changed() c LIMIT 2;
END $$;
SELECT is_empty(
    format('SELECT * FROM hidden(%L, ''SELECT 1'')', hides),
    format('who does not see %s changes nothing that is right', name))
FROM policies
ORDER BY n;
SELECT is_empty(
    format('SELECT * FROM hidden(%L, ''UPDATE candle_data SET volume = volume'')', hides),
    format('nor where there is something to do: %s', name))
FROM policies
ORDER BY n;

-- Who sees all of a series computes it.
CREATE POLICY own ON candle_data TO half_blind USING (instrument_id = 1) WITH CHECK (true);
UPDATE candle_data SET close = 101 WHERE timeframe = '1m' AND ts = '2026-01-05 03:00';
SET ROLE half_blind;
SELECT ok(compute_indicators() > 0, 'what is seen in whole is computed');
RESET ROLE;
SELECT is_empty(
    $$
        SELECT i.ts
        FROM indicators(NULL::indicator_data, 1, '1m') f
        FULL JOIN (SELECT * FROM indicator_data WHERE instrument_id = 1 AND timeframe = '1m') i ON i.ts = f.ts
        WHERE i.ts IS NULL OR f.ts IS NULL OR NOT i *= f$$, 'rightly');
SELECT is_empty($$SELECT * FROM changed() c WHERE c LIKE 'row 2%' OR c LIKE 'row 3%'$$, 'and nothing else is');

-- The same of the tables of indicators.
ALTER TABLE candle_data DISABLE ROW LEVEL SECURITY;
SELECT ok(compute_indicators() > 0, 'the rest is computed by who may');
CREATE TABLE right_rows AS SELECT * FROM indicator_data;
ALTER TABLE indicator_data ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON indicator_data TO half_blind USING (instrument_id = 1) WITH CHECK (instrument_id = 1);
UPDATE candle_data SET close = 102 WHERE timeframe = '1m' AND ts = '2026-01-05 03:00';
CREATE FUNCTION tries(statement text) RETURNS text
    LANGUAGE plpgsql
    AS $$ BEGIN EXECUTE statement; RETURN 'done'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END $$;
SET ROLE half_blind;
SELECT isnt(tries('SELECT compute_indicators()'), 'XX000', 'rows that the caller may not write');
RESET ROLE;
ALTER TABLE indicator_data DISABLE ROW LEVEL SECURITY;
SELECT lives_ok('SELECT compute_indicators()', 'are written by who may');
-- A policy that refuses rows of one series stops no other.
ALTER TABLE indicator_data ENABLE ROW LEVEL SECURITY;
DROP POLICY own ON indicator_data;
CREATE POLICY own ON indicator_data TO half_blind USING (true) WITH CHECK (instrument_id <> 2);
UPDATE candle_data SET volume = 7 WHERE timeframe = '1m' AND ts = '2026-01-05 03:00';
SET ROLE half_blind;
SELECT ok(compute_indicators() > 0, 'what may be written is');
RESET ROLE;
ALTER TABLE indicator_data DISABLE ROW LEVEL SECURITY;
SELECT ok(compute_indicators() > 0, 'and is written by who may');
SELECT is_empty(
    $$
        SELECT i.ts
        FROM unnest('{1,2,3}'::int[]) id
        CROSS JOIN LATERAL indicators(NULL::indicator_data, id, '1m') f
        FULL JOIN (SELECT * FROM indicator_data WHERE timeframe = '1m') i ON i.ts = f.ts
          AND i.instrument_id = f.instrument_id
        WHERE i.ts IS NULL OR f.ts IS NULL OR NOT i *= f$$, 'all of them');

-- Calendars that are seen in part derive nothing.
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (9, 'NSE_EQ|9', 'NSE', 'NSE_EQ', 'EQ', 'NINE');
INSERT INTO special_session (calendar, session_date, opens, closes) VALUES ('NSE', '2026-01-04', '10:00', '12:00');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close) SELECT 9, '1m',
    '2026-01-04 10:00'::timestamptz + n * interval '1 min', 1, 1, 1, 1
FROM generate_series(0, 119) n;
CALL refresh_timeframes();
SELECT ok((SELECT count(*) > 50 FROM candle_data WHERE instrument_id = 9 AND source = 'd'), 'a special session');
ALTER TABLE special_session ENABLE ROW LEVEL SECURITY;
SET ROLE half_blind;
SELECT throws_ok(
    'CALL refresh_timeframes(force => true)', '42501',
    'role "half_blind" does not see all rows of public.special_session', 'of which a role does not know');
RESET ROLE;
SELECT ok((SELECT count(*) > 50 FROM candle_data WHERE instrument_id = 9 AND source = 'd'), 'stays');
ALTER TABLE special_session DISABLE ROW LEVEL SECURITY;
SET ROLE half_blind;
SELECT lives_ok('CALL refresh_timeframes(force => true)', 'who sees all of it may');
RESET ROLE;

-- A view in place of the candles may hide them as it likes.
SELECT compute_indicators() \g /dev/null
DELETE FROM kept_rows;
INSERT INTO kept_rows SELECT * FROM indicator_data;
DROP VIEW data_freshness;
ALTER TABLE candle_data RENAME TO base;
DELETE FROM kept_candles;
INSERT INTO kept_candles SELECT * FROM base;
CREATE FUNCTION of_view(filter text, owner text DEFAULT '') RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE VIEW candle_data %s AS SELECT * FROM base WHERE %s', owner, filter);
    GRANT ALL ON candle_data, base TO half_blind;
    SET LOCAL ROLE half_blind;
    RETURN QUERY SELECT * FROM everything();
    RESET ROLE;
    RETURN QUERY SELECT format('%s rows of %s', (SELECT count(*) FROM indicator_data), (SELECT count(*) FROM kept_rows))
        WHERE (SELECT count(*) FROM indicator_data) <> (SELECT count(*) FROM kept_rows);
    DROP VIEW candle_data;
END $$;
DROP FUNCTION changed() CASCADE;
CREATE FUNCTION changed() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS $$
    SELECT format('row %s/%s %s', k.instrument_id, k.timeframe, k.ts)
    FROM kept_rows k
    WHERE NOT EXISTS (SELECT FROM indicator_data i WHERE i *= k) $$;
SELECT is_empty(
    $$SELECT * FROM of_view('current_user = ''postgres'' OR ts > ''2026-01-05 01:00+05:30''')$$, 'by the user''s name');
ALTER TABLE base ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON base USING (ts > '2026-01-05 01:00+05:30');
SELECT is_empty(
    CASE
        WHEN current_setting('server_version_num')::int >= 150000 THEN $$
            SELECT * FROM of_view('true', 'WITH (security_invoker = true)')$$
        ELSE 'SELECT 1 WHERE false' END, 'by the policies of what is below it');
SELECT * FROM finish();
ROLLBACK;
