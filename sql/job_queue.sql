-- How loaders share the queue: a job is claimed with a lease, and finished in the transaction that stores its candles.

CREATE FUNCTION @extschema@.claim_sync_jobs(worker text, most integer, lease interval, segments text[] DEFAULT NULL, instruments integer[] DEFAULT NULL,
                                            tasks boolean DEFAULT false)
    RETURNS TABLE (job_id bigint, segment text, kind text, instrument_id integer, instrument_key text, trading_symbol text, expiry_date date,
                   timeframe text, from_date date, to_date date, attempts integer)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 20
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
#variable_conflict use_column
BEGIN
    -- What a loader left behind when it died.
    UPDATE @extschema@.sync_job j SET state = 'queued', leased_by = NULL, leased_until = NULL
    WHERE j.job_id IN (SELECT r.job_id FROM @extschema@.sync_job r
                       WHERE r.state = 'running' AND r.leased_until < clock_timestamp()
                       FOR UPDATE SKIP LOCKED);
    RETURN QUERY
    UPDATE @extschema@.sync_job j SET state = 'running', attempts = j.attempts + 1, leased_by = worker, leased_until = clock_timestamp() + lease, started_at = clock_timestamp()
    FROM (SELECT c.job_id FROM @extschema@.sync_job c
          WHERE c.state = 'queued' AND (c.kind IN ('ltp', 'instruments', 'calendar', 'indicators')) = tasks
            AND (segments IS NULL OR c.segment = ANY (segments)) AND (instruments IS NULL OR c.instrument_id = ANY (instruments))
            -- Indicators come after the candles.
            AND (c.kind <> 'indicators' OR NOT EXISTS (SELECT FROM @extschema@.sync_job o WHERE o.state IN ('queued', 'running')
                                                       AND o.kind IN ('candles', 'intraday', 'expired_candles', 'contracts', 'expiries')))
          ORDER BY c.priority DESC, c.to_date DESC, c.job_id LIMIT most FOR UPDATE SKIP LOCKED) chosen
    WHERE j.job_id = chosen.job_id
    RETURNING j.job_id, j.segment, j.kind, j.instrument_id,
        (SELECT m.instrument_key FROM @extschema@.instrument_master m WHERE m.instrument_id = j.instrument_id),
        (SELECT m.trading_symbol FROM @extschema@.instrument_master m WHERE m.instrument_id = j.instrument_id),
        (SELECT m.expiry_date FROM @extschema@.instrument_master m WHERE m.instrument_id = j.instrument_id),
        j.timeframe, j.from_date, j.to_date, j.attempts;
