-- When what is done: sync_timetable, run by the daemon or by pg_cron.

CREATE FUNCTION @extschema@.calendars_in_use() RETURNS TABLE (calendar text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 5
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT @extschema@.calendar_of_segment(m.segment)
    FROM @extschema@.watchlist w JOIN @extschema@.instrument_master m USING (instrument_id)
    WHERE m.is_active AND m.segment IS NOT NULL
    UNION
    SELECT t.calendar FROM @extschema@.sync_timetable t WHERE t.enabled AND t.calendar IS NOT NULL
$function$;
COMMENT ON FUNCTION @extschema@.calendars_in_use() IS
    'the calendars of what is watched, and those that the timetable goes by';

CREATE FUNCTION @extschema@.note_bad_calendars() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT u.calendar, p.problem
        FROM @extschema@.calendars_in_use() u,
            LATERAL (SELECT @extschema@.calendar_problem(u.calendar)) p (problem)
        WHERE p.problem IS NOT NULL
          AND NOT EXISTS (
              SELECT FROM @extschema@.sync_alert a
              WHERE a.kind = 'bad_calendar' AND a.subject = u.calendar AND a.cleared_at IS NULL
                AND a.message = p.problem)
    LOOP
        PERFORM @extschema@.raise_sync_alert('bad_calendar', one.calendar, one.problem);
    END LOOP;
    UPDATE @extschema@.sync_alert a SET cleared_at = clock_timestamp()
    WHERE a.cleared_at IS NULL
      AND CASE a.kind
          WHEN 'bad_calendar' THEN @extschema@.calendar_problem(a.subject) IS NULL
          WHEN 'bad_series' THEN @extschema@.series_problem(
              substring(a.subject FROM '^(-?\d{1,9}) ')::integer,
              substring(a.subject FROM ' (.*)')) IS NULL END;
END
$function$;
COMMENT ON FUNCTION @extschema@.note_bad_calendars() IS
    'raises the alert bad_calendar for calendars in use whose sessions cannot be told; clears it, '
    'and bad_series, where that is mended';

CREATE FUNCTION @extschema@.due_sync_tasks(at timestamptz DEFAULT NULL, of_owner text DEFAULT 'daemon')
    RETURNS TABLE (name text, due_at timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
#variable_conflict use_column
DECLARE
    moment timestamptz := coalesce(at, @extschema@.candle_now());
BEGIN
    RETURN QUERY
    -- Calendars are looked at one by one, not instrument by instrument; what they cannot tell holds
    -- up nothing else (note_bad_calendars() reports it).
    WITH calendar AS MATERIALIZED (
        SELECT u.calendar FROM @extschema@.calendars_in_use() u
        WHERE @extschema@.calendar_problem(u.calendar) IS NULL),
    open AS MATERIALIZED (
        SELECT DISTINCT c.calendar
        FROM @extschema@.watchlist w
        JOIN @extschema@.instrument_master m USING (instrument_id)
        JOIN calendar c ON c.calendar = @extschema@.calendar_of_segment(m.segment)
        WHERE m.is_active AND @extschema@.market_is_open(c.calendar, moment)),
    row AS MATERIALIZED (
        SELECT t.*, coalesce((SELECT c.timezone FROM @extschema@.trading_calendar c WHERE c.calendar = t.calendar ORDER BY c.valid_from DESC LIMIT 1), 'Asia/Kolkata') AS zone
        FROM @extschema@.sync_timetable t
        WHERE t.enabled AND t.owner = of_owner
          AND (t.calendar IS NULL OR t.calendar IN (SELECT c.calendar FROM calendar c))),
    due AS (
        -- At multiples of an interval, where the market has to be open: of any calendar that is watched.
        SELECT r.name, r.last_due, date_bin(r.every, moment, timestamptz '2000-01-01 00:00Z') AS due_at
        FROM row r WHERE r.every IS NOT NULL
          AND (NOT r.while_open OR EXISTS (SELECT FROM open o WHERE r.calendar IS NULL OR o.calendar = r.calendar))
        UNION ALL
        -- Some time after the last close of a session; made up for until the next noon.
        SELECT r.name, r.last_due, max(s.closes_at) + r.after_close
        FROM row r, LATERAL @extschema@.trading_sessions(r.calendar, (moment AT TIME ZONE r.zone)::date - 1, (moment AT TIME ZONE r.zone)::date) s
        WHERE r.after_close IS NOT NULL GROUP BY r.name, r.last_due, r.after_close, s.session_date
        HAVING max(s.closes_at) + r.after_close <= moment AND moment < max(s.closes_at) + r.after_close + interval '16 hours'
        UNION ALL
        -- At a time of the day; made up for until midnight.
        SELECT r.name, r.last_due, ((moment AT TIME ZONE r.zone)::date + r.at_time) AT TIME ZONE r.zone
        FROM row r WHERE r.at_time IS NOT NULL AND (r.weekdays IS NULL OR extract(isodow FROM moment AT TIME ZONE r.zone)::integer = ANY (r.weekdays))
          AND ((moment AT TIME ZONE r.zone)::date + r.at_time) AT TIME ZONE r.zone <= moment)
    SELECT d.name, max(d.due_at) FROM due d WHERE d.last_due IS NULL OR d.last_due < d.due_at GROUP BY d.name ORDER BY 2, 1;
END
$function$;
COMMENT ON FUNCTION @extschema@.due_sync_tasks(timestamptz, text) IS
    'the rows of sync_timetable that are due at a moment and were not served since: holidays and special sessions are known';

CREATE FUNCTION @extschema@.run_sync_task(task_name text, due_at timestamptz DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
#variable_conflict use_variable
DECLARE
    t record;
    segment text;
    planned integer := 0;
    today date := (@extschema@.candle_now() AT TIME ZONE 'Asia/Kolkata')::date;
    one record;
BEGIN
    -- Whoever moves last_due forward does the work.
    UPDATE @extschema@.sync_timetable r SET last_due = coalesce(run_sync_task.due_at, @extschema@.candle_now())
    WHERE r.name = task_name AND (run_sync_task.due_at IS NULL OR r.last_due IS NULL OR r.last_due < run_sync_task.due_at) RETURNING r.* INTO t;
    IF NOT FOUND THEN
        IF NOT EXISTS (SELECT FROM @extschema@.sync_timetable r WHERE r.name = task_name) THEN
            RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('sync_timetable has no row %L', task_name);
        END IF;
        RETURN 0;
    END IF;
    IF t.task = 'freshness' THEN
        PERFORM @extschema@.check_freshness();
    ELSIF t.task IN ('ltp', 'instruments', 'calendar') THEN
        planned := @extschema@.plan_task(t.task, CASE t.task WHEN 'ltp' THEN 100 ELSE 50 END);
    ELSIF t.task = 'gaps' THEN
        -- Of the running day, where something is watched that trades now.
        FOR one IN
            WITH watched AS MATERIALIZED (
                SELECT w.instrument_id, @extschema@.calendar_of_segment(m.segment) AS calendar FROM @extschema@.watchlist w JOIN @extschema@.instrument_master m USING (instrument_id)
                WHERE m.is_active AND w.timeframes && '{1m,3m,5m,15m,30m,1h,4h}'),
            calendar AS MATERIALIZED (SELECT DISTINCT w.calendar FROM watched w)
            SELECT w.instrument_id FROM watched w WHERE w.calendar IN (SELECT c.calendar FROM calendar c WHERE CASE WHEN @extschema@.calendar_problem(c.calendar) IS NULL THEN @extschema@.market_is_open(c.calendar, @extschema@.candle_now()) END)
        LOOP
            planned := planned + @extschema@.plan_one_of_many('backfill', one.instrument_id, '1m', today, today, false, 20);
        END LOOP;
    ELSE
        FOREACH segment IN ARRAY coalesce(t.segments, '{backfill}') LOOP
            IF segment = 'backfill' THEN
                FOR one IN SELECT w.instrument_id, f.timeframe FROM @extschema@.watchlist w JOIN @extschema@.instrument_master m USING (instrument_id),
                               unnest(@extschema@.timeframes_to_fetch(w.timeframes)) AS f (timeframe)
                           WHERE m.is_active AND (t.calendar IS NULL OR @extschema@.calendar_of_segment(m.segment) = t.calendar) ORDER BY 1, 2 LOOP
                    planned := planned + @extschema@.plan_one_of_many('backfill', one.instrument_id, one.timeframe, today - t.days + 1, today, false);
                END LOOP;
            ELSE
                planned := planned + @extschema@.plan_segment(segment, false, t.days, t.expiries, t.strikes, t.calendar);
            END IF;
        END LOOP;
    END IF;
    IF t.task IN ('gaps', 'fetch') AND planned > 0 THEN
        PERFORM @extschema@.plan_task('indicators', -100);
    END IF;
    RETURN planned;
END
$function$;
COMMENT ON FUNCTION @extschema@.run_sync_task(text, timestamptz) IS
    'serves a row of sync_timetable for a due time, once: plans what is to be fetched, or looks after freshness; returns the number of requests and tasks queued';

CREATE FUNCTION @extschema@.run_due_sync_tasks(of_owner text DEFAULT 'daemon', only_name text DEFAULT NULL)
    RETURNS TABLE (name text, due_at timestamptz, planned integer)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 10
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
#variable_conflict use_column
DECLARE
    one record;
BEGIN
    PERFORM @extschema@.note_bad_calendars();
    FOR one IN SELECT d.name, d.due_at FROM @extschema@.due_sync_tasks(NULL::timestamptz, of_owner) d WHERE only_name IS NULL OR d.name = only_name LOOP
        name := one.name;
        due_at := one.due_at;
        planned := @extschema@.run_sync_task(one.name, one.due_at);
        RETURN NEXT;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION @extschema@.run_due_sync_tasks(text, text) IS
    'serves what is due of an owner''s rows of sync_timetable';

CREATE FUNCTION @extschema@.check_freshness() RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    stale integer;
    names text;
BEGIN
    SELECT count(*), left(string_agg(f.trading_symbol, ', ' ORDER BY f.trading_symbol), 200) INTO stale, names
    FROM @extschema@.data_freshness f JOIN @extschema@.watchlist w USING (instrument_id) WHERE f.candle_stale AND w.timeframes && '{1m,3m,5m,15m,30m,1h,4h}';
    IF stale > 0 THEN
        PERFORM @extschema@.raise_sync_alert('stale_data', '', format(
            '%s watched instruments lack candles that their session expects: %s. To ask for them: '
            'pgcandle backfill --days 1', stale, names));
    ELSE
        PERFORM @extschema@.clear_sync_alert('stale_data', '');
    END IF;
    RETURN stale;
END
$function$;
COMMENT ON FUNCTION @extschema@.check_freshness() IS
    'raises the alert stale_data while watched instruments lack candles that their session expects, and clears it; returns how many';

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
