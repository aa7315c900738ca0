-- pg_cron has one schedule a job, in UTC or cron.timezone: times of the day are converted, and what
-- depends on sessions is looked at often enough, run_due_sync_tasks() knows the rest.

CREATE FUNCTION @extschema@.require_pg_cron() RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    its_database text := current_setting('cron.database_name', true);
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
        RETURN;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
        MESSAGE = 'pg_cron is not in this database',
        DETAIL = CASE WHEN its_database <> current_database()
            THEN format('It works in the database %s (cron.database_name).', its_database)
            ELSE 'Its extension is not created here.' END,
        HINT = CASE WHEN its_database = current_database()
            THEN 'CREATE EXTENSION pg_cron;'
            ELSE format('Set shared_preload_libraries = ''pg_cron'' and cron.database_name = '
                        '''%s'', restart, and CREATE EXTENSION pg_cron here; or let '
                        '"pgcandle run" keep the timetable.', current_database()) END;
END
$function$;
COMMENT ON FUNCTION @extschema@.require_pg_cron() IS
    'an error that says what to do, unless pg_cron is in this database';

CREATE FUNCTION @extschema@.cron_schedule(
    at_time time, zone text, weekdays integer[], every interval)
    RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    cron_zone text := coalesce(nullif(current_setting('cron.timezone', true), ''), 'GMT');
    today date := (@extschema@.candle_now() AT TIME ZONE zone)::date;
    local timestamp;
    minutes integer;
BEGIN
    IF at_time IS NULL THEN
        -- What follows the close of a session is looked for every five minutes.
        minutes := CASE WHEN every IS NULL THEN 5
                        ELSE greatest(1, extract(epoch FROM every)::integer / 60) END;
        RETURN CASE WHEN minutes = 1 THEN '* * * * *'
                    WHEN 60 % minutes = 0 AND minutes < 60 THEN format('*/%s * * * *', minutes)
                    ELSE '*/5 * * * *' END;
    END IF;
    -- By today's offset; a zone with summer time wants schedule_candle_jobs() again when it
    -- changes.
    local := (today + at_time) AT TIME ZONE zone AT TIME ZONE cron_zone;
    RETURN format('%s %s * * %s',
        extract(minute FROM local)::integer, extract(hour FROM local)::integer,
        coalesce((SELECT string_agg(((d + (local::date - today) + 7) % 7)::text, ',' ORDER BY d)
                  FROM unnest(weekdays) AS d), '*'));
END
$function$;
COMMENT ON FUNCTION @extschema@.cron_schedule(time, text, integer[], interval) IS
    'a row of sync_timetable as pg_cron writes times';

CREATE FUNCTION @extschema@.schedule_candle_jobs() RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    t record;
    scheduled integer := 0;
BEGIN
    PERFORM @extschema@.require_pg_cron();
    FOR t IN
        SELECT r.name, r.at_time, r.weekdays, r.every,
               coalesce((SELECT c.timezone
                         FROM @extschema@.trading_calendar c
                         WHERE c.calendar = r.calendar
                         ORDER BY c.valid_from DESC LIMIT 1), 'Asia/Kolkata') AS zone
        FROM @extschema@.sync_timetable r
        WHERE r.enabled
        ORDER BY r.name
    LOOP
        EXECUTE 'SELECT cron.schedule($1, $2, $3)'
        USING 'pg_candle ' || t.name,
            @extschema@.cron_schedule(t.at_time, t.zone, t.weekdays, t.every),
            format('SELECT %s.run_due_sync_tasks(''pg_cron'', %L)', '@extschema@', t.name);
        UPDATE @extschema@.sync_timetable r SET owner = 'pg_cron' WHERE r.name = t.name;
        scheduled := scheduled + 1;
    END LOOP;
    RETURN scheduled;
END
$function$;
COMMENT ON FUNCTION @extschema@.schedule_candle_jobs() IS
    'hands the timetable to pg_cron, which then owns its rows, the daemon no longer; fetching '
    'stays with the loader ("pgcandle run"). Returns the number of jobs. May be called again '
    'after changes';

CREATE FUNCTION @extschema@.unschedule_candle_jobs() RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    one record;
    removed integer := 0;
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
        FOR one IN EXECUTE
            'SELECT jobname FROM cron.job WHERE jobname LIKE ''pg\_candle %'' AND command LIKE $1 '
            'AND username = current_user'
            USING '%.run_due_sync_tasks(''pg\_cron'', %'
        LOOP
            EXECUTE 'SELECT cron.unschedule($1)' USING one.jobname;
            removed := removed + 1;
        END LOOP;
    END IF;
    UPDATE @extschema@.sync_timetable t SET owner = 'daemon' WHERE t.owner = 'pg_cron';
    RETURN removed;
END
$function$;
COMMENT ON FUNCTION @extschema@.unschedule_candle_jobs() IS
    'takes the timetable back from pg_cron: removes the jobs that schedule_candle_jobs() made, '
    'and no others; returns how many';
