-- What has to be fetched, planned from what is there. Loaders claim the jobs (job_queue.sql).

CREATE FUNCTION @extschema@.candle_now() RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'pg_candle_candle_now' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.candle_now() IS
    'the moment to which "today" and "has passed" refer: now, or for replays what the setting pg_candle.now says';

CREATE FUNCTION @extschema@.ranges_to_request(instrument_id integer, timeframe text, from_date date DEFAULT NULL, to_date date DEFAULT NULL,
                                          retry_no_data_after interval DEFAULT '30 days', OUT first_date date, OUT last_date date)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_candle_missing_dates' LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 10;
COMMENT ON FUNCTION @extschema@.ranges_to_request(integer, text, date, date, interval) IS
    'the dates that have to be asked of the provider, inclusive ranges without a complete session inside: expected candles that are not stored, or only as intraday or derived ones, unless the provider said twice, the last time within retry_no_data_after, that there are none. Up to the last final day, and not before the provider''s first one';

CREATE FUNCTION @extschema@.provider_first_day(timeframe text) RETURNS date
    AS 'MODULE_PATHNAME', 'pg_candle_provider_first_day' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.provider_first_day(text) IS
    'the first day of which the provider has candles of that timeframe';

CREATE FUNCTION @extschema@.candles_to_request(instrument_id integer, timeframe text, from_ts timestamptz, to_ts timestamptz,
                                           retry_no_data_after interval DEFAULT '30 days')
    RETURNS TABLE (gap_start timestamptz, gap_end timestamptz)
    AS 'MODULE_PATHNAME', 'pg_candle_candles_to_ask' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 100000 ROWS 10;
COMMENT ON FUNCTION @extschema@.candles_to_request(integer, text, timestamptz, timestamptz, interval) IS
    'the same as runs of candles; both ends are starts of candles, inclusive';

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
    SELECT c.timezone INTO zone FROM @extschema@.instrument_master m
        JOIN @extschema@.trading_calendar c ON c.calendar = @extschema@.calendar_of_segment(m.segment)
        WHERE m.instrument_id = plan_series.instrument_id ORDER BY c.valid_from DESC LIMIT 1;
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

CREATE FUNCTION @extschema@.timeframes_to_fetch(timeframes text[], fetch_all boolean DEFAULT false) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN (SELECT array_agg(DISTINCT CASE WHEN t IN ('1d', '1w', '1mo') OR fetch_all THEN t ELSE '1m' END) FROM unnest(timeframes) AS t);
COMMENT ON FUNCTION @extschema@.timeframes_to_fetch(text[], boolean) IS
    'what has to be fetched to have these timeframes: intraday ones are derived from 1m, unless all are to come from the provider';

CREATE FUNCTION @extschema@.timeframes_to_derive(timeframes text[]) RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (SELECT coalesce(array_agg(DISTINCT t), '{}') FROM unnest(coalesce(timeframes, (SELECT array_agg(w.t) FROM (SELECT unnest(l.timeframes) AS t FROM @extschema@.watchlist l) w))) AS t WHERE t <> '1m');
END
$function$;
COMMENT ON FUNCTION @extschema@.timeframes_to_derive(text[]) IS
    'what refresh_timeframes() has to look after to have these timeframes, or those of the watchlist';

CREATE FUNCTION @extschema@.plan_backfill(instruments text[] DEFAULT NULL, timeframes text[] DEFAULT NULL, from_date date DEFAULT NULL, to_date date DEFAULT NULL,
                                          fetch_all boolean DEFAULT false, force boolean DEFAULT false) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
#variable_conflict use_variable
DECLARE
    last_day date := coalesce(to_date, (@extschema@.candle_now() AT TIME ZONE 'Asia/Kolkata')::date);
    first_day date := coalesce(from_date, last_day - 29);
    one record;
    planned integer := 0;
BEGIN
    IF first_day > last_day THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the range ends before it begins', HINT = 'from_date comes first; without it the last 30 days are meant.';
    END IF;
    FOR one IN
        SELECT m.instrument_id, t.timeframe
        FROM (SELECT w.instrument_id, w.timeframes AS watched FROM @extschema@.watchlist w WHERE instruments IS NULL
              UNION ALL
              SELECT @extschema@.instrument_id(i), '{1m,5m,15m,30m,1h,4h,1d,1w}' FROM unnest(instruments) AS i) wanted
        JOIN @extschema@.instrument_master m USING (instrument_id)
        CROSS JOIN LATERAL unnest(@extschema@.timeframes_to_fetch(coalesce(timeframes, wanted.watched), fetch_all)) AS t (timeframe)
        WHERE m.is_active GROUP BY 1, 2 ORDER BY 1, 2
    LOOP
        planned := planned + @extschema@.plan_one_of_many('backfill', one.instrument_id, one.timeframe, first_day, last_day, force, 10);  -- somebody waits
    END LOOP;
    RETURN planned;
