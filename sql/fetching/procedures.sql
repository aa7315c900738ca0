-- Procedures for psql: plan, and wait until a loader has done it.

-- These commit, so they cannot set a search_path; what they do is done by functions that do.
-- Functions are called with all their arguments, each of its very type: then nothing that somebody
-- has put beside them fits better.
CREATE PROCEDURE @extschema@.wait_for_loader(segments text[], since timestamptz)
    LANGUAGE plpgsql
AS $procedure$
DECLARE
    progress record;
    said text;
BEGIN
    LOOP
        COMMIT;
        SELECT p.message, p.is_new, p.finished, p.error INTO progress
        FROM @extschema@.sync_progress(segments, since, said) p;
        IF progress.is_new THEN
            said := progress.message;
            RAISE NOTICE '%', said;
        END IF;
        EXIT WHEN progress.finished;
        PERFORM pg_catalog.pg_sleep(0.5);
    END LOOP;
    IF progress.error IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'external_routine_exception', MESSAGE = progress.error,
            HINT = 'What was stored stays; call it again for the rest.';
    END IF;
END
$procedure$;
COMMENT ON PROCEDURE @extschema@.wait_for_loader(text[], timestamptz) IS
    'reports as notices how the loaders come along with some segments, and returns when nothing '
    'is open; an error if a request failed';

CREATE PROCEDURE @extschema@.backfill(
    instruments text[] DEFAULT NULL, timeframes text[] DEFAULT NULL, from_date date DEFAULT NULL,
    to_date date DEFAULT NULL, wait boolean DEFAULT false)
    LANGUAGE plpgsql
AS $procedure$
DECLARE
    since timestamptz := pg_catalog.clock_timestamp();
    planned integer;
BEGIN
    planned := @extschema@.plan_backfill(
        instruments, timeframes, from_date, to_date, false, false);
    PERFORM @extschema@.plan_task('indicators', -100);
    RAISE NOTICE '% requests queued', planned;
    IF wait THEN
        CALL @extschema@.wait_for_loader('{backfill}'::pg_catalog.text[], since);
        CALL @extschema@.refresh_timeframes(
            NULL::pg_catalog.int4, @extschema@.timeframes_to_derive(timeframes), false);
    END IF;
END
$procedure$;
COMMENT ON PROCEDURE @extschema@.backfill(text[], text[], date, date, boolean) IS
    'queues for the loader what is missing of the instruments (the watchlist) in the timeframes '
    '(of the watchlist) between two dates (the last 30 days); with wait it reports progress and '
    'returns when all is done. Cannot wait inside a transaction block';

CREATE PROCEDURE @extschema@.sync_segment(
    segment text, force boolean DEFAULT false, wait boolean DEFAULT false)
    LANGUAGE plpgsql
AS $procedure$
DECLARE
    since timestamptz := pg_catalog.clock_timestamp();
    planned integer;
BEGIN
    planned := @extschema@.plan_segment(
        segment, force, NULL::pg_catalog.int4, 2, 20, NULL::pg_catalog.text);
    PERFORM @extschema@.plan_task('indicators', -100);
    RAISE NOTICE '% requests queued', planned;
    IF wait THEN
        CALL @extschema@.wait_for_loader(ARRAY[segment], since);
    END IF;
END
$procedure$;
COMMENT ON PROCEDURE @extschema@.sync_segment(text, boolean, boolean) IS
    'queues for the loader what is missing of a segment: equity, indices_nse, indices_bse, '
    'fo_current, fo_historical, fo_expired, indicators; force asks even for what is stored';
