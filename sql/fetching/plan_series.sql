-- What has to be fetched of a series, planned from what is there. Loaders claim the jobs
-- (job_queue.sql).

CREATE FUNCTION @extschema@.provider_first_day(timeframe text) RETURNS date
    AS 'MODULE_PATHNAME', 'pg_candle_provider_first_day' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.provider_first_day(text) IS
    'the first day of which the provider has candles of that timeframe';

CREATE FUNCTION @extschema@.instrument_timezone(instrument_id integer) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (SELECT c.timezone
            FROM @extschema@.instrument_master m
            JOIN @extschema@.trading_calendar c
                ON c.calendar = @extschema@.calendar_of_segment(m.segment)
            WHERE m.instrument_id = instrument_timezone.instrument_id
            ORDER BY c.valid_from DESC LIMIT 1);
END
$function$;
COMMENT ON FUNCTION @extschema@.instrument_timezone(integer) IS
    'the zone of the calendar by which an instrument trades; NULL if it is not known';

CREATE FUNCTION @extschema@.provider_last_day(instrument_id integer) RETURNS date
    AS 'MODULE_PATHNAME', 'pg_candle_provider_last_day'
    LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION @extschema@.provider_last_day(integer) IS
    'the last day of which the provider''s candles of the instrument are final';

