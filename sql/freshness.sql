-- The views data_freshness and refresh_progress.

CREATE FUNCTION @extschema@.create_freshness_views(place text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Views of the caller's own that call nothing of the extension, so that they outlive it, too.
    IF pg_catalog.to_regclass(pg_catalog.format('%I.data_freshness', place)) IS NULL THEN
        EXECUTE pg_catalog.format($view$
            CREATE VIEW %1$I.data_freshness AS
            WITH settings AS (
                SELECT coalesce(nullif(pg_catalog.current_setting('pg_candle.now', true), '')::timestamptz, pg_catalog.now()) AS at, coalesce(nullif(pg_catalog.current_setting('pg_candle.stale_after', true), ''), '5 minutes')::interval AS slack),
            day AS (
                SELECT c.calendar, c.timezone, (settings.at AT TIME ZONE c.timezone)::date - back AS date
                FROM settings, (SELECT DISTINCT ON (calendar) calendar, timezone FROM %1$I.trading_calendar ORDER BY calendar, valid_from DESC) c,
                    -- The longest pause of any exchange is shorter than 20 days.
                    pg_catalog.generate_series(0, 20) back),
            hours AS (
                SELECT day.calendar, day.timezone, day.date, s.opens, s.closes
                FROM day JOIN %1$I.special_session s ON s.calendar = day.calendar AND s.session_date = day.date
                UNION ALL
                SELECT day.calendar, day.timezone, day.date, r.opens, r.closes
                FROM day, LATERAL (SELECT * FROM %1$I.trading_calendar c WHERE c.calendar = day.calendar AND c.valid_from <= day.date ORDER BY c.valid_from DESC LIMIT 1) r
                WHERE NOT extract(isodow FROM day.date)::integer = ANY (r.weekly_off)
                  AND NOT EXISTS (SELECT FROM %1$I.trading_holiday h WHERE h.calendar = day.calendar AND h.holiday = day.date)
                  AND NOT EXISTS (SELECT FROM %1$I.special_session s WHERE s.calendar = day.calendar AND s.session_date = day.date)),
            expected AS (
                -- The start of the last minute that ended before the slack.
                SELECT calendar, max(least((date + closes) AT TIME ZONE timezone, pg_catalog.date_trunc('minute', settings.at - settings.slack)) - interval '1 minute') AS minute
                FROM hours, settings WHERE (date + opens) AT TIME ZONE timezone <= settings.at - settings.slack - interval '1 minute' GROUP BY 1)
            SELECT m.instrument_id, m.trading_symbol, e.calendar, e.minute AS expected_at,
                c.newest AS candle_at, CASE WHEN c.newest >= e.minute THEN interval '0' ELSE e.minute - c.newest END AS candle_age,
                c.newest IS NULL OR c.newest < e.minute AS candle_stale,
                l.newest AS ltp_at, CASE WHEN l.newest >= e.minute THEN interval '0' ELSE e.minute - l.newest END AS ltp_age,
                l.newest IS NULL OR l.newest < e.minute AS ltp_stale
            FROM %1$I.watchlist w JOIN %1$I.instrument_master m USING (instrument_id)
            JOIN expected e ON e.calendar = CASE WHEN m.segment IN ('NSE_EQ', 'NSE_INDEX') THEN 'NSE' WHEN m.segment IN ('BSE_EQ', 'BSE_INDEX') THEN 'BSE'
                WHEN m.segment = 'NSE_FO' THEN 'NFO' WHEN m.segment = 'BSE_FO' THEN 'BFO' WHEN m.segment = 'NCD_FO' THEN 'CDS' WHEN m.segment = 'BCD_FO' THEN 'BCD'
                WHEN m.segment = 'MCX_FO' THEN 'MCX' WHEN m.segment = 'NSE_COM' THEN 'NSCOM' ELSE '24x7' END
            LEFT JOIN LATERAL (SELECT max(ts) AS newest FROM %1$I.candle_data d WHERE d.instrument_id = m.instrument_id AND d.timeframe = '1m') c ON true
            LEFT JOIN LATERAL (SELECT max(ts) AS newest FROM %1$I.ltp_data d WHERE d.instrument_id = m.instrument_id) l ON true
            WHERE m.is_active $view$, place);
        EXECUTE pg_catalog.format('COMMENT ON VIEW %I.data_freshness IS %L', place,
            'newest 1m candle and last price of each watched instrument against the last minute that its session expects; stale is what is older by more than pg_candle.stale_after (5 minutes), so nothing is at night, on Sundays and holidays');
    END IF;
    IF pg_catalog.to_regclass(pg_catalog.format('%I.refresh_progress', place)) IS NULL THEN
        EXECUTE pg_catalog.format($view$
            CREATE VIEW %1$I.refresh_progress AS
            SELECT r.run_id, r.pid, r.timeframe, r.started_at, r.ended_at,
                CASE WHEN r.ended_at IS NOT NULL THEN 'ended'
                     WHEN EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid = r.pid AND coalesce(a.state = 'active' AND a.query_start <= r.started_at, true)) THEN 'running'
                     ELSE 'broken off' END AS state,
                r.series_total, w.series_done, w.series_failed, w.rows, w.rows / nullif(extract(epoch FROM w.updated_at - r.started_at)::float8, 0) AS rows_per_second,
                CASE WHEN r.ended_at IS NULL THEN w.current END AS current
            FROM %1$I.refresh_run r
            CROSS JOIN LATERAL (SELECT coalesce(sum(w.series_done), 0) AS series_done, coalesce(sum(w.series_failed), 0) AS series_failed,
                                       coalesce(sum(w.rows), 0) AS rows, max(w.updated_at) AS updated_at,
                                       pg_catalog.array_agg(pg_catalog.format('%%s %%s', w.instrument_id, w.timeframe) ORDER BY w.worker) FILTER (WHERE w.instrument_id IS NOT NULL) AS current
                                FROM %1$I.refresh_run w WHERE w.run_id = r.run_id AND w.worker > 0) w
            WHERE r.worker = 0 $view$, place);
        EXECUTE pg_catalog.format('COMMENT ON VIEW %I.refresh_progress IS %L', place,
            'calls of refresh_indicators(), going on or of the last week: series and rows done so far, rows per second, and the series (instrument, timeframe) that each of its processes is at');
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.create_freshness_views(text) IS
    'internal: creates the views data_freshness and refresh_progress unless they are there';
