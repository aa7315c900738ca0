-- What somebody should look at: raised where it is noticed, cleared by what disproves it.

CREATE FUNCTION @extschema@.series_name(instrument_id integer, timeframe text) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN coalesce(
        (SELECT format('%s:%s %s', m.exchange, m.trading_symbol, series_name.timeframe)
         FROM @extschema@.instrument_master m WHERE m.instrument_id = series_name.instrument_id),
        format('instrument %s %s', series_name.instrument_id, series_name.timeframe));
END
$function$;
COMMENT ON FUNCTION @extschema@.series_name(integer, text) IS
    'a series as people read it: NSE:RELIANCE 1m; one that instrument_master does not know by its '
    'number';

CREATE FUNCTION @extschema@.backfill_command(
    instrument_id integer, timeframe text, from_date date, to_date date)
    RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    symbol text := (SELECT m.exchange || ':' || m.trading_symbol
                    FROM @extschema@.instrument_master m
                    WHERE m.instrument_id = backfill_command.instrument_id);
    quote text := '''';
BEGIN
    -- In single quotes no character means anything to a shell.
    IF symbol !~ '^[A-Za-z0-9.:_-]+$' THEN
        symbol := quote || replace(symbol, quote, quote || chr(92) || quote || quote) || quote;
    END IF;
    RETURN format('pgcandle backfill --symbols %s --timeframes %s --from %s --to %s',
                  coalesce(symbol, '?'), timeframe, from_date, to_date);
END
$function$;
COMMENT ON FUNCTION @extschema@.backfill_command(integer, text, date, date) IS
    'the command of a shell that asks the provider for what is missing of a series';

CREATE FUNCTION @extschema@.failure_message(job_id bigint, error text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    job record;
    zone text;
    first_date date;
    last_date date;
    ranges bigint;
BEGIN
    SELECT j.* INTO STRICT job FROM @extschema@.sync_job j
    WHERE j.job_id = failure_message.job_id;
    zone := coalesce(@extschema@.instrument_timezone(job.instrument_id), 'UTC');
    SELECT least(job.from_date, min((c.from_ts AT TIME ZONE zone)::date)),
           greatest(job.to_date, max((c.to_ts AT TIME ZONE zone)::date - 1)),
           count(*) FILTER (WHERE (c.to_ts AT TIME ZONE zone)::date <= job.from_date
                               OR (c.from_ts AT TIME ZONE zone)::date > job.to_date)
    INTO first_date, last_date, ranges
    FROM @extschema@.candle_coverage c
    WHERE c.instrument_id = job.instrument_id AND c.timeframe = job.timeframe
      AND c.state = 'failed' AND isfinite(c.from_ts) AND isfinite(c.to_ts);
    RETURN format('%s from %s to %s: %s%s. To ask again: %s',
                  @extschema@.series_name(job.instrument_id, coalesce(job.timeframe, job.kind)),
                  job.from_date, job.to_date, rtrim(error, '.'),
                  CASE WHEN ranges > 0 THEN format(' (ranges that failed: %s)', ranges + 1) END,
                  CASE WHEN job.kind IN ('candles', 'intraday')
                       THEN @extschema@.backfill_command(
                           job.instrument_id, job.timeframe, first_date, last_date)
                       ELSE 'pgcandle sync --segment ' || job.segment END);
END
$function$;
COMMENT ON FUNCTION @extschema@.failure_message(bigint, text) IS
    'what the alert of a job that failed says: the series, the dates, why, and the command that '
    'asks for all that failed of the series';

CREATE FUNCTION @extschema@.clear_series_alerts(instrument_id integer, what text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
BEGIN
    -- A failure is disproved by an answer about its dates, whoever asked, and by nothing else.
    -- Dates of which nothing is missing (holidays, as is known by now) will not be asked for again.
    IF EXISTS (SELECT FROM @extschema@.candle_coverage c,
                   @extschema@.candles_to_request(
                       c.instrument_id, c.timeframe, c.from_ts, c.to_ts, interval '0')
               WHERE c.instrument_id = clear_series_alerts.instrument_id
                 AND c.timeframe = what
                 AND c.state = 'failed'
                 AND @extschema@.series_problem(c.instrument_id, c.timeframe) IS NULL)
       OR EXISTS (SELECT FROM @extschema@.sync_job f
                  WHERE f.instrument_id = clear_series_alerts.instrument_id
                    AND f.timeframe = what
                    AND f.kind = 'intraday' AND f.state = 'failed'
                    AND NOT EXISTS (
                        SELECT FROM @extschema@.sync_job d
                        WHERE d.instrument_id = f.instrument_id AND d.timeframe = f.timeframe
                          AND d.kind = 'intraday' AND d.state = 'done' AND d.job_id > f.job_id)
                    AND NOT EXISTS (
                        SELECT FROM @extschema@.candle_coverage c
                        WHERE c.instrument_id = f.instrument_id AND c.timeframe = f.timeframe
                          AND c.to_ts > f.requested_at)) THEN
        RETURN false;
    END IF;
    PERFORM @extschema@.clear_sync_alert(
        kind, @extschema@.series_name(clear_series_alerts.instrument_id, what))
    FROM unnest('{failed_sync,bad_rows}'::text[]) AS kind;
    RETURN true;
END
$function$;
COMMENT ON FUNCTION @extschema@.clear_series_alerts(integer, text) IS
    'closes what is open about a series, by instrument and timeframe, unless something of it '
    'still failed when it was last asked for; whether it did not';

CREATE FUNCTION @extschema@.forget_failures(
    segment text, instrument_id integer, timeframe text)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
BEGIN
    IF @extschema@.clear_series_alerts(
           forget_failures.instrument_id, forget_failures.timeframe) THEN
        UPDATE @extschema@.data_sync_status s SET last_error = NULL
        FROM @extschema@.instrument_master m
        WHERE m.instrument_id = forget_failures.instrument_id
          AND s.segment = forget_failures.segment
          AND s.scope = m.trading_symbol
          AND s.timeframe = forget_failures.timeframe
          AND s.last_error IS NOT NULL;
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.forget_failures(text, integer, text) IS
    'closes what is open about a series that lacks nothing any more, and takes its error out of '
    'data_sync_status';

CREATE FUNCTION @extschema@.raise_sync_alert(kind text, subject text, message text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
BEGIN
    UPDATE @extschema@.sync_alert a
    SET message = raise_sync_alert.message, last_seen_at = clock_timestamp()
    WHERE a.kind = raise_sync_alert.kind
      AND a.subject = raise_sync_alert.subject
      AND a.cleared_at IS NULL;
    IF FOUND THEN
        RETURN;
    END IF;
    INSERT INTO @extschema@.sync_alert (kind, subject, message)
    VALUES (raise_sync_alert.kind, raise_sync_alert.subject, raise_sync_alert.message)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        PERFORM pg_notify('pg_candle_alert', json_build_object(
            'kind', raise_sync_alert.kind, 'subject', raise_sync_alert.subject,
            'message', left(raise_sync_alert.message, 1000))::text);
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.raise_sync_alert(text, text, text) IS
    'opens an alert, or refreshes the one that is open for that kind and subject; a new one is '
    'sent by NOTIFY pg_candle_alert';

CREATE FUNCTION @extschema@.clear_sync_alert(kind text, subject text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
BEGIN
    UPDATE @extschema@.sync_alert a SET cleared_at = clock_timestamp()
    WHERE a.kind = clear_sync_alert.kind
      AND a.subject = clear_sync_alert.subject
      AND a.cleared_at IS NULL;
END
$function$;
COMMENT ON FUNCTION @extschema@.clear_sync_alert(text, text) IS
    'closes the open alert of that kind and subject, if there is one';

CREATE FUNCTION @extschema@.check_freshness() RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    stale integer;
    names text;
BEGIN
    SELECT count(*), left(string_agg(f.trading_symbol, ', ' ORDER BY f.trading_symbol), 200)
    INTO stale, names
    FROM @extschema@.data_freshness f
    JOIN @extschema@.watchlist w USING (instrument_id)
    WHERE f.candle_stale AND w.timeframes && '{1m,3m,5m,15m,30m,1h,4h}';
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
    'raises the alert stale_data while watched instruments lack candles that their session '
    'expects, and clears it; returns how many';
