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

CREATE FUNCTION @extschema@.open_calendars(moment timestamptz) RETURNS TABLE (calendar text)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 5
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
BEGIN
    RETURN QUERY
    -- Calendars are looked at one by one, not instrument by instrument; what they cannot tell holds
    -- up nothing else (note_bad_calendars() reports it).
    WITH watched AS MATERIALIZED (
        SELECT DISTINCT @extschema@.calendar_of_segment(m.segment) AS calendar
        FROM @extschema@.watchlist w
        JOIN @extschema@.instrument_master m USING (instrument_id)
        WHERE m.is_active AND m.segment IS NOT NULL)
    SELECT c.calendar
    FROM watched c
    WHERE CASE WHEN @extschema@.calendar_problem(c.calendar) IS NULL
               THEN @extschema@.market_is_open(c.calendar, moment) END;
END
$function$;
COMMENT ON FUNCTION @extschema@.open_calendars(timestamptz) IS
    'the calendars of what is watched that trade at a moment';

CREATE FUNCTION @extschema@.timetable_rows(of_owner text)
    RETURNS TABLE (
        name text, every interval, while_open boolean, after_close interval, at_time time,
        weekdays integer[], calendar text, last_due timestamptz, zone text)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
BEGIN
    RETURN QUERY
    SELECT t.name, t.every, t.while_open, t.after_close, t.at_time, t.weekdays, t.calendar,
           t.last_due,
           coalesce((SELECT c.timezone
                     FROM @extschema@.trading_calendar c
                     WHERE c.calendar = t.calendar
                     ORDER BY c.valid_from DESC LIMIT 1), 'Asia/Kolkata')
    FROM @extschema@.sync_timetable t
    WHERE t.enabled
      AND t.owner = of_owner
      AND (t.calendar IS NULL OR @extschema@.calendar_problem(t.calendar) IS NULL);
END
$function$;
COMMENT ON FUNCTION @extschema@.timetable_rows(text) IS
    'an owner''s rows of sync_timetable whose calendars can be used, with the zone of their times';