END
$function$;
COMMENT ON FUNCTION @extschema@.claim_sync_jobs(text, integer, interval, text[], integer[], boolean) IS
    'takes the next jobs of the queue for a worker, for so long; candles, or with tasks those that '
    'take several requests. Jobs whose lease is over return to the queue first';

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
    symbol text := (SELECT m.exchange || ':' || m.trading_symbol FROM @extschema@.instrument_master m
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

CREATE FUNCTION @extschema@.clear_series_alerts(instrument_id integer, what text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
#variable_conflict use_variable
BEGIN
    -- A failure is disproved by an answer about its dates, whoever asked, and by nothing else.
    IF EXISTS (SELECT FROM @extschema@.candle_coverage c
               WHERE c.instrument_id = clear_series_alerts.instrument_id AND c.timeframe = what
                 AND c.state = 'failed')
       OR EXISTS (SELECT FROM @extschema@.sync_job f
                  WHERE f.instrument_id = clear_series_alerts.instrument_id AND f.timeframe = what
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
    PERFORM @extschema@.clear_sync_alert(kind, @extschema@.series_name(instrument_id, what))
    FROM unnest('{failed_sync,bad_rows}'::text[]) AS kind;
    RETURN true;
END
$function$;
COMMENT ON FUNCTION @extschema@.clear_series_alerts(integer, text) IS
    'closes what is open about a series, by instrument and timeframe, unless something of it still '
    'failed when it was last asked for; whether it did not';

CREATE FUNCTION @extschema@.finish_sync_job(job_id bigint, rows bigint, error text DEFAULT NULL,
                                            alert text DEFAULT 'failed_sync') RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
#variable_conflict use_variable
DECLARE
    job record;
BEGIN
    UPDATE @extschema@.sync_job j SET state = CASE WHEN error IS NULL THEN 'done' ELSE 'failed' END, rows = finish_sync_job.rows, error = finish_sync_job.error,
        leased_by = NULL, leased_until = NULL, finished_at = clock_timestamp(), requested_at = @extschema@.candle_now()
    WHERE j.job_id = finish_sync_job.job_id AND j.state IN ('queued', 'running') RETURNING j.* INTO job;
    IF NOT FOUND OR job.instrument_id IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO @extschema@.data_sync_status AS s (segment, scope, timeframe, synced_through, rows, last_success_at, last_attempt_at, last_error)
    SELECT job.segment, coalesce(u.trading_symbol, m.trading_symbol, m.instrument_id::text), coalesce(job.timeframe, ''), CASE WHEN error IS NULL THEN job.to_date END, coalesce(rows, 0),
        CASE WHEN error IS NULL THEN job.requested_at END, job.requested_at, error
    FROM @extschema@.instrument_master m
    LEFT JOIN @extschema@.instrument_master u ON u.instrument_key = m.underlying_key AND u.expiry_date IS NULL AND m.expiry_date IS NOT NULL
    WHERE m.instrument_id = job.instrument_id
    ON CONFLICT ON CONSTRAINT data_sync_status_pkey DO UPDATE SET synced_through = greatest(s.synced_through, excluded.synced_through), rows = s.rows + excluded.rows,
        last_success_at = coalesce(excluded.last_success_at, s.last_success_at), last_attempt_at = excluded.last_attempt_at, last_error = excluded.last_error;
    IF error IS NOT NULL THEN
        PERFORM @extschema@.raise_sync_alert(
            alert, @extschema@.series_name(job.instrument_id, coalesce(job.timeframe, job.kind)),
            format('%s from %s to %s: %s. To ask again: %s',
                   @extschema@.series_name(job.instrument_id, coalesce(job.timeframe, job.kind)),
                   job.from_date, job.to_date, rtrim(error, '.'),
                   CASE WHEN job.kind IN ('candles', 'intraday')
                        THEN @extschema@.backfill_command(
                            job.instrument_id, job.timeframe, job.from_date, job.to_date)
                        ELSE 'pgcandle sync --segment ' || job.segment END));
        RETURN;
    END IF;
    PERFORM @extschema@.clear_series_alerts(job.instrument_id, coalesce(job.timeframe, job.kind));
    IF job.segment = 'correction' THEN
        IF NOT EXISTS (SELECT FROM @extschema@.sync_job j WHERE j.instrument_id = job.instrument_id AND j.segment = 'correction' AND j.state IN ('queued', 'running')) THEN
            PERFORM @extschema@.clear_sync_alert('price_adjusted', (SELECT m.trading_symbol FROM @extschema@.instrument_master m WHERE m.instrument_id = job.instrument_id));
        END IF;
    ELSIF job.kind IN ('candles', 'expired_candles') THEN
        -- Holes in the answer are asked for a second time before they are believed.
        PERFORM @extschema@.plan_one_of_many(job.segment, job.instrument_id, job.timeframe, job.from_date, job.to_date, false, job.priority - 1);
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.finish_sync_job(bigint, bigint, text, text) IS
    'a job is done, or failed for good with an error, which is an alert (failed_sync or bad_rows); '
    'its candles are stored in the same transaction. What its answer left open is queued once more';

CREATE FUNCTION @extschema@.fail_sync_jobs(segment text, instrument_id integer, error text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
#variable_conflict use_variable
DECLARE
    failed bigint;
BEGIN
    UPDATE @extschema@.sync_job j SET state = 'failed', error = fail_sync_jobs.error, finished_at = clock_timestamp()
    WHERE j.state = 'queued' AND j.segment = fail_sync_jobs.segment AND (fail_sync_jobs.instrument_id IS NULL OR j.instrument_id = fail_sync_jobs.instrument_id);
    GET DIAGNOSTICS failed = ROW_COUNT;
    IF fail_sync_jobs.instrument_id IS NULL THEN
        UPDATE @extschema@.data_sync_status s SET last_error = fail_sync_jobs.error WHERE s.segment = fail_sync_jobs.segment;
    END IF;
    RETURN failed;
END
$function$;
COMMENT ON FUNCTION @extschema@.fail_sync_jobs(text, integer, text) IS
    'ends the queued jobs of a segment, or of one of its instruments, with an error; returns how many';

CREATE FUNCTION @extschema@.raise_sync_alert(kind text, subject text, message text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
#variable_conflict use_column
DECLARE
    is_new boolean;
BEGIN
    INSERT INTO @extschema@.sync_alert AS a (kind, subject, message) VALUES (kind, subject, message)
    ON CONFLICT (kind, subject) WHERE cleared_at IS NULL DO UPDATE SET message = excluded.message, last_seen_at = clock_timestamp() RETURNING a.xmax = 0 INTO is_new;
    IF is_new THEN
        PERFORM pg_notify('pg_candle_alert', json_build_object('kind', kind, 'subject', subject, 'message', left(message, 1000))::text);
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.raise_sync_alert(text, text, text) IS
    'opens an alert, or refreshes the one that is open for that kind and subject; a new one is sent by NOTIFY pg_candle_alert';

CREATE FUNCTION @extschema@.clear_sync_alert(kind text, subject text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
#variable_conflict use_column
BEGIN
    UPDATE @extschema@.sync_alert a SET cleared_at = clock_timestamp() WHERE a.kind = clear_sync_alert.kind AND a.subject = clear_sync_alert.subject AND a.cleared_at IS NULL;
END
$function$;
COMMENT ON FUNCTION @extschema@.clear_sync_alert(text, text) IS 'closes the open alert of that kind and subject, if there is one';