END
$function$;
COMMENT ON FUNCTION @extschema@.plan_backfill(text[], text[], date, date, boolean, boolean) IS
    'queues what is missing of the instruments (the watchlist) in the timeframes (each one''s of the watchlist, or the eight standard ones) between two dates (the last 30 days); returns the number of requests';

CREATE FUNCTION @extschema@.plan_task(task text, priority integer DEFAULT 0) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    planned integer;
BEGIN
    INSERT INTO @extschema@.sync_job (segment, kind, priority) VALUES (task, task, priority) ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS planned = ROW_COUNT;
    IF planned > 0 THEN
        PERFORM pg_notify('pg_candle_sync', '');
    END IF;
    RETURN planned;
END
$function$;
COMMENT ON FUNCTION @extschema@.plan_task(text, integer) IS
    'queues one of the tasks ltp, instruments, calendar and indicators, unless it is queued or running';

-- What a segment is made of: the instruments whose candles it keeps, nearest first.
CREATE FUNCTION @extschema@.segment_instruments(segment text, expiries integer DEFAULT 2, strikes integer DEFAULT 20)
    RETURNS TABLE (instrument_id integer, scope text, rank bigint)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
#variable_conflict use_column
BEGIN
    IF segment = 'equity' THEN
        RETURN QUERY SELECT m.instrument_id, m.trading_symbol, row_number() OVER (ORDER BY m.trading_symbol) FROM @extschema@.instrument_master m
            WHERE m.segment = 'NSE_EQ' AND m.is_active
              AND m.instrument_key IN (SELECT underlying_key FROM @extschema@.future_master UNION SELECT underlying_key FROM @extschema@.option_master);
    ELSIF segment IN ('indices_nse', 'indices_bse') THEN
        RETURN QUERY SELECT m.instrument_id, k.name, k.n
            FROM unnest(CASE segment WHEN 'indices_nse' THEN '{NIFTY,BANKNIFTY,FINNIFTY}'::text[] ELSE '{SENSEX,BANKEX}' END,
                        CASE segment WHEN 'indices_nse' THEN '{NSE_INDEX|Nifty 50,NSE_INDEX|Nifty Bank,NSE_INDEX|Nifty Fin Service}'::text[]
                             ELSE '{BSE_INDEX|SENSEX,BSE_INDEX|BANKEX}' END) WITH ORDINALITY AS k (name, key, n)
            JOIN @extschema@.instrument_master m ON m.instrument_key = k.key WHERE m.is_active;
    ELSIF segment IN ('fo_current', 'fo_historical') THEN
        RETURN QUERY
        WITH underlying AS (
            SELECT m.instrument_id, m.instrument_key, m.trading_symbol, coalesce(
                (SELECT l.ltp FROM @extschema@.ltp_data l
                 WHERE l.instrument_id = m.instrument_id AND l.ltp > 0 ORDER BY l.ts DESC LIMIT 1),
                (SELECT c.close FROM @extschema@.candle_data c
                 WHERE c.instrument_id = m.instrument_id AND c.timeframe = '1m' AND c.close > 0
                 ORDER BY c.ts DESC LIMIT 1),
                (SELECT c.close FROM @extschema@.candle_data c
                 WHERE c.instrument_id = m.instrument_id AND c.timeframe = '1d' AND c.close > 0
                 ORDER BY c.ts DESC LIMIT 1)) AS price
            FROM @extschema@.watchlist w JOIN @extschema@.instrument_master m USING (instrument_id) WHERE m.is_active),
        contract AS (
            SELECT u.trading_symbol, u.price, m.instrument_id, m.expiry_date, o.strike_price, o.option_type,
                dense_rank() OVER (PARTITION BY u.instrument_id ORDER BY m.expiry_date) AS expiry_rank
            FROM underlying u
            JOIN (SELECT f.instrument_id, f.underlying_key, NULL::numeric AS strike_price, NULL::text AS option_type FROM @extschema@.future_master f
                  UNION ALL SELECT f.instrument_id, f.underlying_key, f.strike_price, f.option_type FROM @extschema@.option_master f) o ON o.underlying_key = u.instrument_key
            JOIN @extschema@.instrument_master m ON m.instrument_id = o.instrument_id
            WHERE m.is_active AND m.expiry_date >= (@extschema@.candle_now() AT TIME ZONE 'Asia/Kolkata')::date),
        ranked AS (
            SELECT c.*, abs(c.strike_price - c.price::numeric) AS distance,
                CASE WHEN c.strike_price IS NULL THEN 0
                     ELSE row_number() OVER (PARTITION BY c.trading_symbol, c.expiry_date, c.option_type, c.strike_price >= c.price::numeric ORDER BY abs(c.strike_price - c.price::numeric)) END AS strike_rank
            FROM contract c WHERE c.expiry_rank <= expiries)
        -- Without a price nothing says which strikes are near: futures only.
        SELECT r.instrument_id, r.trading_symbol, row_number() OVER (ORDER BY r.expiry_rank, r.strike_rank, r.trading_symbol, r.instrument_id)
        FROM ranked r WHERE r.strike_price IS NULL OR r.price IS NOT NULL AND r.strike_rank <= strikes;
    ELSIF segment = 'fo_expired' THEN
        RETURN QUERY SELECT m.instrument_id, m.trading_symbol, row_number() OVER (ORDER BY m.trading_symbol)
            FROM @extschema@.watchlist w JOIN @extschema@.instrument_master m USING (instrument_id)
            WHERE m.instrument_key IN (SELECT f.underlying_key FROM @extschema@.future_master f UNION SELECT o.underlying_key FROM @extschema@.option_master o);
    ELSIF segment IS DISTINCT FROM 'indicators' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('there is no segment %L', segment),
            HINT = 'Segments are equity, indices_nse, indices_bse, fo_current, fo_historical, fo_expired and indicators.';
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.segment_instruments(text, integer, integer) IS
    'the instruments of a segment, in the order in which they matter: F&O stocks; the indices; contracts on watched underlyings of the next expiries, so many strikes on either side of the last price, nearest first; for fo_expired the underlyings';