CREATE FUNCTION @extschema@.due_sync_tasks(
    at timestamptz DEFAULT NULL, of_owner text DEFAULT 'daemon')
    RETURNS TABLE (name text, due_at timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    moment timestamptz := coalesce(at, @extschema@.candle_now());
BEGIN
    RETURN QUERY
    WITH timetable AS MATERIALIZED (
        SELECT r.*, (moment AT TIME ZONE r.zone)::date AS today
        FROM @extschema@.timetable_rows(of_owner) r),
    open AS MATERIALIZED (
        SELECT o.calendar FROM @extschema@.open_calendars(moment) o),
    due AS (
        -- At multiples of an interval; where the market has to be open, of any calendar in use.
        SELECT r.name, r.last_due,
               date_bin(r.every, moment, timestamptz '2000-01-01 00:00Z') AS due_at
        FROM timetable r
        WHERE r.every IS NOT NULL
          AND (NOT r.while_open
               OR EXISTS (SELECT FROM open o
                          WHERE r.calendar IS NULL OR o.calendar = r.calendar))
        UNION ALL
        -- Some time after the last close of a session; made up for until the next noon.
        SELECT r.name, r.last_due, max(s.closes_at) + r.after_close
        FROM timetable r, @extschema@.trading_sessions(r.calendar, r.today - 1, r.today) s
        WHERE r.after_close IS NOT NULL
        GROUP BY r.name, r.last_due, r.after_close, s.session_date
        HAVING max(s.closes_at) + r.after_close <= moment
           AND moment < max(s.closes_at) + r.after_close + interval '16 hours'
        UNION ALL
        -- At a time of the day; made up for until midnight.
        SELECT r.name, r.last_due, (r.today + r.at_time) AT TIME ZONE r.zone
        FROM timetable r
        WHERE r.at_time IS NOT NULL
          AND (r.weekdays IS NULL OR extract(isodow FROM r.today)::integer = ANY (r.weekdays))
          AND (r.today + r.at_time) AT TIME ZONE r.zone <= moment)
    SELECT d.name, max(d.due_at)
    FROM due d
    WHERE d.last_due IS NULL OR d.last_due < d.due_at
    GROUP BY d.name
    ORDER BY 2, 1;
END
$function$;
COMMENT ON FUNCTION @extschema@.due_sync_tasks(timestamptz, text) IS
    'the rows of sync_timetable that are due at a moment and were not served since: holidays and '
    'special sessions are known';

CREATE FUNCTION @extschema@.plan_running_day() RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    today date := (@extschema@.candle_now() AT TIME ZONE 'Asia/Kolkata')::date;
    one record;
    planned integer := 0;
BEGIN
    FOR one IN
        SELECT w.instrument_id
        FROM @extschema@.watchlist w
        JOIN @extschema@.instrument_master m USING (instrument_id)
        JOIN @extschema@.open_calendars(@extschema@.candle_now()) o
            ON o.calendar = @extschema@.calendar_of_segment(m.segment)
        WHERE m.is_active AND w.timeframes && '{1m,3m,5m,15m,30m,1h,4h}'
    LOOP
        planned := planned + @extschema@.plan_one_of_many(
            'backfill', one.instrument_id, '1m', today, today, false, 20);
    END LOOP;
    RETURN planned;
END
$function$;
COMMENT ON FUNCTION @extschema@.plan_running_day() IS
    'queues the running day of what is watched in minutes or hours and trades now; returns the '
    'number of requests';

CREATE FUNCTION @extschema@.plan_watchlist(days integer, only_calendar text) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    today date := (@extschema@.candle_now() AT TIME ZONE 'Asia/Kolkata')::date;
    one record;
    planned integer := 0;
BEGIN
    FOR one IN
        SELECT w.instrument_id, f.timeframe
        FROM @extschema@.watchlist w
        JOIN @extschema@.instrument_master m USING (instrument_id),
            unnest(@extschema@.timeframes_to_fetch(w.timeframes, false)) AS f (timeframe)
        WHERE m.is_active
          AND (only_calendar IS NULL
               OR @extschema@.calendar_of_segment(m.segment) = only_calendar)
        ORDER BY 1, 2
    LOOP
        planned := planned + @extschema@.plan_one_of_many(
            'backfill', one.instrument_id, one.timeframe, today - days + 1, today, false, 0);
    END LOOP;
    RETURN planned;
END
$function$;
COMMENT ON FUNCTION @extschema@.plan_watchlist(integer, text) IS
    'queues what is missing of the last days of the watchlist, or of its part that trades by a '
    'calendar; returns the number of requests';

CREATE FUNCTION @extschema@.run_sync_task(task_name text, due_at timestamptz DEFAULT NULL)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    t record;
    one_segment text;
    planned integer := 0;
BEGIN
    -- Whoever moves last_due forward does the work.
    UPDATE @extschema@.sync_timetable r
    SET last_due = coalesce(run_sync_task.due_at, @extschema@.candle_now())
    WHERE r.name = task_name
      AND (run_sync_task.due_at IS NULL OR r.last_due IS NULL
           OR r.last_due < run_sync_task.due_at)
    RETURNING r.* INTO t;
    IF NOT FOUND THEN
        IF NOT EXISTS (SELECT FROM @extschema@.sync_timetable r WHERE r.name = task_name) THEN
            RAISE EXCEPTION USING ERRCODE = 'undefined_object',
                MESSAGE = format('sync_timetable has no row %L', task_name);
        END IF;
        RETURN 0;
    END IF;
    IF t.task = 'freshness' THEN
        PERFORM @extschema@.check_freshness();
    ELSIF t.task IN ('ltp', 'instruments', 'calendar') THEN
        planned := @extschema@.plan_task(t.task, CASE t.task WHEN 'ltp' THEN 100 ELSE 50 END);
    ELSIF t.task = 'gaps' THEN
        planned := @extschema@.plan_running_day();
    ELSE
        FOREACH one_segment IN ARRAY coalesce(t.segments, '{backfill}') LOOP
            planned := planned + CASE one_segment
                WHEN 'backfill' THEN @extschema@.plan_watchlist(t.days, t.calendar)
                ELSE @extschema@.plan_segment(
                    one_segment, false, t.days, t.expiries, t.strikes, t.calendar) END;
        END LOOP;
    END IF;
    IF t.task IN ('gaps', 'fetch') AND planned > 0 THEN
        PERFORM @extschema@.plan_task('indicators', -100);
    END IF;
    RETURN planned;
END
$function$;
COMMENT ON FUNCTION @extschema@.run_sync_task(text, timestamptz) IS
    'serves a row of sync_timetable for a due time, once: plans what is to be fetched, or looks '
    'after freshness; returns the number of requests and tasks queued';

CREATE FUNCTION @extschema@.run_due_sync_tasks(
    of_owner text DEFAULT 'daemon', only_name text DEFAULT NULL)
    RETURNS TABLE (name text, due_at timestamptz, planned integer)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 10
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    one record;
BEGIN
    PERFORM @extschema@.note_bad_calendars();
    FOR one IN
        SELECT d.name, d.due_at
        FROM @extschema@.due_sync_tasks(NULL::timestamptz, of_owner) d
        WHERE only_name IS NULL OR d.name = only_name
    LOOP
        name := one.name;
        due_at := one.due_at;
        planned := @extschema@.run_sync_task(one.name, one.due_at);
        RETURN NEXT;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION @extschema@.run_due_sync_tasks(text, text) IS
    'serves what is due of an owner''s rows of sync_timetable';
