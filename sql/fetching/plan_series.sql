-- What has to be fetched of a series, planned from what is there. Loaders claim the jobs (job_queue.sql).

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

CREATE FUNCTION @extschema@.plan_series(segment text, instrument_id integer, timeframe text, from_date date, to_date date,
                                        force boolean DEFAULT false, priority integer DEFAULT 0) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
#variable_conflict use_column
DECLARE
    problem text;
    today date;
    zone text;
    wanted datemultirange;
    minutes integer := CASE WHEN timeframe ~ '^\d+m$' THEN left(timeframe, -1)::integer WHEN timeframe ~ '^\d+h$' THEN left(timeframe, -1)::integer * 60 END;
    job_kind text := 'candles';
    first_day date;
    last_day date;
    planned integer;
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
    zone := @extschema@.instrument_timezone(plan_series.instrument_id);
    -- A contract that has expired is served by its dated key only.
    IF EXISTS (SELECT FROM @extschema@.instrument_master m WHERE m.instrument_id = plan_series.instrument_id AND m.expiry_date < (@extschema@.candle_now() AT TIME ZONE zone)::date) THEN
        job_kind := 'expired_candles';
    END IF;
    today := (@extschema@.candle_now() AT TIME ZONE zone)::date;
    IF force THEN
        first_day := greatest(from_date, @extschema@.provider_first_day(timeframe));
        last_day := least(to_date, ((@extschema@.candle_now() - interval '7 hours 5 minutes') AT TIME ZONE zone)::date - 1);
        wanted := CASE WHEN first_day <= last_day THEN datemultirange(daterange(first_day, last_day, '[]')) END;
    ELSE
        SELECT range_agg(daterange(d.first_date, d.last_date, '[]')) INTO wanted
        FROM @extschema@.ranges_to_request(plan_series.instrument_id, plan_series.timeframe, plan_series.from_date, plan_series.to_date,
                                      interval '30 days') d;
        IF timeframe = '1d' AND wanted IS NOT NULL THEN
            -- New days bring the last stored ones along, if those are of another day's fetching: whether they are still the same says
            -- whether the provider has changed the past (corrections.sql). That takes no further request.
            SELECT max(c.ts AT TIME ZONE zone)::date INTO last_day FROM @extschema@.candle_data c
            WHERE c.instrument_id = plan_series.instrument_id AND c.timeframe = '1d' AND c.source = 'h';
            first_day := (SELECT min(lower(w)) FROM unnest(wanted) AS w WHERE lower(w) > last_day);
            IF first_day - last_day <= 10 AND EXISTS (SELECT FROM @extschema@.candle_coverage v WHERE v.instrument_id = plan_series.instrument_id AND v.timeframe = '1d'
                    AND v.from_ts <= last_day::timestamp AT TIME ZONE zone AND v.to_ts > last_day::timestamp AT TIME ZONE zone AND v.checked_at < @extschema@.candle_now() - interval '12 hours') THEN
                wanted := wanted + datemultirange(daterange(last_day - 4, first_day));
            END IF;
        END IF;
    END IF;
    -- What is on its way needs no second request. A month of minutes is the most that one may ask for, a quarter of longer intraday candles, ten years of days.
    INSERT INTO @extschema@.sync_job (segment, kind, instrument_id, timeframe, from_date, to_date, priority)
    SELECT plan_series.segment, job_kind, plan_series.instrument_id, plan_series.timeframe,
        greatest(lower(dates), piece::date), least(upper(dates), (piece + step)::date) - 1, plan_series.priority
    FROM unnest(wanted - coalesce((SELECT range_agg(daterange(j.from_date, j.to_date, '[]')) FROM @extschema@.sync_job j
            WHERE j.instrument_id = plan_series.instrument_id AND j.timeframe = plan_series.timeframe AND j.kind = job_kind AND j.state IN ('queued', 'running')), '{}')) AS dates,
        (SELECT CASE WHEN minutes <= 15 OR job_kind = 'expired_candles' THEN 'month' WHEN minutes > 15 THEN 'quarter' WHEN plan_series.timeframe = '1d' THEN 'decade' ELSE 'century' END AS unit,
             CASE WHEN minutes <= 15 OR job_kind = 'expired_candles' THEN interval '1 month' WHEN minutes > 15 THEN interval '3 months' WHEN plan_series.timeframe = '1d' THEN interval '10 years'
                  ELSE interval '100 years' END AS step) u,
        generate_series(date_trunc(unit, lower(dates)::timestamp), upper(dates)::timestamp - interval '1 day', step) AS piece
    -- What is left of a range beside an open job may be its holidays only.
    WHERE force OR dates IN (SELECT unnest(wanted))
       OR EXISTS (SELECT FROM @extschema@.ranges_to_request(
                      plan_series.instrument_id, plan_series.timeframe, lower(dates),
                      upper(dates) - 1, interval '30 days'))
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS planned = ROW_COUNT;

    -- The running day, from its own endpoint, unless that was asked after the last candle ended.
    IF job_kind = 'candles' AND to_date >= today AND from_date <= today AND (minutes <= 300 OR timeframe = '1d')
       AND EXISTS (SELECT FROM @extschema@.detect_gaps(plan_series.instrument_id, plan_series.timeframe, today::timestamp AT TIME ZONE zone, @extschema@.candle_now()))
       AND NOT EXISTS (SELECT FROM @extschema@.sync_job j WHERE j.instrument_id = plan_series.instrument_id AND j.timeframe = plan_series.timeframe AND j.kind = 'intraday'
                       AND (j.state IN ('queued', 'running') OR j.state = 'done' AND j.requested_at > least(@extschema@.candle_now() - interval '1 minute',
                            (SELECT max(s.closes_at) + interval '2 minutes' FROM @extschema@.trading_sessions(
                                (SELECT @extschema@.calendar_of_segment(m.segment) FROM @extschema@.instrument_master m WHERE m.instrument_id = plan_series.instrument_id), today, today) s)))) THEN
        INSERT INTO @extschema@.sync_job (segment, kind, instrument_id, timeframe, from_date, to_date, priority)
        VALUES (segment, 'intraday', instrument_id, timeframe, today, today, priority + 10) ON CONFLICT DO NOTHING;
        planned := planned + 1;
    END IF;
    -- Of a series that lacks nothing, no failure is news any more.
    IF NOT force AND wanted IS NULL
       AND @extschema@.clear_series_alerts(plan_series.instrument_id, plan_series.timeframe) THEN
        UPDATE @extschema@.data_sync_status s SET last_error = NULL
        FROM @extschema@.instrument_master m
        WHERE m.instrument_id = plan_series.instrument_id AND s.segment = plan_series.segment
          AND s.scope = m.trading_symbol AND s.timeframe = plan_series.timeframe
          AND s.last_error IS NOT NULL;
    END IF;
    IF planned > 0 THEN
        -- Only a hint: loaders look by themselves, too.
        PERFORM pg_notify('pg_candle_sync', '');
    END IF;
    RETURN planned;
END
$function$;
COMMENT ON FUNCTION @extschema@.plan_series(text, integer, text, date, date, boolean, integer) IS
    'queues what has to be asked for to complete a series between two dates, or all of it with force, as requests of the size that the provider permits; returns how many. What is queued or running already is left out';

CREATE FUNCTION @extschema@.plan_one_of_many(
    segment text, instrument_id integer, timeframe text, from_date date, to_date date,
    force boolean DEFAULT false, priority integer DEFAULT 0)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
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
COMMENT ON FUNCTION @extschema@.plan_one_of_many(text, integer, text, date, date, boolean, integer) IS
    'plan_series() where one bad series must not stop the others: a warning and the alert '
    'bad_series instead of an error';
