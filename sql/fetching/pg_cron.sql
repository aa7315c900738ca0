-- pg_cron has one schedule a job, in UTC or cron.timezone: times of the day are converted, and what depends on sessions is looked
-- at often enough, run_due_sync_tasks() knows the rest.
CREATE FUNCTION @extschema@.schedule_candle_jobs() RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    t record;
    cron_zone text := coalesce(nullif(current_setting('cron.timezone', true), ''), 'GMT');
    local timestamp;
    shift integer;
    plan text;
    minutes integer;
    scheduled integer := 0;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = 'pg_cron is not in this database',
            DETAIL = CASE WHEN current_setting('cron.database_name', true) <> current_database()
                          THEN format('It works in the database %s (cron.database_name).', current_setting('cron.database_name', true)) ELSE 'Its extension is not created here.' END,
            HINT = CASE WHEN current_setting('cron.database_name', true) = current_database() THEN 'CREATE EXTENSION pg_cron;'
                        ELSE format('Set shared_preload_libraries = ''pg_cron'' and cron.database_name = ''%s'', restart, and CREATE EXTENSION pg_cron here; or let "pgcandle run" keep the timetable.', current_database()) END;
    END IF;
    FOR t IN SELECT r.*, coalesce((SELECT c.timezone FROM @extschema@.trading_calendar c WHERE c.calendar = r.calendar ORDER BY c.valid_from DESC LIMIT 1), 'Asia/Kolkata') AS zone
             FROM @extschema@.sync_timetable r WHERE r.enabled ORDER BY r.name LOOP
        IF t.at_time IS NOT NULL THEN
            -- By today's offset; a zone with summer time wants schedule_candle_jobs() again when it changes.
            local := ((@extschema@.candle_now() AT TIME ZONE t.zone)::date + t.at_time) AT TIME ZONE t.zone AT TIME ZONE cron_zone;
            shift := local::date - (@extschema@.candle_now() AT TIME ZONE t.zone)::date;
            plan := format('%s %s * * %s', extract(minute FROM local)::integer, extract(hour FROM local)::integer, coalesce(
                (SELECT string_agg(((d + shift + 7) % 7)::text, ',' ORDER BY d) FROM unnest(t.weekdays) AS d), '*'));
        ELSE
            minutes := CASE WHEN t.every IS NULL THEN 5 ELSE greatest(1, extract(epoch FROM t.every)::integer / 60) END;
            plan := CASE WHEN minutes = 1 THEN '* * * * *' WHEN 60 % minutes = 0 AND minutes < 60 THEN format('*/%s * * * *', minutes) ELSE '*/5 * * * *' END;
        END IF;
        EXECUTE 'SELECT cron.schedule($1, $2, $3)' USING 'pg_candle ' || t.name, plan, format('SELECT %s.run_due_sync_tasks(''pg_cron'', %L)', '@extschema@', t.name);
        UPDATE @extschema@.sync_timetable SET owner = 'pg_cron' WHERE name = t.name;
        scheduled := scheduled + 1;
    END LOOP;
    RETURN scheduled;
END
$function$;
COMMENT ON FUNCTION @extschema@.schedule_candle_jobs() IS
    'hands the timetable to pg_cron, which then owns its rows, the daemon no longer; fetching stays with the loader ("pgcandle run"). Returns the number of jobs. May be called again after changes';

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
        FOR one IN EXECUTE 'SELECT jobname FROM cron.job WHERE jobname LIKE ''pg\_candle %'' AND command LIKE $1 AND username = current_user'
                USING '%.run_due_sync_tasks(''pg\_cron'', %' LOOP
            EXECUTE 'SELECT cron.unschedule($1)' USING one.jobname;
            removed := removed + 1;
        END LOOP;
    END IF;
    UPDATE @extschema@.sync_timetable SET owner = 'daemon' WHERE owner = 'pg_cron';
    RETURN removed;
END
$function$;
COMMENT ON FUNCTION @extschema@.unschedule_candle_jobs() IS
    'takes the timetable back from pg_cron: removes the jobs that schedule_candle_jobs() made, and no others; returns how many';
