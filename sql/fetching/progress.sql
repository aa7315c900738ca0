-- How far the loaders are with what was queued.

CREATE FUNCTION @extschema@.sync_progress(
    segments text[], since timestamptz, last_message text,
    OUT message text, OUT is_new boolean, OUT finished boolean, OUT error text)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    n record;
BEGIN
    SELECT count(*) FILTER (WHERE j.state IN ('queued', 'running')) AS open,
           count(*) FILTER (WHERE j.state = 'done') AS done,
           count(*) FILTER (WHERE j.state = 'failed') AS failed,
           coalesce(sum(j.rows), 0) AS rows,
           count(DISTINCT j.leased_by) FILTER (WHERE j.state = 'running') AS loaders,
           (array_agg(j.error ORDER BY j.finished_at DESC)
               FILTER (WHERE j.state = 'failed'))[1] AS error
    INTO n
    FROM @extschema@.sync_job j
    WHERE j.segment = ANY (segments)
      AND (j.state IN ('queued', 'running') OR j.finished_at >= since);
    message := format('%s of %s requests done, %s failed, %s candles%s',
        n.done, n.open + n.done + n.failed, n.failed, n.rows,
        CASE WHEN n.open > 0 AND n.loaders = 0
             THEN '; no loader is at work: start "pgcandle run"' ELSE '' END);
    is_new := message IS DISTINCT FROM last_message;
    finished := n.open = 0;
    IF finished AND n.failed > 0 THEN
        error := format('%s requests failed, the last one: %s', n.failed, n.error);
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.sync_progress(text[], timestamptz, text) IS
    'how far the jobs of some segments are that were open or ended since a moment';
