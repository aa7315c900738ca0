-- @view refresh_progress
CREATE VIEW refresh_progress AS
SELECT r.run_id, r.pid, r.timeframe, r.started_at, r.ended_at,
       CASE WHEN r.ended_at IS NOT NULL THEN 'finished'
            WHEN EXISTS (SELECT FROM pg_stat_activity a
                         WHERE a.pid = r.pid
                           -- NULL: not for our eyes
                           AND coalesce(a.state = 'active' AND a.query_start <= r.started_at, true))
                THEN 'running'
            ELSE 'interrupted' END AS state,
       r.series_total, w.series_done, w.series_failed, w.rows,
       w.rows / nullif(extract(epoch FROM w.updated_at - r.started_at)::float8, 0)
           AS rows_per_second,
       CASE WHEN r.ended_at IS NULL THEN w.current END AS current
FROM refresh_run r
CROSS JOIN LATERAL (
    SELECT coalesce(sum(w.series_done), 0) AS series_done,
           coalesce(sum(w.series_failed), 0) AS series_failed,
           coalesce(sum(w.rows), 0) AS rows,
           max(w.updated_at) AS updated_at,
           array_agg(format('%s %s', w.instrument_id, w.timeframe) ORDER BY w.worker)
               FILTER (WHERE w.instrument_id IS NOT NULL) AS current
    FROM refresh_run w
    WHERE w.run_id = r.run_id AND w.worker > 0) w
WHERE r.worker = 0;
COMMENT ON VIEW refresh_progress IS
    'calls of refresh_indicators(), going on or of the last week: series and rows done so far, '
    'rows per second, and the series (instrument, timeframe) that each of its processes is at';
