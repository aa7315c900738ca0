-- The candle tables. They belong to whoever calls this function and are no members of the
-- extension: dropping the extension leaves them, pg_dump dumps them as ordinary tables. What they
-- are made of stands in this folder and in views/, as one would type it.

CREATE FUNCTION @extschema@.create_candle_tables() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    place name;
    place_id oid;
    one record;
    found_owner name;
    found_kind text;
    missing text;
    is_same boolean;
    is_new boolean;
    new_calendars boolean := false;
    -- Changes were not noted so far.
    unnoticed boolean := false;
BEGIN
    SELECT n.nspname, n.oid INTO STRICT place, place_id
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_candle';

    -- One at a time: two sessions that create the same tables would collide in the catalogs.
    PERFORM pg_advisory_xact_lock(hashtext('pg_candle.create_candle_tables'));

    FOR one IN SELECT * FROM (VALUES
-- @objects tables/instruments.sql tables/candles.sql tables/indicators.sql tables/calendars.sql
-- @objects tables/fetching.sql tables/timetable.sql
-- @objects views/data_freshness.sql views/refresh_progress.sql
-- @objects tables/changes.sql
        ) AS o (kind, name, needs, ddl)
    LOOP
        is_new := false;
        found_owner := NULL;
        IF one.kind = 'function' THEN
            SELECT pg_get_userbyid(p.proowner), 'function', strpos(one.ddl, p.prosrc) > 0
            INTO found_owner, found_kind, is_same
            FROM pg_proc p
            WHERE p.pronamespace = place_id AND p.proname = one.name
              AND strpos(one.ddl, format('FUNCTION %s(%s)', one.name,
                                         pg_get_function_identity_arguments(p.oid))) > 0;
        ELSIF one.kind = 'trigger' THEN
            -- Whoever may create triggers on the table may have taken the name.
            SELECT strpos(one.ddl, format('FUNCTION %s(', p.proname)) > 0
                   AND p.pronamespace = place_id
            INTO is_same
            FROM pg_trigger t
            JOIN pg_proc p ON p.oid = t.tgfoid
            WHERE t.tgrelid = to_regclass(format('%I.%I', place, split_part(one.name, '.', 1)))
              AND t.tgname = split_part(one.name, '.', 2);
            is_new := is_same IS DISTINCT FROM true;
        ELSE
            SELECT pg_get_userbyid(c.relowner),
                   CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'f' THEN 'table'
                        WHEN 'v' THEN 'view' ELSE 'relation' END,
                   (SELECT string_agg(needed.column, ', ')
                    FROM unnest(one.needs) AS needed ("column")
                    WHERE NOT EXISTS (SELECT FROM pg_attribute a
                                      WHERE a.attrelid = c.oid AND a.attname = needed.column
                                        AND NOT a.attisdropped))
            INTO found_owner, found_kind, missing
            FROM pg_class c WHERE c.relnamespace = place_id AND c.relname = one.name;
            IF found_owner IS NULL THEN
                SELECT pg_get_userbyid(t.typowner), 'type' INTO found_owner, found_kind
                FROM pg_type t WHERE t.typnamespace = place_id AND t.typname = one.name;
            END IF;
        END IF;

        IF one.kind = 'table' AND found_owner IS NULL THEN
            -- Its key, its sequence and its indexes take names, too.
            SELECT pg_get_userbyid(c.relowner), format('relation %I', c.relname)
            INTO found_owner, found_kind
            FROM pg_class c
            WHERE c.relnamespace = place_id AND pg_get_userbyid(c.relowner) <> current_user
              AND (c.relname = one.name || '_pkey' OR c.relname = format('%s_%s_seq', one.name,
                       (regexp_match(one.ddl, '(\w+) +\w+ GENERATED'))[1])
                   OR one.ddl ~ format('INDEX %s\M', c.relname));
        END IF;

        -- What is there already stays, if it is the caller's and can serve.
        IF found_owner <> current_user THEN
            RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
                MESSAGE = CASE WHEN found_kind = 'table' THEN ''
                               ELSE 'the ' || found_kind || ' ' END
                    || format('%I.%I belongs to %s', place, one.name, found_owner),
                DETAIL = 'What belongs to somebody else is not taken over.',
                HINT = format('SET ROLE %I, or rename or drop the %s.', found_owner, found_kind);
        ELSIF found_owner IS NOT NULL AND found_kind = 'view' AND one.kind = 'table' THEN
            found_kind := 'table';  -- of the caller's own, over other tables
        END IF;
        IF found_owner IS NOT NULL AND found_kind <> one.kind THEN
            RAISE EXCEPTION USING ERRCODE = 'duplicate_object',
                MESSAGE = format('%I.%I exists and is no %s', place, one.name, one.kind),
                DETAIL = format('It is a %s.', found_kind),
                HINT = 'Rename it, then call create_candle_tables() again.';
        ELSIF found_owner IS NOT NULL AND one.kind = 'table' AND missing IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'duplicate_table',
                MESSAGE = format('%I.%I exists and is no candle table', place, one.name),
                DETAIL = format('It has no column %s.', missing),
                HINT = 'Rename that table, then call create_candle_tables() again.';
        END IF;

        IF one.kind IN ('table', 'view') THEN
            is_new := found_owner IS NULL;
            new_calendars := new_calendars OR is_new AND one.name = 'special_session';
        ELSIF one.kind = 'function' THEN
            IF new_calendars THEN
                -- Before there are triggers, and after the tables: nothing was derived from them.
                EXECUTE format('SELECT %I.fill_trading_calendars()', place);
                new_calendars := false;
            END IF;
            is_new := found_owner IS NULL OR NOT is_same;
        ELSIF is_new THEN
            is_new := EXISTS (SELECT FROM pg_class c
                              WHERE c.relkind IN ('r', 'p')
                                AND c.oid = to_regclass(format('%I.%I', place,
                                                               split_part(one.name, '.', 1))));
            IF is_new AND is_same IS NOT NULL THEN
                EXECUTE format('DROP TRIGGER %I ON %I.%I', split_part(one.name, '.', 2), place,
                               split_part(one.name, '.', 1));
            END IF;
            unnoticed := unnoticed OR is_new;
        END IF;
        IF is_new THEN
            -- The definitions name PostgreSQL's own, which comes first by itself, and what stands
            -- here. A function or operator of somebody else that fits better would come before
            -- both.
            SELECT format('%s %s', f.kind, f.name), pg_get_userbyid(f.owner)
            INTO found_kind, found_owner
            FROM (SELECT 'function' AS kind, p.oid::regprocedure::text AS name, p.proowner AS owner
                  FROM pg_proc p
                  WHERE p.pronamespace = place_id AND strpos(one.ddl, p.proname || '(') > 0
                    AND EXISTS (SELECT FROM pg_proc o WHERE o.proname = p.proname
                                AND o.pronamespace = 'pg_catalog'::regnamespace)
                  UNION ALL
                  SELECT 'operator', p.oid::regoperator::text, p.oprowner FROM pg_operator p
                  WHERE p.oprnamespace = place_id AND strpos(one.ddl, p.oprname) > 0) f
            JOIN pg_roles r ON r.oid = f.owner
            WHERE NOT r.rolsuper AND r.rolname <> current_user
            LIMIT 1;
            IF FOUND THEN
                RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
                    MESSAGE = format('the %s in schema %I belongs to %s',
                                     found_kind, place, found_owner),
                    DETAIL = format('It might be used by the %s %s instead of PostgreSQL''s own.',
                                    one.kind, one.name),
                    HINT = 'Rename or drop it, or create the extension in a schema of its own.';
            END IF;
            PERFORM set_config('search_path', format('%I, pg_temp', place), true);
            EXECUTE one.ddl;
            PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
        END IF;
    END LOOP;

    -- Partitions and children have the triggers of the table that they are part of.
    FOR one IN
        WITH RECURSIVE part AS (
            SELECT c.oid AS root, c.oid
            FROM unnest('{candle_data,indicator_data}'::text[]) AS r (name)
            JOIN pg_class c ON c.oid = to_regclass(format('%I.%I', place, r.name))
            UNION ALL
            SELECT p.root, i.inhrelid FROM part p JOIN pg_inherits i ON i.inhparent = p.oid)
        SELECT p.oid::regclass AS part, t.oid AS trigger,
            format('%I.%I', place, (SELECT relname FROM pg_class WHERE oid = p.root)) AS root
        FROM part p
        JOIN pg_class c ON c.oid = p.oid AND c.relkind IN ('r', 'p')
        JOIN pg_trigger t ON t.tgrelid = p.root AND NOT t.tgisinternal
        JOIN pg_proc f ON f.oid = t.tgfoid AND f.pronamespace = place_id
            AND f.proname IN ('log_candle_changes', 'log_indicator_changes')
        WHERE p.oid <> p.root
          AND NOT EXISTS (SELECT FROM pg_trigger o WHERE o.tgrelid = p.oid AND o.tgname = t.tgname)
    LOOP
        EXECUTE replace(pg_get_triggerdef(one.trigger), format(' ON %s ', one.root),
                        format(' ON %s ', one.part));
        unnoticed := true;
    END LOOP;

    IF unnoticed THEN
        EXECUTE format($query$
            INSERT INTO %1$I.candle_change (consumer, instrument_id, timeframe, earliest)
            SELECT t.consumer, 0, '*', '-infinity' FROM unnest('{timeframes,indicators}'::text[])
                AS t (consumer)
            WHERE EXISTS (SELECT FROM %1$I.candle_data) OR EXISTS (SELECT FROM %1$I.indicator_data)
            $query$, place);
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.create_candle_tables() IS
    'creates the tables of pg_candle that are not there yet, in the extension''s schema and owned '
    'by the caller; they survive DROP EXTENSION';
