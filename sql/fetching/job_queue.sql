-- How loaders share the queue: a job is claimed with a lease, and finished in the transaction that
-- stores its candles.

CREATE FUNCTION @extschema@.claim_sync_jobs(
    worker text, most integer, lease interval, segments text[] DEFAULT NULL,
    instruments integer[] DEFAULT NULL, tasks boolean DEFAULT false)
    RETURNS TABLE (
        job_id bigint, segment text, kind text, instrument_id integer, instrument_key text,
        trading_symbol text, expiry_date date, timeframe text, from_date date, to_date date,
        attempts integer)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 20
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
BEGIN
    -- What a loader left behind when it died.
    UPDATE @extschema@.sync_job j
    SET state = 'queued', leased_by = NULL, leased_until = NULL
    WHERE j.job_id IN (SELECT r.job_id
                       FROM @extschema@.sync_job r
                       WHERE r.state = 'running' AND r.leased_until < clock_timestamp()
                       FOR UPDATE SKIP LOCKED);
    RETURN QUERY
    WITH chosen AS (
        SELECT c.job_id
        FROM @extschema@.sync_job c
        WHERE c.state = 'queued'
          AND (c.kind IN ('ltp', 'instruments', 'calendar', 'indicators')) = tasks
          AND (segments IS NULL OR c.segment = ANY (segments))
          AND (instruments IS NULL OR c.instrument_id = ANY (instruments))
          -- Indicators come after the candles.
          AND (c.kind <> 'indicators'
               OR NOT EXISTS (SELECT FROM @extschema@.sync_job o
                              WHERE o.state IN ('queued', 'running')
                                AND o.kind IN ('candles', 'intraday', 'expired_candles',
                                               'contracts', 'expiries')))
        ORDER BY c.priority DESC, c.to_date DESC, c.job_id
        LIMIT most
        FOR UPDATE SKIP LOCKED),
    claimed AS (
        UPDATE @extschema@.sync_job j
        SET state = 'running',
            attempts = j.attempts + 1,
            leased_by = worker,
            leased_until = clock_timestamp() + lease,
            started_at = clock_timestamp()
        FROM chosen
        WHERE j.job_id = chosen.job_id
        RETURNING j.*)
    SELECT j.job_id, j.segment, j.kind, j.instrument_id, m.instrument_key, m.trading_symbol,
           m.expiry_date, j.timeframe, j.from_date, j.to_date, j.attempts
    FROM claimed j
    LEFT JOIN @extschema@.instrument_master m ON m.instrument_id = j.instrument_id;
END
$function$;
COMMENT ON FUNCTION @extschema@.claim_sync_jobs(
    
    
    text, integer, interval, text[], integer[], boolean) IS
    'takes the next jobs of the queue for a worker, for so long; candles, or with tasks those '
    'that take several requests. Jobs whose lease is over return to the queue first';

