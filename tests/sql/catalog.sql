-- What the extension brings, as the catalogs see it.
BEGIN;
SELECT no_plan();
CREATE TEMP TABLE members AS SELECT p.*, pg_describe_object(d.classid, d.objid, 0) AS what
    FROM pg_depend d
    JOIN pg_extension e ON e.oid = d.refobjid
    JOIN pg_proc p ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass
        WHERE e.extname = 'pg_candle' AND d.deptype = 'e';
SELECT ok((SELECT count(*) FROM members) > 20, 'there are functions');
SELECT is_empty('SELECT what FROM members WHERE obj_description(oid, ''pg_proc'') IS NULL', 'every one has a comment');
SELECT is_empty(
    $$SELECT what FROM members WHERE prokind = 'w' AND (provolatile <> 'i' OR proparallel <> 's')$$,
    'window functions are immutable and parallel safe');
SELECT is_empty(
    $$SELECT what FROM members WHERE proname = 'indicators' AND (provolatile <> 's' OR proparallel <> 'r')$$,
    'indicators() is stable');
SELECT is_empty(
    $$SELECT what FROM members WHERE proname LIKE 'compute%' AND (provolatile <> 'v' OR proparallel <> 'u')$$,
    'compute_indicators() writes');
SELECT is_empty(
    $$
        SELECT what
        FROM members
        JOIN pg_language l ON l.oid = prolang
        WHERE lanname = 'plpgsql'
          AND prokind <> 'p'
          AND NOT coalesce(proconfig, '{}') @> ARRAY['search_path=pg_catalog, pg_temp']$$,
    'plpgsql functions fix their search_path');
-- Procedures that commit cannot; they use no operator and qualify all names.
SELECT is_empty(
    $$
        SELECT what
        FROM members
        JOIN pg_language l ON l.oid = prolang
        WHERE lanname = 'plpgsql'
          AND prokind = 'p'
          AND regexp_replace(prosrc, '(ERRCODE|MESSAGE|HINT) =', '', 'g') ~ '[^:]=|[<>+*/|]'$$,
    'procedures use no operator');
SELECT is_empty('SELECT what FROM members WHERE prosecdef', 'none runs with its owner''s rights');
SELECT is_empty(
    $$SELECT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE e.extname = 'pg_candle'
      AND d.deptype = 'e'
      AND d.classid NOT IN ('pg_proc'::regclass, 'pg_event_trigger'::regclass)
      AND d.objid <> 'candle_internal'::regnamespace$$,
    'nothing but functions, event triggers and a schema of its own');
SELECT is_empty(
    $$
        SELECT what
        FROM members
        WHERE pronamespace = 'candle_internal'::regnamespace AND has_function_privilege('public', oid, 'EXECUTE')$$,
    'nobody calls what is internal');
SELECT is(has_schema_privilege('public', 'candle_internal', 'USAGE'), false, 'or looks into that schema');
SELECT is(
    (SELECT extrelocatable FROM pg_extension WHERE extname = 'pg_candle'), false, 'it stays where it was created');
DROP EXTENSION pg_candle;
CREATE SCHEMA "Odd schema";
SELECT lives_ok('CREATE EXTENSION pg_candle SCHEMA "Odd schema"', 'another schema, with a name that needs quotes');
SELECT lives_ok('SELECT "Odd schema".create_candle_tables()', 'gets its tables there');
SELECT is_empty(
    $$
        SELECT p.oid::regprocedure
        FROM pg_proc p
        JOIN pg_namespace n ON n.oid = pronamespace
        WHERE nspname <> 'pg_catalog' AND prosrc ~* 'exception\s+when' AND proparallel <> 'u'$$,
    'what may start a subtransaction does not run in a parallel query');
INSERT INTO "Odd schema".candle_data (instrument_id, timeframe, ts, open, high, low, close)
VALUES (1, '1d', '2026-01-05', 1, 2, 1, 2);
SELECT is("Odd schema".compute_indicators(), 1::bigint, 'and works without being in the search_path');
SELECT is(
    (SELECT count(*)::int FROM "Odd schema".indicators(NULL::"Odd schema".indicator_data, 1, '1d')), 1,
    'on the fly, too');
SELECT throws_ok($$SELECT "Odd schema".compute_indicators('X')$$, '42704', NULL, 'by name, too');

-- Objects of others in the search_path do not mislead it.
CREATE SCHEMA trap;
CREATE FUNCTION trap.equals(int, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE OPERATOR trap.= (LEFTARG = int, RIGHTARG = int, FUNCTION = trap.equals);
SET LOCAL search_path = trap, pg_catalog;
SELECT set_config('test.written', "Odd schema".compute_indicators(1, force => true)::text, true);
SET LOCAL search_path = public;
SELECT is(current_setting('test.written'), '1', 'operators are those of pg_catalog');
SELECT * FROM finish();
ROLLBACK;
