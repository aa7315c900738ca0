-- For catalog_walk.sh: every SQL function as calls, and tables with a row or more each.

-- One call of each function, and of what else is worth a call; in this order.
-- `rarely`: not in each walk, since it takes long and looks at few tables.
CREATE TABLE call (n serial, name text, statement text, is_c boolean, rarely boolean NOT NULL DEFAULT false);

CREATE FUNCTION argument(name text, type regtype) RETURNS text LANGUAGE sql AS $$
    SELECT CASE
        WHEN name = 'shape' THEN 'NULL::indicator_data'
        WHEN name IN ('instrument_id', 'like_instrument') THEN '1'
        WHEN name = 'instrument' THEN '''ONE'''
        WHEN name = 'timeframe' THEN '''1d'''
        WHEN name = 'source' THEN '''1m'''
        WHEN name = 'target' THEN '''5m'''
        WHEN name = 'calendar' THEN '''NSE'''
        WHEN name = 'segment' THEN '''fo_current'''
        WHEN name = 'zone' THEN '''Asia/Kolkata'''
        WHEN name = 'weekdays' THEN '''{1,2}'''
        WHEN name = 'older_than' THEN '''2024-01-10'''
        WHEN name = 'task' THEN '''calendar'''
        WHEN name = 'task_name' THEN '(SELECT name FROM sync_timetable ORDER BY name LIMIT 1)'
        WHEN name = 'job_id' THEN '(SELECT min(job_id) FROM sync_job)'
        WHEN name IN ('segments', 'timeframes') THEN '''{1d,1m,5m}'''
        WHEN type = 'timestamptz'::regtype AND name LIKE 'to%' THEN '''2024-02-15 00:00+05:30'''
        WHEN type = 'timestamptz'::regtype THEN '''2024-01-02 00:00+05:30'''
        WHEN type = 'date'::regtype AND name LIKE 'to%' THEN '''2024-02-15'''
        WHEN type = 'date'::regtype THEN '''2024-01-02'''
        WHEN type = 'interval'::regtype THEN '''1 minute'''
        WHEN type = 'time'::regtype THEN '''10:00'''
        WHEN type = 'datemultirange'::regtype THEN '''{[2024-01-02,2024-02-15)}'''
        WHEN type = 'boolean'::regtype THEN 'false'
        WHEN type IN ('integer'::regtype, 'bigint'::regtype, 'float8'::regtype) THEN '3'
        WHEN type = 'text'::regtype THEN '''something''' END $$;

INSERT INTO call (name, statement, is_c)
SELECT f.name, CASE WHEN f.prokind = 'p' THEN format('CALL %I(%s)', f.name, f.arguments)
            ELSE format(
                'SELECT md5(string_agg(x::text, '','' ORDER BY x::text)) FROM %I(%s) x', f.name, f.arguments) END,
                f.language = 'c'
FROM (
    SELECT p.oid, p.proname AS name, p.prokind, p.provolatile, l.lanname AS language,
        (SELECT string_agg(format('%I => %s', a.name, argument(a.name, a.type::regtype)), ', ' ORDER BY a.n)
         FROM unnest(p.proargnames, p.proargtypes::oid[]) WITH ORDINALITY AS a (name, type, n)
         WHERE a.type IS NOT NULL AND a.n <= p.pronargs - p.pronargdefaults) AS arguments
    FROM pg_proc p
    JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_candle'
    JOIN pg_language l ON l.oid = p.prolang
    WHERE p.prokind IN ('f', 'p') AND p.prorettype <> 'event_trigger'::regtype) f