CREATE FUNCTION @extschema@.provider_has_running_day(timeframe text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'pg_candle_provider_has_running_day'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.provider_has_running_day(text) IS
    'whether the provider has candles of that timeframe of the running day';

CREATE FUNCTION @extschema@.cut_into_requests(
    timeframe text, expired boolean, first_date date, last_date date)
    RETURNS TABLE (from_date date, to_date date)
    AS 'MODULE_PATHNAME', 'pg_candle_cut_into_requests'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION @extschema@.cut_into_requests(text, boolean, date, date) IS
    'dates as requests of the size that the provider permits for the timeframe, or for the key of '
    'an expired contract';

-- New days bring the last stored ones along, if those are of another day's fetching: whether they
-- are still the same says whether the provider has changed the past (corporate_actions.sql). That
-- takes no further request.
CREATE FUNCTION @extschema@.days_to_compare(instrument_id integer, wanted datemultirange)
    RETURNS datemultirange
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    zone text := @extschema@.instrument_timezone(days_to_compare.instrument_id);
    last_day date;
    next_day date;
BEGIN
    SELECT max(c.ts AT TIME ZONE zone)::date INTO last_day
    FROM @extschema@.candle_data c
    WHERE c.instrument_id = days_to_compare.instrument_id
      AND c.timeframe = '1d'
      AND c.source = 'h';
    SELECT min(lower(w)) INTO next_day FROM unnest(wanted) AS w WHERE lower(w) > last_day;
    IF next_day - last_day <= 10
       AND EXISTS (SELECT FROM @extschema@.candle_coverage v
                   WHERE v.instrument_id = days_to_compare.instrument_id
                     AND v.timeframe = '1d'
                     AND v.from_ts <= last_day::timestamp AT TIME ZONE zone
                     AND v.to_ts > last_day::timestamp AT TIME ZONE zone
                     AND v.checked_at < @extschema@.candle_now() - interval '12 hours') THEN
        RETURN datemultirange(daterange(last_day - 4, next_day));
    END IF;
    RETURN '{}';
END
$function$;
COMMENT ON FUNCTION @extschema@.days_to_compare(integer, datemultirange) IS
    'the last stored days of an instrument, where days to request follow them';

CREATE FUNCTION @extschema@.dates_to_request(
    instrument_id integer, timeframe text, from_date date, to_date date, force boolean)
    RETURNS datemultirange
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    wanted datemultirange;
BEGIN
    IF force THEN
        SELECT datemultirange(daterange(d.first_date, d.last_date, '[]')) INTO wanted
        FROM (SELECT greatest(from_date, @extschema@.provider_first_day(timeframe)) AS first_date,
                     least(to_date, @extschema@.provider_last_day(instrument_id)) AS last_date) d
        WHERE d.first_date <= d.last_date;
        RETURN wanted;
    END IF;
    SELECT range_agg(daterange(d.first_date, d.last_date, '[]')) INTO wanted
    FROM @extschema@.ranges_to_request(
        instrument_id, timeframe, from_date, to_date, interval '30 days') d;
    IF timeframe = '1d' THEN
        wanted := wanted + @extschema@.days_to_compare(instrument_id, wanted);
    END IF;
    RETURN wanted;
END
$function$;
COMMENT ON FUNCTION @extschema@.dates_to_request(integer, text, date, date, boolean) IS
    'the dates of a series that have to be asked for to complete it, or all with force; NULL if '
    'there are none';

CREATE FUNCTION @extschema@.running_day_is_due(instrument_id integer, timeframe text)
    RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    now timestamptz := @extschema@.candle_now();
    today date := (now AT TIME ZONE
                   @extschema@.instrument_timezone(running_day_is_due.instrument_id))::date;
    -- A request that was done after that has all candles of the day so far.
    complete_since timestamptz := least(
        now - interval '1 minute',
        (SELECT max(s.closes_at) + interval '2 minutes'
         FROM @extschema@.instrument_master m,
              @extschema@.trading_sessions(
                  @extschema@.calendar_of_segment(m.segment), today, today) s
         WHERE m.instrument_id = running_day_is_due.instrument_id));
BEGIN
    RETURN EXISTS (
            SELECT FROM @extschema@.detect_gaps(
                running_day_is_due.instrument_id, running_day_is_due.timeframe,
                today::timestamp AT TIME ZONE
                    @extschema@.instrument_timezone(running_day_is_due.instrument_id), now))
        AND NOT EXISTS (
            SELECT FROM @extschema@.sync_job j
            WHERE j.instrument_id = running_day_is_due.instrument_id
              AND j.timeframe = running_day_is_due.timeframe
              AND j.kind = 'intraday'
              AND (j.state IN ('queued', 'running')
                   OR j.state = 'done' AND j.requested_at > complete_since));
END
$function$;
COMMENT ON FUNCTION @extschema@.running_day_is_due(integer, text) IS
    'whether the running day lacks candles that nobody has asked for since they ended';

CREATE FUNCTION @extschema@.plan_series(
    segment text, instrument_id integer, timeframe text, from_date date, to_date date,
    force boolean DEFAULT false, priority integer DEFAULT 0)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    problem text;
    today date;
    expired boolean;
    wanted datemultirange;
    open_jobs datemultirange;
    planned integer;
    more integer := 0;
BEGIN
    -- One plan at a time: two would not see each other's jobs.
    PERFORM pg_advisory_xact_lock(hashtext('pg_candle.plan'));
    problem := @extschema@.series_problem(plan_series.instrument_id, plan_series.timeframe);
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('nothing can be planned for instrument %s, timeframe %s',
                plan_series.instrument_id, plan_series.timeframe),
            DETAIL = problem;
    END IF;
    today := (@extschema@.candle_now() AT TIME ZONE
              @extschema@.instrument_timezone(plan_series.instrument_id))::date;
    -- A contract that has expired is served by its dated key only.
    expired := EXISTS (SELECT FROM @extschema@.instrument_master m
                       WHERE m.instrument_id = plan_series.instrument_id
                         AND m.expiry_date < today);
    wanted := @extschema@.dates_to_request(
        plan_series.instrument_id, plan_series.timeframe, plan_series.from_date,
        plan_series.to_date, force);
    SELECT coalesce(range_agg(daterange(j.from_date, j.to_date, '[]')), '{}') INTO open_jobs
    FROM @extschema@.sync_job j
    WHERE j.instrument_id = plan_series.instrument_id
      AND j.timeframe = plan_series.timeframe
      AND j.kind = CASE WHEN expired THEN 'expired_candles' ELSE 'candles' END
      AND j.state IN ('queued', 'running');
    INSERT INTO @extschema@.sync_job (
        segment, kind, instrument_id, timeframe, from_date, to_date, priority)
    SELECT plan_series.segment,
           CASE WHEN expired THEN 'expired_candles' ELSE 'candles' END,
           plan_series.instrument_id, plan_series.timeframe, r.from_date, r.to_date,
           plan_series.priority
    FROM unnest(wanted - open_jobs) AS dates,
         @extschema@.cut_into_requests(
             plan_series.timeframe, expired, lower(dates), upper(dates) - 1) r
    -- What is left of a range beside an open job may be its holidays only.
    WHERE force
       OR dates IN (SELECT unnest(wanted))
       OR EXISTS (SELECT FROM @extschema@.ranges_to_request(
                      plan_series.instrument_id, plan_series.timeframe, lower(dates),
                      upper(dates) - 1, interval '30 days'))
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS planned = ROW_COUNT;

    -- The running day has an endpoint of its own.
    IF NOT expired AND today BETWEEN plan_series.from_date AND plan_series.to_date
       AND @extschema@.provider_has_running_day(plan_series.timeframe)
       AND @extschema@.running_day_is_due(plan_series.instrument_id, plan_series.timeframe) THEN
        INSERT INTO @extschema@.sync_job (
            segment, kind, instrument_id, timeframe, from_date, to_date, priority)
        VALUES (plan_series.segment, 'intraday', plan_series.instrument_id, plan_series.timeframe,
                today, today, plan_series.priority + 10)
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS more = ROW_COUNT;
    END IF;
    IF NOT force AND wanted IS NULL THEN
        -- Of a series that lacks nothing, no failure is news any more.
        PERFORM @extschema@.forget_failures(
            plan_series.segment, plan_series.instrument_id, plan_series.timeframe);
    END IF;
    IF planned + more > 0 THEN
        -- Only a hint: loaders look by themselves, too.
        PERFORM pg_notify('pg_candle_sync', '');
    END IF;
    RETURN planned + more;
END
$function$;
COMMENT ON FUNCTION @extschema@.plan_series(text, integer, text, date, date, boolean, integer) IS
    'queues what has to be asked for to complete a series between two dates, or all of it with '
    'force, as requests of the size that the provider permits; returns how many. What is queued '
    'or running already is left out';

CREATE FUNCTION @extschema@.plan_one_of_many(
    segment text, instrument_id integer, timeframe text, from_date date, to_date date,
    force boolean DEFAULT false, priority integer DEFAULT 0)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    problem text := @extschema@.series_problem(instrument_id, timeframe);
BEGIN
    IF problem IS NULL THEN
        RETURN @extschema@.plan_series(
            segment, instrument_id, timeframe, from_date, to_date, force, priority);
    END IF;
    RAISE WARNING USING
        MESSAGE = format('nothing is planned for instrument %s, timeframe %s',
            coalesce(instrument_id::text, 'NULL'), coalesce(timeframe, 'NULL')),
        DETAIL = problem;
    PERFORM @extschema@.raise_sync_alert('bad_series',
        format('%s %s', instrument_id, timeframe), problem);
    RETURN 0;
END
$function$;
COMMENT ON FUNCTION @extschema@.plan_one_of_many(
    
    
    text, integer, text, date, date, boolean, integer) IS
    'plan_series() where one bad series must not stop the others: a warning and the alert '
    'bad_series instead of an error';
