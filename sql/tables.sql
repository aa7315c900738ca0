-- The candle tables. They belong to whoever calls this function and are no members of the extension: dropping the extension
-- leaves them, pg_dump dumps them as ordinary tables.

CREATE FUNCTION @extschema@.create_candle_tables() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    place text;
    one record;
    owner_name name;
    missing text;
    new_calendars boolean := false;
BEGIN
    SELECT n.nspname INTO STRICT place
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_candle';

    -- One at a time: two sessions that create the same tables would collide in the catalogs.
    PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('pg_candle.create_candle_tables'));

    FOR one IN SELECT * FROM @extschema@.candle_tables() UNION ALL SELECT * FROM @extschema@.sync_tables()
    LOOP
        -- A table that is there already stays as it is, if it is the caller's and can serve.
        SELECT pg_catalog.pg_get_userbyid(c.relowner), (
            SELECT pg_catalog.string_agg(r.name, ', ') FROM pg_catalog.unnest(one.required) AS r (name)
            WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                              WHERE a.attrelid = c.oid AND a.attname = r.name AND NOT a.attisdropped))
        INTO owner_name, missing
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = place AND c.relname = one.name;
        IF FOUND THEN
            IF owner_name <> current_user THEN
                RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
                    MESSAGE = pg_catalog.format('%I.%I belongs to %s', place, one.name, owner_name),
                    DETAIL = 'A table of somebody else is not taken over.',
                    HINT = pg_catalog.format('SET ROLE %I, or rename that table.', owner_name);
            ELSIF missing IS NOT NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'duplicate_table',
                    MESSAGE = pg_catalog.format('%I.%I exists and is no candle table', place, one.name),
                    DETAIL = pg_catalog.format('It has no column %s.', missing),
                    HINT = 'Rename that table, then call create_candle_tables() again.';
            END IF;
            CONTINUE;
        END IF;
        new_calendars := new_calendars OR one.name = 'special_session';
        EXECUTE pg_catalog.format('CREATE TABLE %1$I.%2$I (', place, one.name) || pg_catalog.format(one.columns, place) || ')';
        FOR i IN 1 .. pg_catalog.cardinality(one.afterwards) LOOP
            EXECUTE pg_catalog.format(one.afterwards[i], place);
        END LOOP;
    END LOOP;
    IF new_calendars THEN
        EXECUTE pg_catalog.format('SELECT %I.fill_trading_calendars()', place);
    END IF;

    PERFORM @extschema@.create_change_log(place);
    PERFORM @extschema@.create_freshness_views(place);
END
$function$;
COMMENT ON FUNCTION @extschema@.create_candle_tables() IS
    'creates the tables of pg_candle that are not there yet, in the extension''s schema and owned by the caller; they survive DROP EXTENSION';