CREATE FUNCTION @extschema@.note_attempt(job_id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
BEGIN
    -- F&O contracts are counted by their underlying.
    INSERT INTO @extschema@.data_sync_status AS s (
        segment, scope, timeframe, synced_through, rows, last_success_at, last_attempt_at,
        last_error)
    SELECT j.segment,
           coalesce(u.trading_symbol, m.trading_symbol, m.instrument_id::text),
           coalesce(j.timeframe, ''),
           CASE WHEN j.error IS NULL THEN j.to_date END,
           coalesce(j.rows, 0),
           CASE WHEN j.error IS NULL THEN j.requested_at END,
           j.requested_at,
           j.error
    FROM @extschema@.sync_job j
    JOIN @extschema@.instrument_master m ON m.instrument_id = j.instrument_id
    LEFT JOIN @extschema@.instrument_master u
        ON u.instrument_key = m.underlying_key
       AND u.expiry_date IS NULL
       AND m.expiry_date IS NOT NULL
    WHERE j.job_id = note_attempt.job_id
    ON CONFLICT ON CONSTRAINT data_sync_status_pkey DO UPDATE
        SET synced_through = greatest(s.synced_through, excluded.synced_through),
            rows = s.rows + excluded.rows,
            last_success_at = coalesce(excluded.last_success_at, s.last_success_at),
            last_attempt_at = excluded.last_attempt_at,
            last_error = excluded.last_error;
END
$function$;
COMMENT ON FUNCTION @extschema@.note_attempt(bigint) IS
    'brings data_sync_status up to date with a job that was finished';

CREATE FUNCTION @extschema@.finish_sync_job(
    job_id bigint, rows bigint, error text DEFAULT NULL, alert text DEFAULT 'failed_sync')
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    job record;
BEGIN
    UPDATE @extschema@.sync_job j
    SET state = CASE WHEN finish_sync_job.error IS NULL THEN 'done' ELSE 'failed' END,
        rows = finish_sync_job.rows,
        error = finish_sync_job.error,
        leased_by = NULL,
        leased_until = NULL,
        finished_at = clock_timestamp(),
        requested_at = @extschema@.candle_now()
    WHERE j.job_id = finish_sync_job.job_id AND j.state IN ('queued', 'running')
    RETURNING j.* INTO job;
    IF NOT FOUND OR job.instrument_id IS NULL THEN
        RETURN;
    END IF;
    PERFORM @extschema@.note_attempt(finish_sync_job.job_id);
    IF finish_sync_job.error IS NOT NULL THEN
        PERFORM @extschema@.raise_sync_alert(
            alert, @extschema@.series_name(job.instrument_id, coalesce(job.timeframe, job.kind)),
            @extschema@.failure_message(finish_sync_job.job_id, finish_sync_job.error));
        RETURN;
    END IF;
    PERFORM @extschema@.clear_series_alerts(
        job.instrument_id, coalesce(job.timeframe, job.kind));
    IF job.segment = 'correction' THEN
        IF NOT EXISTS (SELECT FROM @extschema@.sync_job j
                       WHERE j.instrument_id = job.instrument_id
                         AND j.segment = 'correction'
                         AND j.state IN ('queued', 'running')) THEN
            PERFORM @extschema@.clear_sync_alert('price_adjusted', m.trading_symbol)
            FROM @extschema@.instrument_master m
            WHERE m.instrument_id = job.instrument_id;
        END IF;
    ELSIF job.kind IN ('candles', 'expired_candles') THEN
        -- Holes in the answer are asked for a second time before they are believed.
        PERFORM @extschema@.plan_one_of_many(
            job.segment, job.instrument_id, job.timeframe, job.from_date, job.to_date,
            force => false, priority => job.priority - 1);
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.finish_sync_job(bigint, bigint, text, text) IS
    'a job is done, or failed for good with an error, which is an alert (failed_sync or '
    'bad_rows); its candles are stored in the same transaction. What its answer left open is '
    'queued once more';

CREATE FUNCTION @extschema@.fail_sync_jobs(segment text, instrument_id integer, error text)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    failed bigint;
BEGIN
    UPDATE @extschema@.sync_job j
    SET state = 'failed', error = fail_sync_jobs.error, finished_at = clock_timestamp()
    WHERE j.state = 'queued'
      AND j.segment = fail_sync_jobs.segment
      AND (fail_sync_jobs.instrument_id IS NULL
           OR j.instrument_id = fail_sync_jobs.instrument_id);
    GET DIAGNOSTICS failed = ROW_COUNT;
    IF fail_sync_jobs.instrument_id IS NULL THEN
        UPDATE @extschema@.data_sync_status s
        SET last_error = fail_sync_jobs.error
        WHERE s.segment = fail_sync_jobs.segment;
    END IF;
    RETURN failed;
END
$function$;
COMMENT ON FUNCTION @extschema@.fail_sync_jobs(text, integer, text) IS
    'ends the queued jobs of a segment, or of one of its instruments, with an error; returns how '
    'many';