ORDER BY f.prokind, f.provolatile DESC, f.oid;
UPDATE call SET rarely = true WHERE name IN ('fill_trading_calendars', 'create_candle_tables');
-- Trigger functions of the tables, by statements; views; and other ways to call.
INSERT INTO call (name, statement, is_c) VALUES
    ('compute_indicators', 'SELECT compute_indicators(1, ''1m'')', true),
    ('compute_indicators', 'SELECT compute_indicators(force => true)', true),
    ('compute_indicators', 'SELECT compute_indicators(verify => true)', true),
    ('refresh_timeframes', 'CALL refresh_timeframes(force => true)', true),
    (
        'resample_candles',
        'SELECT md5(string_agg(x::text, '','' ORDER BY x::text)) FROM resample_candles(1, ''1d'', ''1w'', NULL, NULL) '
        'x',
        true),
    (
        'indicators',
        'SELECT md5(string_agg(x::text, '','' ORDER BY x::text)) FROM indicators(NULL::indicator_data, 2, ''1m'') x',
        true),
    (
        'detect_gaps',
        'SELECT md5(string_agg(x::text, '','' ORDER BY x::text)) FROM detect_gaps(1, ''1m'', ''2024-01-10'', NULL) x',
        true),
    ('data_freshness', 'SELECT count(*)::text FROM data_freshness', false),
    ('a write', 'UPDATE candle_data SET source = source WHERE instrument_id = 1', false),
    (
        'a write',
        'DELETE FROM candle_data WHERE instrument_id = 1 AND timeframe = ''1m'' AND ts > ''2024-01-10 12:00+05:30''',
        false),
    (
        'a write',
        'INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume) VALUES (1, ''1d'', '
        '''2025-01-01 00:00+05:30'', 1, 1, 1, 1, 1)',
        false),
    ('a write', 'UPDATE indicator_data SET bars = bars', false),
    ('a write', 'UPDATE trading_holiday SET holiday = holiday + 10000', false),
    ('a write', 'UPDATE trading_calendar SET closes = closes - interval ''1 min'' WHERE calendar = ''NSE''', false),
    ('a write', 'DELETE FROM special_session WHERE session_date > ''2024-01-01''', false),
    ('a write', 'UPDATE instrument_master SET segment = ''NSE_EQ'' WHERE instrument_id = 2', false),
    ('a write', 'DELETE FROM candle_change', false),
    ('refresh_timeframes', 'CALL refresh_timeframes()', true),
    ('compute_indicators', 'SELECT compute_indicators()', true),
    (
        'candles',
        'SELECT md5(string_agg(concat_ws(''|'', instrument_id::int, timeframe::text, ts::timestamptz, open::float8, '
        'high::float8, low::float8, close::float8, volume::float8, oi::float8), '','' ORDER BY instrument_id::int, '
        'timeframe::text, ts::timestamptz)) FROM candle_data',
        true),
    (
        'indicators',
        'SELECT md5(string_agg(concat_ws(''|'', instrument_id::int, timeframe::text, ts::timestamptz, bars::bigint, '
        'sma_9::float8, ema_21::float8, vwap::float8, obv::float8, rsi_14::float8), '','' ORDER BY instrument_id::int,'
        ' timeframe::text, ts::timestamptz)) FROM indicator_data',
        true);

-- All calls, each in a subtransaction of its own: what it said and what it answered.
CREATE FUNCTION walk(whole boolean DEFAULT false) RETURNS TABLE (
    name text, statement text, is_c boolean, state text, said text, answer text)
    LANGUAGE plpgsql
    AS $$
DECLARE
    detail text;
    hint text;
    context text;
BEGIN
    FOR name, statement, is_c IN SELECT c.name, c.statement, c.is_c
        FROM call c
        WHERE whole OR NOT rarely
        ORDER BY n LOOP
        answer := NULL; state := '00000'; said := NULL;
        BEGIN
            IF statement LIKE 'SELECT%' THEN EXECUTE statement INTO answer;
            ELSE EXECUTE statement; END IF;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
            said := concat_ws(
                ' | ', said, nullif(detail, ''), nullif(hint, ''), CASE
                    WHEN context ~ '/\* pg_candle \*/' THEN context END);
        END;
        RETURN NEXT;
    END LOOP;
END $$;

