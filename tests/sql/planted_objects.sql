-- What somebody planted before the tables were made is refused, whatever kind of object it is: nobody's code runs with
-- another's rights.
BEGIN;
SELECT no_plan();
CREATE ROLE mallory LOGIN;
GRANT CREATE ON SCHEMA public TO mallory;
CREATE FUNCTION said() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    PERFORM create_candle_tables();
    RETURN 'created';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || SQLERRM || ' ' || hint;
END $$;
CREATE FUNCTION planted(object text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL ROLE mallory;
    EXECUTE object;
    RESET ROLE;
    RETURN said();
END $$;
SAVEPOINT nothing;
CREATE FUNCTION said_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'nothing';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END $$;
CREATE TABLE cases (n serial, name text, kind text, object text);
INSERT INTO cases (name, kind, object)
SELECT f, 'function',
    format(
        'CREATE FUNCTION public.%I() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN ALTER ROLE mallory SUPERUSER; RETURN '
        'NULL; END''',
        f)
FROM unnest(
    '{log_candle_changes,log_indicator_changes,log_calendar_changes,log_instrument_changes,keep_candle_changes,'
    'check_watchlist}'::text[]
) f;
INSERT INTO cases (name, kind, object) VALUES
    (
        'candle_timeframe_problem', 'function',
        'CREATE FUNCTION public.candle_timeframe_problem(timeframe text) RETURNS text LANGUAGE sql AS ''SELECT '
        '1::text'''
    ),
    (
        'is_candle_time_zone', 'function',
        'CREATE FUNCTION public.is_candle_time_zone(name text) RETURNS boolean LANGUAGE sql AS ''SELECT true'''),
    ('data_freshness', 'view', 'CREATE VIEW public.data_freshness AS SELECT 1 AS a'),
    ('refresh_progress', 'view', 'CREATE VIEW public.refresh_progress AS SELECT 1 AS a'),
    ('candle_data', 'view', 'CREATE VIEW public.candle_data AS SELECT 1 AS a'),
    ('watchlist', 'relation', 'CREATE SEQUENCE public.watchlist'),
    ('candle_data', 'relation', 'CREATE MATERIALIZED VIEW public.candle_data AS SELECT 1 AS a'),
    ('indicator_data', 'type', 'CREATE TYPE public.indicator_data AS ENUM (''a'')'),
    ('candle_change', 'type', 'CREATE DOMAIN public.candle_change AS int'),
    (
        'ltp_data', 'table',
        'CREATE TABLE public.ltp_data (instrument_id int, ts timestamptz, ltp float8, volume float8, last_quantity '
        'float8, previous_close float8, change float8, change_percent float8)'
    ),
    (
        'candle_change', 'table',
        'CREATE TABLE public.candle_change (consumer text, instrument_id int, timeframe text, earliest timestamptz)'),
    ('candle_data_pkey', 'relation', 'CREATE SEQUENCE public.candle_data_pkey'),
    ('sync_job_job_id_seq', 'relation', 'CREATE SEQUENCE public.sync_job_job_id_seq'),
    ('sync_alert_open', 'relation', 'CREATE TABLE public.sync_alert_open (a int)');
CREATE FUNCTION tried(object text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    BEGIN
        answer := planted(object);
        RAISE EXCEPTION USING ERRCODE = 'ZZZZZ', MESSAGE = answer || CASE
            WHEN rolsuper THEN ' and mallory is a superuser'
            ELSE '' END
            FROM pg_roles
            WHERE rolname = 'mallory';
    EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN
        RETURN SQLERRM;
    END;
END $$;
SELECT alike(
    tried(object), '42501 %' || name || '%mallory%SET ROLE mallory, or rename or drop the%',
    format('the %s %s of another owner is refused', kind, name))
FROM cases
ORDER BY n;
SELECT alike(tried(object), '42501 the % in schema public belongs to mallory%', object) FROM unnest(ARRAY[
    'CREATE FUNCTION public.format(text, name) RETURNS text LANGUAGE sql AS ''SELECT 1::text''',
    'CREATE AGGREGATE public.array_agg(int) (sfunc = array_append, stype = int[], initcond = ''{}'')',
    'CREATE FUNCTION public.generate_series(date, date) RETURNS SETOF date LANGUAGE sql AS ''SELECT current_date''',
    'CREATE OPERATOR public.+ (FUNCTION = date_mi, LEFTARG = date, RIGHTARG = date)']) object;
SELECT is(said(), 'created', 'without them the tables are created');

-- Afterwards: somebody's own function of the name cannot take its place, and his trigger neither.
SET LOCAL ROLE mallory;
SELECT throws_ok(
    'CREATE OR REPLACE FUNCTION public.log_candle_changes() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN NULL; '
    'END''',
    '42501', NULL, 'they cannot be replaced by others');
SELECT throws_ok(
    'CREATE TRIGGER t AFTER INSERT ON public.watchlist EXECUTE FUNCTION public.log_candle_changes()', '42501', NULL,
    'nor be put on tables of others');
SELECT throws_ok('SELECT candle_internal.note_ddl()', '42501', NULL, 'internal functions are not for everybody');
SELECT lives_ok('SELECT public.candle_timeframe_problem(''1d'')', 'what helps is');
RESET ROLE;
SELECT is_empty(
    $$
        SELECT p.oid::regprocedure
        FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace
          AND p.prosecdef
          AND has_function_privilege('mallory', p.oid, 'EXECUTE')$$,
    'nobody calls by himself what runs with the rights of the tables'' owner');
SELECT is_empty(
    $$
        SELECT p.oid::regprocedure
        FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace
          AND p.prosecdef
          AND NOT p.proconfig::text ~ 'search_path=pg_catalog, pg_temp'$$,
    'and all of that has a search_path of its own');

-- What fits better than PostgreSQL's own is not used, whoever writes.
CREATE FUNCTION public.evil(int[], int) RETURNS int[]
    LANGUAGE plpgsql AS 'BEGIN RAISE ''evil runs as %'', current_user; END';
CREATE AGGREGATE public.array_agg(int) (sfunc = public.evil, stype = int[], initcond = '{}');
CREATE FUNCTION public.evil(int) RETURNS boolean
    LANGUAGE plpgsql AS 'BEGIN RAISE ''evil runs as %'', current_user; END';
CREATE FUNCTION public.unnest(int[], text[], timestamptz[]) RETURNS SETOF record
    LANGUAGE plpgsql AS 'BEGIN RAISE ''evil runs as %'', current_user; END';
CREATE FUNCTION public.unnest(text[]) RETURNS SETOF text
    LANGUAGE plpgsql AS 'BEGIN RAISE ''evil runs as %'', current_user; END';
CREATE FUNCTION public.min(timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql AS 'BEGIN RAISE ''evil runs as %'', current_user; END';
CREATE FUNCTION public.evil(date, int) RETURNS date
    LANGUAGE plpgsql AS 'BEGIN RAISE ''evil runs as %'', current_user; END';
CREATE OPERATOR public.- (FUNCTION = public.evil, LEFTARG = date, RIGHTARG = int);
SELECT is(said_of(statement), 'nothing', statement) FROM (VALUES
    ('INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close)
      VALUES (1, ''1d'', ''2026-01-01'', 1, 1, 1, 1),
    (1, ''45m'', ''2026-01-01'', 1, 1, 1, 1)'),
    ('UPDATE candle_data SET volume = 1'),
    ('DELETE FROM candle_data WHERE timeframe = ''45m'''),
    ('DELETE FROM candle_change'),
    ('TRUNCATE candle_change'),
    ('TRUNCATE indicator_data'),
    ('INSERT INTO trading_holiday (calendar, holiday) VALUES (''NSE'', ''2026-01-01'')'),
    ('UPDATE trading_calendar SET opens = opens'),
    ('INSERT INTO watchlist (instrument_id) VALUES (1)'),
    (
        'INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, '
        'trading_symbol) VALUES (1, ''X|1'', ''X'', ''X'', ''X'', ''X'')'
    ),
    ('UPDATE instrument_master SET segment = ''NSE_EQ'''),
    ('SELECT create_candle_tables()'),
    ('SELECT compute_indicators()'),
    ('CALL refresh_timeframes()'),
    ('SELECT * FROM data_freshness')) t (statement);
DROP AGGREGATE public.array_agg(int);
DROP FUNCTION public.unnest(int[], text[], timestamptz[]), public.unnest(text[]), public.min(timestamptz);
DROP OPERATOR public.- (date, int);

-- Nor is what fits better than a function of the extension.
SELECT format(
    'CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql AS ''BEGIN RAISE ''''evil runs as %%'''', '
    'current_user; END''',
    name, arguments, result)
FROM (VALUES
    ('plan_backfill', 'text[], text[], date, date', 'int'), ('plan_segment', 'text, boolean', 'int'),
        ('ranges_to_request', 'int, text, date, date', 'record'), ('refetch_history', 'int', 'int'),
    ('due_sync_tasks', 'text, text', 'record'), ('run_sync_task', 'text, text', 'int'), ('plan_task', 'text', 'int'),
    ('raise_sync_alert', 'text, text', 'void')) t (name, arguments, result) \gexec
CREATE PROCEDURE public.refresh_timeframes(text, text[])
    LANGUAGE plpgsql AS 'BEGIN RAISE ''evil runs as %'', current_user; END';
CREATE PROCEDURE public.wait_for_loader(text, timestamptz)
    LANGUAGE plpgsql AS 'BEGIN RAISE ''evil runs as %'', current_user; END';
SELECT is(said_of(statement), 'nothing', statement) FROM (VALUES
    ('CALL backfill()'), ('CALL sync_segment(''equity'')'), ('SELECT run_due_sync_tasks()'),
        ('SELECT mark_price_adjusted(1, 2)'),
        ('SELECT plan_series(''backfill'', 1, ''1d'', ''2026-01-01'', ''2026-01-31'')')) t (statement);

-- The functions of the log never run code that somebody else has put on a table of his.
CREATE SCHEMA bob;
CREATE FUNCTION bob.evil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''evil runs as %'', current_user; END';
GRANT USAGE ON SCHEMA bob TO mallory;
ALTER TABLE candle_change OWNER TO mallory;
SELECT is(
    (
        SELECT array_agg(DISTINCT pg_get_userbyid(proowner)::text)
        FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'log\_%\_changes'), '{mallory}',
    'the functions follow the log to its new owner');
ALTER FUNCTION log_candle_changes() OWNER TO CURRENT_USER;
CREATE TRIGGER evil BEFORE INSERT ON candle_change FOR EACH ROW EXECUTE FUNCTION bob.evil();
SELECT lives_ok('UPDATE candle_data SET volume = 2', 'with a log of somebody else nothing is noted');
SELECT is(
    said_of('UPDATE candle_data SET high = 2, close = 2 WHERE timeframe = ''1d'''), 'nothing', 'whatever is written');
DROP TRIGGER evil ON candle_change;
ALTER TABLE candle_change OWNER TO CURRENT_USER;

-- Settings that an owner's trigger leaves behind are gone when his rights are.
CREATE FUNCTION bob.set_path() RETURNS trigger
    LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''search_path'', ''bob'', false); RETURN NEW; END';
CREATE TRIGGER set_path BEFORE INSERT ON candle_change FOR EACH ROW EXECUTE FUNCTION bob.set_path();
CREATE TEMP TABLE path AS SELECT current_setting('search_path') AS path;
ALTER TABLE candle_data ALTER volume TYPE numeric;
SELECT is(current_setting('search_path'), path, 'DDL leaves the settings as they are') FROM path;
DROP TRIGGER set_path ON candle_change;

-- Triggers of these names elsewhere are nobody's business.
DELETE FROM candle_change;
SELECT compute_indicators() \g /dev/null
CALL refresh_timeframes();
CREATE TEMP TABLE t (a int);
CREATE TRIGGER log_candle_insert AFTER INSERT ON t EXECUTE FUNCTION suppress_redundant_updates_trigger();
DROP TRIGGER log_candle_insert ON t;
CREATE TABLE bob.t (a int);
CREATE TRIGGER log_candle_insert AFTER INSERT ON bob.t EXECUTE FUNCTION suppress_redundant_updates_trigger();
DROP TRIGGER log_candle_insert ON bob.t;
SELECT is((SELECT count(*) FROM candle_change), 0::bigint, 'a trigger of that name on another table is none of ours');

-- Whose tables they are decides whose functions they must be.
CREATE ROLE owner_of_candles;
GRANT CREATE ON SCHEMA public TO owner_of_candles;
ALTER TABLE candle_data OWNER TO mallory;
SELECT alike(
    said(), '42501 public.candle_data belongs to mallory%', 'a table that was given away is not the caller''s any more'
);
ALTER TABLE candle_data OWNER TO CURRENT_USER;
ALTER FUNCTION log_candle_changes() OWNER TO mallory;
SELECT alike(said(), '42501 the function public.log_candle_changes belongs to mallory%', 'nor is a function');
SELECT * FROM finish();
ROLLBACK;
