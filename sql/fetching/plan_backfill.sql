-- Jobs for instruments that somebody names, and for the watchlist.

CREATE FUNCTION @extschema@.timeframes_to_fetch(
    timeframes text[], fetch_all boolean DEFAULT false)
    RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN (
        SELECT array_agg(DISTINCT CASE WHEN t IN ('1d', '1w', '1mo') OR fetch_all THEN t
                                       ELSE '1m' END)
        FROM unnest(timeframes) AS t);
COMMENT ON FUNCTION @extschema@.timeframes_to_fetch(text[], boolean) IS
    'what has to be fetched to have these timeframes: intraday ones are derived from 1m, unless '
    'all are to come from the provider';

CREATE FUNCTION @extschema@.timeframes_to_derive(timeframes text[]) RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT d.t), '{}')
        FROM (SELECT unnest(timeframes) AS t
              UNION ALL
              SELECT unnest(w.timeframes)
              FROM @extschema@.watchlist w
              WHERE timeframes_to_derive.timeframes IS NULL) d
        WHERE d.t <> '1m');
END
$function$;
COMMENT ON FUNCTION @extschema@.timeframes_to_derive(text[]) IS
    'what refresh_timeframes() has to look after to have these timeframes, or those of the '
    'watchlist';

CREATE FUNCTION @extschema@.plan_backfill(
    instruments text[] DEFAULT NULL, timeframes text[] DEFAULT NULL, from_date date DEFAULT NULL,
    to_date date DEFAULT NULL, fetch_all boolean DEFAULT false, force boolean DEFAULT false)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    last_day date := coalesce(
        to_date, (@extschema@.candle_now() AT TIME ZONE 'Asia/Kolkata')::date);
    first_day date := coalesce(from_date, last_day - 29);
    one record;
    planned integer := 0;
BEGIN
    IF first_day > last_day THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the range ends before it begins',
            HINT = 'from_date comes first; without it the last 30 days are meant.';
    END IF;
    FOR one IN
        SELECT m.instrument_id, t.timeframe
        FROM (SELECT w.instrument_id, w.timeframes AS watched
              FROM @extschema@.watchlist w
              WHERE plan_backfill.instruments IS NULL
              UNION ALL
              SELECT @extschema@.instrument_id(i), '{1m,5m,15m,30m,1h,4h,1d,1w}'
              FROM unnest(plan_backfill.instruments) AS i) wanted
        JOIN @extschema@.instrument_master m USING (instrument_id)
        CROSS JOIN LATERAL unnest(@extschema@.timeframes_to_fetch(
            coalesce(plan_backfill.timeframes, wanted.watched), fetch_all)) AS t (timeframe)
        WHERE m.is_active
        GROUP BY 1, 2
        ORDER BY 1, 2
    LOOP
        -- Somebody waits: before what the timetable plans.
        planned := planned + @extschema@.plan_one_of_many(
            'backfill', one.instrument_id, one.timeframe, first_day, last_day, force, 10);
    END LOOP;
    RETURN planned;
END
$function$;
COMMENT ON FUNCTION @extschema@.plan_backfill(text[], text[], date, date, boolean, boolean) IS
    'queues what is missing of the instruments (the watchlist) in the timeframes (each one''s of '
    'the watchlist, or the eight standard ones) between two dates (the last 30 days); returns the '
    'number of requests';

CREATE FUNCTION @extschema@.plan_task(task text, priority integer DEFAULT 0) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    planned integer;
BEGIN
    INSERT INTO @extschema@.sync_job (segment, kind, priority)
    VALUES (task, task, plan_task.priority)
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS planned = ROW_COUNT;
    IF planned > 0 THEN
        PERFORM pg_notify('pg_candle_sync', '');
    END IF;
    RETURN planned;
END
$function$;
COMMENT ON FUNCTION @extschema@.plan_task(text, integer) IS
    'queues one of the tasks ltp, instruments, calendar and indicators, unless it is queued or '
    'running';