CREATE FUNCTION @extschema@.plan_segment(segment text, force boolean DEFAULT false, days integer DEFAULT NULL, expiries integer DEFAULT 2, strikes integer DEFAULT 20,
                                         only_calendar text DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
#variable_conflict use_variable
DECLARE
    today date := (@extschema@.candle_now() AT TIME ZONE 'Asia/Kolkata')::date;
    back integer := coalesce(days, CASE segment WHEN 'fo_current' THEN 5 ELSE 60 END);
    one record;
    planned integer := 0;
    more integer;
BEGIN
    IF segment = 'indicators' THEN
        RETURN @extschema@.plan_task('indicators');
    END IF;
    FOR one IN SELECT s.instrument_id, s.scope, s.rank, m.segment AS of_segment FROM @extschema@.segment_instruments(segment, expiries, strikes) s
               JOIN @extschema@.instrument_master m USING (instrument_id) ORDER BY s.rank
    LOOP
        CONTINUE WHEN only_calendar IS NOT NULL AND @extschema@.calendar_of_segment(one.of_segment) <> only_calendar;
        IF segment = 'fo_expired' THEN
            -- Expiries come and go by the day.
            INSERT INTO @extschema@.sync_job (segment, kind, instrument_id, from_date, to_date, priority)
            SELECT segment, 'expiries', one.instrument_id, today, today, 1
            WHERE force OR NOT EXISTS (SELECT FROM @extschema@.sync_job j WHERE j.kind = 'expiries' AND j.instrument_id = one.instrument_id AND j.from_date = today AND j.state = 'done')
            ON CONFLICT DO NOTHING;
            GET DIAGNOSTICS more = ROW_COUNT;
        ELSE
            -- Nearest contracts first: each has a day's head start less than the one before.
            more := @extschema@.plan_one_of_many(segment, one.instrument_id, '1m', today - back + 1, today, force, CASE WHEN segment LIKE 'fo\_%' THEN -least(one.rank, 90)::integer ELSE 0 END)
                  + @extschema@.plan_one_of_many(segment, one.instrument_id, '1d', today - back + 1, today, force, CASE WHEN segment LIKE 'fo\_%' THEN -least(one.rank, 90)::integer ELSE 0 END);
        END IF;
        planned := planned + more;
        INSERT INTO @extschema@.data_sync_status AS s (segment, scope, timeframe, last_attempt_at) VALUES (segment, coalesce(one.scope, one.instrument_id::text), CASE WHEN segment = 'fo_expired' THEN '' ELSE '1m' END, @extschema@.candle_now())
        ON CONFLICT ON CONSTRAINT data_sync_status_pkey DO UPDATE SET last_attempt_at = excluded.last_attempt_at;
    END LOOP;
    RETURN planned;
END
$function$;
COMMENT ON FUNCTION @extschema@.plan_segment(text, boolean, integer, integer, integer, text) IS
    'queues what is missing of a segment''s last days (60; 5 of fo_current); returns the number of requests';

CREATE FUNCTION @extschema@.sync_progress(segments text[], since timestamptz, last_message text,
                                          OUT message text, OUT is_new boolean, OUT finished boolean, OUT error text)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    n record;
BEGIN
    SELECT count(*) FILTER (WHERE j.state IN ('queued', 'running')) AS open, count(*) FILTER (WHERE j.state = 'done') AS done,
        count(*) FILTER (WHERE j.state = 'failed') AS failed, coalesce(sum(j.rows), 0) AS rows, count(DISTINCT j.leased_by) FILTER (WHERE j.state = 'running') AS loaders,
        (array_agg(j.error ORDER BY j.finished_at DESC) FILTER (WHERE j.state = 'failed'))[1] AS error
    INTO n FROM @extschema@.sync_job j WHERE j.segment = ANY (segments) AND (j.state IN ('queued', 'running') OR j.finished_at >= since);
    message := format('%s of %s requests done, %s failed, %s candles%s', n.done, n.open + n.done + n.failed, n.failed, n.rows,
        CASE WHEN n.open > 0 AND n.loaders = 0 THEN '; no loader is at work: start "pgcandle run"' ELSE '' END);
    is_new := message IS DISTINCT FROM last_message;
    finished := n.open = 0;
    IF finished AND n.failed > 0 THEN
        error := format('%s requests failed, the last one: %s', n.failed, n.error);
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.sync_progress(text[], timestamptz, text) IS
    'how far the jobs of some segments are that were open or ended since a moment';

-- These commit, so they cannot set a search_path; what they do is done by functions that do. Functions are called with all
-- their arguments, each of its very type: then nothing that somebody has put beside them fits better.
CREATE PROCEDURE @extschema@.wait_for_loader(segments text[], since timestamptz)
    LANGUAGE plpgsql
AS $procedure$
DECLARE
    progress record;
    said text;
BEGIN
    LOOP
        COMMIT;
        SELECT p.message, p.is_new, p.finished, p.error INTO progress FROM @extschema@.sync_progress(segments, since, said) p;
        IF progress.is_new THEN
            said := progress.message;
            RAISE NOTICE '%', said;
        END IF;
        EXIT WHEN progress.finished;
        PERFORM pg_catalog.pg_sleep(0.5);
    END LOOP;
    IF progress.error IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'external_routine_exception', MESSAGE = progress.error, HINT = 'What was stored stays; call it again for the rest.';
    END IF;
END
$procedure$;
COMMENT ON PROCEDURE @extschema@.wait_for_loader(text[], timestamptz) IS
    'reports as notices how the loaders come along with some segments, and returns when nothing is open; an error if a request failed';

CREATE PROCEDURE @extschema@.backfill(instruments text[] DEFAULT NULL, timeframes text[] DEFAULT NULL, from_date date DEFAULT NULL,
                                      to_date date DEFAULT NULL, wait boolean DEFAULT false)
    LANGUAGE plpgsql
AS $procedure$
DECLARE
    since timestamptz := pg_catalog.clock_timestamp();
    planned integer;
BEGIN
    planned := @extschema@.plan_backfill(instruments, timeframes, from_date, to_date, false, false);
    PERFORM @extschema@.plan_task('indicators', -100);
    RAISE NOTICE '% requests queued', planned;
    IF wait THEN
        CALL @extschema@.wait_for_loader('{backfill}'::pg_catalog.text[], since);
        CALL @extschema@.refresh_timeframes(NULL::pg_catalog.int4, @extschema@.timeframes_to_derive(timeframes), false);
    END IF;
END
$procedure$;
COMMENT ON PROCEDURE @extschema@.backfill(text[], text[], date, date, boolean) IS
    'queues for the loader what is missing of the instruments (the watchlist) in the timeframes (of the watchlist) between two dates (the last 30 days); with wait it reports progress and returns when all is done. Cannot wait inside a transaction block';

CREATE PROCEDURE @extschema@.sync_segment(segment text, force boolean DEFAULT false, wait boolean DEFAULT false)
    LANGUAGE plpgsql
AS $procedure$
DECLARE
    since timestamptz := pg_catalog.clock_timestamp();
    planned integer;
BEGIN
    planned := @extschema@.plan_segment(segment, force, NULL::pg_catalog.int4, 2, 20, NULL::pg_catalog.text);
    PERFORM @extschema@.plan_task('indicators', -100);
    RAISE NOTICE '% requests queued', planned;
    IF wait THEN
        CALL @extschema@.wait_for_loader(ARRAY[segment], since);
    END IF;
END
$procedure$;
COMMENT ON PROCEDURE @extschema@.sync_segment(text, boolean, boolean) IS
    'queues for the loader what is missing of a segment: equity, indices_nse, indices_bse, fo_current, fo_historical, fo_expired, indicators; force asks even for what is stored';