CREATE FUNCTION problems(of_case text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('%s: %s: %s %s', of_case, w.statement, w.state, w.said) FROM walk(true) w
    -- Nothing that is the program's own fault, no text of its own SQL, and nothing that names no column or table.
    WHERE w.state ~ '^(XX|58|P0004)' OR w.said ~ '/\* pg_candle \*/'
       OR w.is_c
         AND w.said ~ '^(collation mismatch|could not determine which collation|cannot insert a non-DEFAULT)' $$;

-- The column as another type: what each call answers is what it answers of the values as they are after that cast, or a
-- clean error.
CREATE FUNCTION check_type(in_table text, in_column text, type text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    of_case text := format('%s.%s as %s', in_table, in_column, type);
    original text := (
        SELECT format_type(atttypid, atttypmod)
        FROM pg_attribute
        WHERE attrelid = in_table::regclass AND attname = in_column);
    expected text[];
    found text[];
    one record;
    n integer := 0;
    refused boolean := false;
BEGIN
    IF NOT alter_type(in_table, in_column, type, original) THEN
        RETURN;
    END IF;
    BEGIN
        -- Without a way back there is nothing to compare with; nor where the type says how to round what is computed.
        IF in_table <> 'indicator_data' AND alter_type(in_table, in_column, original, type) THEN
            SELECT array_agg(CASE WHEN w.is_c THEN w.state || coalesce(w.answer, '') END) INTO expected FROM walk() w;
        END IF;
        RAISE EXCEPTION USING ERRCODE = 'ZZZZZ';
    EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN
        NULL;
    END;
    FOR one IN SELECT * FROM walk() LOOP
        n := n + 1;
        IF one.state ~ '^(XX|58|P0004)' OR one.said ~ '/\* pg_candle \*/' THEN
            RETURN NEXT format('%s: %s: %s %s', of_case, one.statement, one.state, one.said);
        ELSIF one.state <> '00000' THEN
            refused := refused OR one.is_c;
        -- What was refused left the tables as they were.
        ELSIF one.is_c
          AND NOT (refused AND one.statement ~ 'concat_ws')
          AND expected[n] IS NOT NULL
          AND expected[n] <> '00000' || coalesce(one.answer, '') THEN
            RETURN NEXT format('%s: %s: answers %s, not %s', of_case, one.statement, one.answer, expected[n]);
        END IF;
    END LOOP;
END $$;

-- By USING: through text, from nothing, or a constant; with the view and the constraints out of the way. False if it
-- cannot be done.
CREATE FUNCTION alter_type(in_table text, in_column text, type text, was text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    one record;
    attempt text;
BEGIN
    DROP VIEW IF EXISTS data_freshness;
    FOR one IN SELECT conname FROM pg_constraint WHERE conrelid = in_table::regclass AND contype IN ('c', 'f') LOOP
        EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', in_table, one.conname);
    END LOOP;
    EXECUTE format('ALTER TABLE %1$I ALTER %2$I DROP IDENTITY IF EXISTS', in_table, in_column);
    EXECUTE format('ALTER TABLE %1$I ALTER %2$I DROP DEFAULT', in_table, in_column);
    FOREACH attempt IN ARRAY ARRAY[format('%I::%s', in_column, type), format('%I::text::%s', in_column, type),
        CASE type
            WHEN 'mood' THEN '''calm'''
            WHEN 'bytea' THEN '''\x00'''
            WHEN 'jsonb' THEN '''1'''
            WHEN 'boolean' THEN 'true'
            WHEN 'integer[]' THEN '''{1}'''
            ELSE 'NULL' END] LOOP
        BEGIN
            EXECUTE format('ALTER TABLE %I ALTER %I TYPE %s USING %s', in_table, in_column, type, attempt);
            RETURN true;
        EXCEPTION WHEN OTHERS THEN
            IF SQLSTATE ~ '^XX' THEN RAISE; END IF;
        END;
    END LOOP;
    RETURN false;
END $$;

-- NULL in all rows, or in one.
CREATE FUNCTION check_null(in_table text, in_column text, everywhere boolean) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT conname FROM pg_constraint WHERE conrelid = in_table::regclass AND contype IN ('c', 'p') LOOP
        EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I CASCADE', in_table, one.conname);
    END LOOP;
    FOR one IN SELECT indexrelid::regclass AS name
        FROM pg_index
        WHERE indrelid = in_table::regclass AND indisunique LOOP
        EXECUTE format('DROP INDEX %s', one.name);
    END LOOP;
    EXECUTE format(
        'ALTER TABLE %1$I ALTER %2$I DROP IDENTITY IF EXISTS, ALTER %2$I DROP NOT NULL, DISABLE TRIGGER USER', in_table,
        in_column);
    EXECUTE format(
        'UPDATE %1$I SET %2$I = NULL%3$s', in_table, in_column, CASE
            WHEN NOT everywhere THEN format(' WHERE ctid = (SELECT max(ctid) FROM %I)', in_table) END);
    EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', in_table);
    RETURN QUERY SELECT problems(
        format('%s.%s NULL in %s', in_table, in_column, CASE WHEN everywhere THEN 'all rows' ELSE 'a row' END));
END $$;

-- What is done to a whole table or column.
CREATE FUNCTION check_statements(of_case text, statements text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statements;
    RETURN QUERY SELECT problems(of_case);
END $$;

-- Rows.
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol, isin)
VALUES (1, 'NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE', 'I1'), (2, 'C|2', 'C', 'CRYPTO', 'SPOT', 'TWO', NULL),
    (3, 'NSE_FO|3', 'NSE', 'NSE_FO', 'FUT', 'ONE FUT', NULL), (4, 'NSE_FO|4', 'NSE', 'NSE_FO', 'CE', 'ONE CE', NULL);
UPDATE instrument_master SET expiry_date = '2026-12-31', underlying_key = 'NSE_EQ|1' WHERE instrument_id IN (3, 4);
INSERT INTO future_master (instrument_id, underlying, underlying_key, expiry_date, lot_size)
VALUES (3, 'ONE', 'NSE_EQ|1', '2026-12-31', 75);
INSERT INTO option_master (
    instrument_id, underlying, underlying_key, expiry_date, strike_price, option_type, lot_size, weekly)
VALUES (4, 'ONE', 'NSE_EQ|1', '2026-12-31', 100, 'CE', 75, false);
INSERT INTO watchlist (instrument_id, timeframes) VALUES (1, '{1m,5m,1d}'), (2, '{1m,1d}');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume, oi)
SELECT i, tf, CASE tf
    WHEN '1d' THEN '2024-01-01 00:00+05:30'::timestamptz + n * interval '1 day'
    ELSE '2024-01-10 09:15+05:30'::timestamptz + n * interval '1 min' END,
    100 + n % 7, 120, 90, 100 + n % 5, n * 2, n
        FROM unnest('{1,2}'::int[]) i, unnest('{1d,1m}'::text[]) tf, generate_series(0, 59) n
        WHERE (i + n) % 17 > 0;
INSERT INTO candle_coverage (instrument_id, timeframe, from_ts, to_ts, state, rows, attempts)
VALUES (1, '1m', '2024-01-01 00:00+05:30', '2024-01-05 00:00+05:30', 'no_data', 0, 2);
INSERT INTO dropped_candles (instrument_id, timeframe, kept_from, bars) VALUES (2, '1d', '2023-12-01 00:00+05:30', 5);
INSERT INTO ltp_data (instrument_id, ts, ltp) VALUES (1, '2024-01-10 09:15+05:30', 100);
INSERT INTO special_session (calendar, session_date, opens, closes) VALUES ('NSE', '2024-01-13', '09:15', '12:00');
CALL refresh_timeframes();
SELECT compute_indicators();
SELECT plan_backfill();
SELECT plan_segment('equity'), raise_sync_alert('stale_data', '', 'x'), run_due_sync_tasks();
UPDATE candle_data SET volume = 3 WHERE instrument_id = 1 AND timeframe = '1m' AND ts = '2024-01-10 09:20+05:30';
CREATE TYPE mood AS ENUM ('calm');
CREATE FUNCTION to_mood(bytea) RETURNS mood LANGUAGE sql IMMUTABLE AS $$ SELECT 'calm'::mood $$;
CREATE FUNCTION to_mood(text) RETURNS mood LANGUAGE sql IMMUTABLE AS $$ SELECT 'calm'::mood $$;
CREATE FUNCTION to_mood(int) RETURNS mood LANGUAGE sql IMMUTABLE AS $$ SELECT 'calm'::mood $$;
CREATE FUNCTION to_mood(float8) RETURNS mood LANGUAGE sql IMMUTABLE AS $$ SELECT 'calm'::mood $$;
CREATE FUNCTION to_mood(timestamptz) RETURNS mood LANGUAGE sql IMMUTABLE AS $$ SELECT 'calm'::mood $$;
CREATE CAST (bytea AS mood) WITH FUNCTION to_mood(bytea) AS ASSIGNMENT;
CREATE CAST (text AS mood) WITH FUNCTION to_mood(text) AS ASSIGNMENT;
CREATE CAST (int AS mood) WITH FUNCTION to_mood(int) AS ASSIGNMENT;
CREATE CAST (float8 AS mood) WITH FUNCTION to_mood(float8) AS ASSIGNMENT;
CREATE CAST (timestamptz AS mood) WITH FUNCTION to_mood(timestamptz) AS ASSIGNMENT;
CREATE DOMAIN whole AS int;
CREATE DOMAIN price AS float8;
CREATE DOMAIN words AS text;
CREATE DOMAIN moment AS timestamptz;
