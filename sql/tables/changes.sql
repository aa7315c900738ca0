-- What notes changes: functions and triggers beside the tables. All of it belongs to whoever made
-- the tables and needs nothing of the extension, so that changes are noted while the extension is
-- away, too. The functions run with their owner's rights: whoever may write candles needs no right
-- on the log. So they look for names in PostgreSQL's own schema only, and name the log with theirs,
-- whatever that is called by now. Who logs its changes itself (the loader, refresh_timeframes)
-- turns pg_candle.log_changes off meanwhile.

-- @macro replaced
        -- Under REPEATABLE READ, catalogs are read as they were when the transaction began.
        RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
            MESSAGE = format(
                '%s, its triggers or its log were replaced since the transaction began',
                TG_RELID::regclass),
            HINT = 'Repeat the transaction.';

-- @macro find_place
    SELECT n.nspname INTO place
    FROM pg_trigger t
    JOIN pg_proc p ON p.oid = t.tgfoid
    JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE t.tgrelid = TG_RELID AND t.tgname = TG_NAME;
    IF place IS NULL THEN
        -- @replaced
    END IF;

-- @macro only_own_tables
    -- What somebody else has put on a table of his (types, triggers, rules) would run with our
    -- rights: then nothing is noted. Refreshes see that, and compute everything.
    DECLARE
        is_own boolean;
        is_replaced boolean;
    BEGIN
        SELECT bool_and(CASE WHEN n.oid IS NULL THEN NOT n.needed
                             ELSE c.relkind IN ('r', 'p')
                                  AND pg_get_userbyid(c.relowner) = current_user END),
            bool_or(n.oid IS NOT NULL AND c.oid IS NULL)
        INTO is_own, is_replaced
        FROM (VALUES (to_regclass(format('%I.candle_change', place))::oid, true),
                     (to_regclass(format('%I.candle_data', place))::oid, false),
                     (TG_RELID, true)) n (oid, needed)
        LEFT JOIN pg_class c ON c.oid = n.oid;
        IF is_replaced THEN
            -- @replaced
        END IF;
        IF NOT is_own THEN
            RETURN NULL;
        END IF;
    END;

-- @function candle_timeframe_problem
CREATE OR REPLACE FUNCTION candle_timeframe_problem(timeframe text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    parts text[] := regexp_match(lower(btrim(timeframe)), '^([0-9]{0,9})\s*([a-z]+)$');
    unit text := CASE
        WHEN btrim(timeframe) ~ '^0{0,8}1?\s*M$' THEN 'mo'
        WHEN parts[2] IN ('m', 'min', 'mins', 'minute', 'minutes') THEN 'm'
        WHEN parts[2] IN ('h', 'hr', 'hrs', 'hour', 'hours', 'hourly') THEN 'h'
        WHEN parts[2] IN ('d', 'day', 'days', 'daily') THEN 'd'
        WHEN parts[2] IN ('w', 'wk', 'week', 'weeks', 'weekly') THEN 'w'
        WHEN parts[2] IN ('mo', 'mon', 'month', 'months', 'monthly') THEN 'mo' END;
    count bigint := coalesce(nullif(parts[1], ''), '1')::bigint;
    meant text;
BEGIN
    IF unit = 'm' AND count % 60 = 0 THEN
        unit := 'h';
        count := count / 60;
    END IF;
    IF unit = 'h' AND count = 24 THEN
        unit := 'd';
        count := 1;
    END IF;
    IF unit = 'd' AND count = 7 THEN
        unit := 'w';
        count := 1;
    END IF;
    IF unit = 'm' AND count BETWEEN 1 AND 1439 OR unit = 'h' AND count BETWEEN 1 AND 23
       OR unit IN ('d', 'w', 'mo') AND count = 1 THEN
        meant := count || unit;
    END IF;
    RETURN CASE
        WHEN timeframe = meant THEN ''
        WHEN meant IS NOT NULL THEN format('Write %s.', meant)
        ELSE 'Timeframes are 1m 3m 5m 15m 30m 1h 4h 1d 1w 1mo and other minutes and hours.' END;
END
$body$;
COMMENT ON FUNCTION candle_timeframe_problem(text) IS
    'what to write instead of a text that is no timeframe; empty for one that is';

-- @function log_candle_changes, log_indicator_changes
CREATE OR REPLACE FUNCTION log_candle_changes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    -- The log may be empty when a session plans, and large later.
    SET enable_seqscan = off
    SET plan_cache_mode = force_generic_plan
AS $body$
DECLARE
    -- The series that the statement changed, and the earliest candle of each.
    ids integer[];
    timeframes text[];
    times timestamptz[];
    place name;
    usual constant text[] := '{1m,3m,5m,15m,30m,1h,4h,1d,1w,1mo}';
    wrong_id integer;
    wrong_timeframe text;
    wrong_ts timestamptz;
    problem text;
    crowded_ids integer[];
    crowded_timeframes text[];
BEGIN
    -- @find_place
    -- @only_own_tables

    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(c.id), array_agg(c.timeframe), array_agg(c.ts)
        INTO ids, timeframes, times
        FROM (SELECT instrument_id AS id, timeframe, min(ts) AS ts FROM new_rows GROUP BY 1, 2) c;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(c.id), array_agg(c.timeframe), array_agg(c.ts)
        INTO ids, timeframes, times
        FROM (SELECT u.id, u.timeframe, min(u.ts) AS ts
              FROM (SELECT instrument_id AS id, timeframe, ts FROM old_rows
                    UNION ALL
                    SELECT instrument_id, timeframe, ts FROM new_rows) u GROUP BY 1, 2) c;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(c.id), array_agg(c.timeframe), array_agg(c.ts)
        INTO ids, timeframes, times
        FROM (SELECT instrument_id AS id, timeframe, min(ts) AS ts FROM old_rows GROUP BY 1, 2) c;
    ELSE
        -- TRUNCATE removes what our snapshot may not see: all series are meant.
        EXECUTE format($query$
            INSERT INTO %I.candle_change (consumer, instrument_id, timeframe, earliest)
            SELECT t.consumer, 0, '*', '-infinity' FROM unnest($1) AS t (consumer) $query$, place)
        USING TG_ARGV;
        RETURN NULL;
    END IF;
    IF ids IS NULL THEN
        RETURN NULL;
    END IF;

    -- What is no series is refused where it is written. It may be deleted, or made one.
    IF TG_OP <> 'DELETE' AND EXISTS (
        SELECT FROM unnest(ids, timeframes, times) AS c (id, timeframe, ts)
        WHERE c.id IS NULL OR c.timeframe IS NULL OR c.ts IS NULL OR c.timeframe <> ALL (usual))
    THEN
        EXECUTE format($query$
            SELECT c.id, c.timeframe, c.ts,
                coalesce(%1$I.candle_timeframe_problem(c.timeframe), 'NULL is none.')
            FROM unnest($1, $2, $3) AS c (id, timeframe, ts)
            WHERE c.id IS NULL OR c.timeframe IS NULL OR c.ts IS NULL
               OR c.timeframe <> ALL ($4) AND %1$I.candle_timeframe_problem(c.timeframe) <> ''
            LIMIT 1 $query$, place)
        INTO wrong_id, wrong_timeframe, wrong_ts, problem USING ids, timeframes, times, usual;
        IF problem IS NOT NULL AND TG_OP = 'UPDATE' THEN
            -- It may be what was corrected.
            EXECUTE format($query$
                SELECT instrument_id, timeframe, ts,
                    coalesce(%1$I.candle_timeframe_problem(timeframe), 'NULL is none.')
                FROM new_rows
                WHERE instrument_id IS NULL OR timeframe IS NULL OR ts IS NULL
                   OR %1$I.candle_timeframe_problem(timeframe) <> ''
                LIMIT 1 $query$, place)
            INTO wrong_id, wrong_timeframe, wrong_ts, problem;
        END IF;
    END IF;
    IF problem IS NOT NULL
       AND (wrong_id IS NULL OR wrong_timeframe IS NULL OR wrong_ts IS NULL)
    THEN
        RAISE EXCEPTION USING ERRCODE = 'not_null_violation',
            MESSAGE = format('a row of %s has no instrument_id, timeframe or ts',
                TG_RELID::regclass),
            DETAIL = format('It has instrument_id %s, timeframe %s, ts %s.',
                coalesce(wrong_id::text, 'NULL'), coalesce(wrong_timeframe, 'NULL'),
                coalesce(wrong_ts::text, 'NULL'));
    ELSIF problem IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('"%s" is not a timeframe', wrong_timeframe),
            DETAIL = format('It was written to %s for instrument %s at %s.',
                TG_RELID::regclass, wrong_id, wrong_ts),
            HINT = problem;
    END IF;

    -- A series that this transaction has logged needs no second row: nobody has seen the first
    -- yet. Rows of others do not count, for they may be taken before this transaction ends.
    EXECUTE format($query$
        WITH known AS MATERIALIZED (
            SELECT t.consumer, c.id, c.timeframe, c.ts, l.rows, l.covered
            FROM unnest($1, $2, $3) AS c (id, timeframe, ts)
            CROSS JOIN unnest($4) AS t (consumer)
            CROSS JOIN LATERAL (
                SELECT count(*) AS rows,
                    coalesce(bool_or(o.xmin = $5 AND o.earliest <= c.ts), false) AS covered
                FROM (SELECT o.xmin, o.earliest FROM %1$I.candle_change o
                      WHERE o.consumer = t.consumer AND o.instrument_id = c.id
                        AND o.timeframe = c.timeframe LIMIT 16) o) l
            WHERE c.id IS NOT NULL AND c.timeframe IS NOT NULL AND c.ts IS NOT NULL),
        logged AS (
            INSERT INTO %1$I.candle_change (consumer, instrument_id, timeframe, earliest)
            SELECT k.consumer, k.id, k.timeframe, k.ts FROM known k WHERE NOT k.covered)
        SELECT array_agg(k.id), array_agg(k.timeframe)
        FROM known k WHERE k.rows = 16 $query$, place)
    INTO crowded_ids, crowded_timeframes
    USING ids, timeframes, times, TG_ARGV, pg_current_xact_id()::xid;

    -- A log that nobody reads stays as long as there are series: what is committed becomes one
    -- row. Rows that somebody takes just now are left to him. Under stricter isolation, taken ones
    -- would be errors.
    IF crowded_ids IS NOT NULL AND current_setting('transaction_isolation') = 'read committed' THEN
        -- What we remove need not come back. The setting ends with this call, as those above do.
        PERFORM set_config('pg_candle.take_changes', 'on', true);
        EXECUTE format($query$
            WITH gone AS (
                DELETE FROM %1$I.candle_change d WHERE d.ctid = ANY (ARRAY(
                    SELECT l.ctid FROM unnest($1, $2) AS c (id, timeframe)
                    CROSS JOIN unnest($3) AS t (consumer)
                    JOIN %1$I.candle_change l ON l.consumer = t.consumer
                        AND l.instrument_id = c.id AND l.timeframe = c.timeframe
                    FOR UPDATE OF l SKIP LOCKED))
                RETURNING d.consumer, d.instrument_id, d.timeframe, d.earliest)
            INSERT INTO %1$I.candle_change (consumer, instrument_id, timeframe, earliest)
            SELECT g.consumer, g.instrument_id, g.timeframe, min(g.earliest)
            FROM gone g GROUP BY 1, 2, 3 $query$, place)
        USING crowded_ids, crowded_timeframes, TG_ARGV;
    END IF;
    RETURN NULL;
END
$body$;
REVOKE EXECUTE ON FUNCTION log_candle_changes() FROM PUBLIC;
COMMENT ON FUNCTION log_candle_changes() IS
    'trigger: notes in candle_change, for the consumers that it is given, which series a '
    'statement changed and from when on; refuses timeframes that are none';

-- @function log_calendar_changes
CREATE OR REPLACE FUNCTION log_calendar_changes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    -- The first date whose sessions the statement changed.
    earliest date := '-infinity';
    place name;
    zone text;
BEGIN
    -- @find_place
    -- @only_own_tables

    IF TG_TABLE_NAME = 'trading_calendar' AND TG_OP IN ('INSERT', 'UPDATE') THEN
        EXECUTE format($query$
            SELECT coalesce(timezone, 'NULL') FROM (SELECT DISTINCT timezone FROM new_rows) z
            WHERE %I.is_candle_time_zone(timezone) IS NOT TRUE LIMIT 1 $query$, place)
        INTO zone;
        IF zone IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
                MESSAGE = format('"%s" is not a time zone', zone),
                DETAIL = format('It was written to %s.', TG_RELID::regclass),
                HINT = 'pg_timezone_names lists them, like Asia/Kolkata and America/New_York.';
        END IF;
    END IF;
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'trading_calendar' THEN
        SELECT min(coalesce(c.valid_from, '-infinity')) INTO earliest FROM (
            (SELECT calendar, valid_from, opens, closes, weekly_off, timezone FROM old_rows
             EXCEPT SELECT calendar, valid_from, opens, closes, weekly_off, timezone FROM new_rows)
            UNION ALL
            (SELECT calendar, valid_from, opens, closes, weekly_off, timezone FROM new_rows
             EXCEPT
             SELECT calendar, valid_from, opens, closes, weekly_off, timezone FROM old_rows)) c;
    ELSIF TG_OP = 'INSERT' AND TG_TABLE_NAME = 'trading_calendar' THEN
        SELECT min(coalesce(valid_from, '-infinity')) INTO earliest FROM new_rows;
    ELSIF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'trading_calendar' THEN
        SELECT min(coalesce(valid_from, '-infinity')) INTO earliest FROM old_rows;
    ELSIF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'trading_holiday' THEN
        SELECT min(coalesce(c.holiday, '-infinity')) INTO earliest FROM (
            (SELECT calendar, holiday FROM old_rows EXCEPT SELECT calendar, holiday FROM new_rows)
            UNION ALL
            (SELECT calendar, holiday FROM new_rows
             EXCEPT SELECT calendar, holiday FROM old_rows)) c;
    ELSIF TG_OP = 'INSERT' AND TG_TABLE_NAME = 'trading_holiday' THEN
        SELECT min(coalesce(holiday, '-infinity')) INTO earliest FROM new_rows;
    ELSIF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'trading_holiday' THEN
        SELECT min(coalesce(holiday, '-infinity')) INTO earliest FROM old_rows;
    ELSIF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'special_session' THEN
        SELECT min(coalesce(c.session_date, '-infinity')) INTO earliest FROM (
            (SELECT calendar, session_date, opens, closes FROM old_rows
             EXCEPT SELECT calendar, session_date, opens, closes FROM new_rows)
            UNION ALL
            (SELECT calendar, session_date, opens, closes FROM new_rows
             EXCEPT SELECT calendar, session_date, opens, closes FROM old_rows)) c;
    ELSIF TG_OP = 'INSERT' AND TG_TABLE_NAME = 'special_session' THEN
        SELECT min(coalesce(session_date, '-infinity')) INTO earliest FROM new_rows;
    ELSIF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'special_session' THEN
        SELECT min(coalesce(session_date, '-infinity')) INTO earliest FROM old_rows;
    END IF;
    -- All instruments are looked at from then on; two days before that, whatever the time zone.
    EXECUTE format($query$
        INSERT INTO %I.candle_change (consumer, instrument_id, timeframe, earliest)
        SELECT 'timeframes', 0, '*', ($1 - 2)::timestamp AT TIME ZONE 'UTC'
        WHERE $1 IS NOT NULL $query$, place)
    USING earliest;
    RETURN NULL;
END
$body$;
REVOKE EXECUTE ON FUNCTION log_calendar_changes() FROM PUBLIC;
COMMENT ON FUNCTION log_calendar_changes() IS
    'trigger: notes in candle_change from when on sessions changed, for derived candles';

-- @function log_instrument_changes
CREATE OR REPLACE FUNCTION log_instrument_changes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    place name;
    ids integer[];
BEGIN
    -- @find_place
    -- @only_own_tables

    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(instrument_id) INTO ids FROM new_rows;
    ELSE
        SELECT array_agg(c.instrument_id) INTO ids
        FROM (SELECT instrument_id, segment FROM new_rows
              EXCEPT SELECT instrument_id, segment FROM old_rows) c;
    END IF;
    EXECUTE format($query$
        INSERT INTO %1$I.candle_change (consumer, instrument_id, timeframe, earliest)
        SELECT 'timeframes', c.id, t.timeframe, '-infinity'
        FROM unnest($1) AS c (id)
        CROSS JOIN unnest('{1d,1m}'::text[]) AS t (timeframe)
        WHERE EXISTS (SELECT FROM %1$I.candle_data d
                      WHERE d.instrument_id = c.id AND d.timeframe = t.timeframe) $query$, place)
    USING ids;
    RETURN NULL;
END
$body$;
REVOKE EXECUTE ON FUNCTION log_instrument_changes() FROM PUBLIC;
COMMENT ON FUNCTION log_instrument_changes() IS
    'trigger: notes in candle_change that an instrument has other sessions, for derived candles';

-- @function keep_candle_changes
CREATE OR REPLACE FUNCTION keep_candle_changes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    place name;
BEGIN
    -- @find_place
    -- @only_own_tables

    IF TG_OP = 'TRUNCATE' THEN
        EXECUTE format($query$
            INSERT INTO %I.candle_change (consumer, instrument_id, timeframe, earliest)
            VALUES ('timeframes', 0, '*', '-infinity'), ('indicators', 0, '*', '-infinity')
            $query$, place);
    ELSE
        -- Of rows that were updated, what they were stays noted beside what they are.
        EXECUTE format($query$
            INSERT INTO %1$I.candle_change (consumer, instrument_id, timeframe, earliest)
            SELECT consumer, instrument_id, timeframe, min(earliest) FROM old_rows
            WHERE timeframe = '*' OR %1$I.candle_timeframe_problem(timeframe) = ''
            GROUP BY 1, 2, 3 $query$, place);
    END IF;
    RETURN NULL;
END
$body$;
REVOKE EXECUTE ON FUNCTION keep_candle_changes() FROM PUBLIC;
COMMENT ON FUNCTION keep_candle_changes() IS
    'trigger: brings back what somebody deletes from candle_change or updates there, a row per '
    'series; without it changes would be forgotten';

-- @function check_watchlist
CREATE OR REPLACE FUNCTION check_watchlist() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    place name;
    one text;
    problem text;
BEGIN
    -- @find_place

    FOREACH one IN ARRAY coalesce(NEW.timeframes, '{}') LOOP
        EXECUTE format('SELECT %I.candle_timeframe_problem($1)', place) INTO problem USING one;
        IF one IS NULL OR problem <> '' THEN
            RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
                MESSAGE = format('%s is not a timeframe', coalesce('"' || one || '"', 'NULL')),
                DETAIL = format('It was written to %s for instrument %s.', TG_RELID::regclass,
                    NEW.instrument_id),
                HINT = coalesce(problem, 'NULL is none.');
        END IF;
    END LOOP;
    RETURN NEW;
END
$body$;
COMMENT ON FUNCTION check_watchlist() IS 'trigger: refuses timeframes that are none';

-- @trigger candle_data.log_candle_insert
CREATE TRIGGER log_candle_insert AFTER INSERT ON candle_data
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    WHEN (current_setting('pg_candle.log_changes', true) IS DISTINCT FROM 'off')
    EXECUTE FUNCTION log_candle_changes('timeframes', 'indicators');
COMMENT ON TRIGGER log_candle_insert ON candle_data IS 'fills candle_change';

-- @trigger candle_data.log_candle_update
CREATE TRIGGER log_candle_update AFTER UPDATE ON candle_data
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    WHEN (current_setting('pg_candle.log_changes', true) IS DISTINCT FROM 'off')
    EXECUTE FUNCTION log_candle_changes('timeframes', 'indicators');
COMMENT ON TRIGGER log_candle_update ON candle_data IS 'fills candle_change';

-- @trigger candle_data.log_candle_delete
CREATE TRIGGER log_candle_delete AFTER DELETE ON candle_data
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('pg_candle.log_changes', true) IS DISTINCT FROM 'off')
    EXECUTE FUNCTION log_candle_changes('timeframes', 'indicators');
COMMENT ON TRIGGER log_candle_delete ON candle_data IS 'fills candle_change';

-- @trigger candle_data.log_candle_truncate
CREATE TRIGGER log_candle_truncate BEFORE TRUNCATE ON candle_data FOR EACH STATEMENT
    WHEN (current_setting('pg_candle.log_changes', true) IS DISTINCT FROM 'off')
    EXECUTE FUNCTION log_candle_changes('timeframes', 'indicators');
COMMENT ON TRIGGER log_candle_truncate ON candle_data IS 'fills candle_change';

-- @trigger indicator_data.log_indicator_insert
CREATE TRIGGER log_indicator_insert AFTER INSERT ON indicator_data
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    WHEN (current_setting('pg_candle.log_indicator_changes', true) IS DISTINCT FROM 'off')
    EXECUTE FUNCTION log_indicator_changes('indicators');
COMMENT ON TRIGGER log_indicator_insert ON indicator_data IS 'fills candle_change';

-- @trigger indicator_data.log_indicator_update
CREATE TRIGGER log_indicator_update AFTER UPDATE ON indicator_data
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    WHEN (current_setting('pg_candle.log_indicator_changes', true) IS DISTINCT FROM 'off')
    EXECUTE FUNCTION log_indicator_changes('indicators');
COMMENT ON TRIGGER log_indicator_update ON indicator_data IS 'fills candle_change';

-- @trigger indicator_data.log_indicator_delete
CREATE TRIGGER log_indicator_delete AFTER DELETE ON indicator_data
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('pg_candle.log_indicator_changes', true) IS DISTINCT FROM 'off')
    EXECUTE FUNCTION log_indicator_changes('indicators');
COMMENT ON TRIGGER log_indicator_delete ON indicator_data IS 'fills candle_change';

-- @trigger indicator_data.log_indicator_truncate
CREATE TRIGGER log_indicator_truncate BEFORE TRUNCATE ON indicator_data FOR EACH STATEMENT
    WHEN (current_setting('pg_candle.log_indicator_changes', true) IS DISTINCT FROM 'off')
    EXECUTE FUNCTION log_indicator_changes('indicators');
COMMENT ON TRIGGER log_indicator_truncate ON indicator_data IS 'fills candle_change';

-- @trigger candle_change.keep_changes_delete
CREATE TRIGGER keep_changes_delete AFTER DELETE ON candle_change
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('pg_candle.take_changes', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION keep_candle_changes();
COMMENT ON TRIGGER keep_changes_delete ON candle_change IS 'what is deleted by others comes back';

-- @trigger candle_change.keep_changes_update
CREATE TRIGGER keep_changes_update AFTER UPDATE ON candle_change
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('pg_candle.take_changes', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION keep_candle_changes();
COMMENT ON TRIGGER keep_changes_update ON candle_change IS 'what is changed by others comes back';

-- @trigger candle_change.keep_changes_truncate
CREATE TRIGGER keep_changes_truncate AFTER TRUNCATE ON candle_change FOR EACH STATEMENT
    EXECUTE FUNCTION keep_candle_changes();
COMMENT ON TRIGGER keep_changes_truncate ON candle_change IS
    'what is deleted by others comes back: as all series';

-- @trigger watchlist.check_timeframes
CREATE TRIGGER check_timeframes BEFORE INSERT OR UPDATE ON watchlist
    FOR EACH ROW EXECUTE FUNCTION check_watchlist();
COMMENT ON TRIGGER check_timeframes ON watchlist IS 'refuses timeframes that are none';

-- @trigger instrument_master.log_instrument_insert
CREATE TRIGGER log_instrument_insert AFTER INSERT ON instrument_master
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION log_instrument_changes();
COMMENT ON TRIGGER log_instrument_insert ON instrument_master IS 'fills candle_change';

-- @trigger instrument_master.log_instrument_update
CREATE TRIGGER log_instrument_update AFTER UPDATE ON instrument_master
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION log_instrument_changes();
COMMENT ON TRIGGER log_instrument_update ON instrument_master IS 'fills candle_change';

-- @trigger trading_calendar.log_calendar_insert
CREATE TRIGGER log_calendar_insert AFTER INSERT ON trading_calendar
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION log_calendar_changes();
COMMENT ON TRIGGER log_calendar_insert ON trading_calendar IS 'fills candle_change';

-- @trigger trading_calendar.log_calendar_update
CREATE TRIGGER log_calendar_update AFTER UPDATE ON trading_calendar
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION log_calendar_changes();
COMMENT ON TRIGGER log_calendar_update ON trading_calendar IS 'fills candle_change';

-- @trigger trading_calendar.log_calendar_delete
CREATE TRIGGER log_calendar_delete AFTER DELETE ON trading_calendar
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION log_calendar_changes();
COMMENT ON TRIGGER log_calendar_delete ON trading_calendar IS 'fills candle_change';

-- @trigger trading_calendar.log_calendar_truncate
CREATE TRIGGER log_calendar_truncate AFTER TRUNCATE ON trading_calendar
    FOR EACH STATEMENT
    EXECUTE FUNCTION log_calendar_changes();
COMMENT ON TRIGGER log_calendar_truncate ON trading_calendar IS 'fills candle_change';

-- @trigger trading_holiday.log_calendar_insert
CREATE TRIGGER log_calendar_insert AFTER INSERT ON trading_holiday
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION log_calendar_changes();
COMMENT ON TRIGGER log_calendar_insert ON trading_holiday IS 'fills candle_change';

-- @trigger trading_holiday.log_calendar_update
CREATE TRIGGER log_calendar_update AFTER UPDATE ON trading_holiday
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION log_calendar_changes();
COMMENT ON TRIGGER log_calendar_update ON trading_holiday IS 'fills candle_change';

-- @trigger trading_holiday.log_calendar_delete
CREATE TRIGGER log_calendar_delete AFTER DELETE ON trading_holiday
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION log_calendar_changes();
COMMENT ON TRIGGER log_calendar_delete ON trading_holiday IS 'fills candle_change';

-- @trigger trading_holiday.log_calendar_truncate
CREATE TRIGGER log_calendar_truncate AFTER TRUNCATE ON trading_holiday
    FOR EACH STATEMENT
    EXECUTE FUNCTION log_calendar_changes();
COMMENT ON TRIGGER log_calendar_truncate ON trading_holiday IS 'fills candle_change';

-- @trigger special_session.log_calendar_insert
CREATE TRIGGER log_calendar_insert AFTER INSERT ON special_session
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION log_calendar_changes();
COMMENT ON TRIGGER log_calendar_insert ON special_session IS 'fills candle_change';

-- @trigger special_session.log_calendar_update
CREATE TRIGGER log_calendar_update AFTER UPDATE ON special_session
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION log_calendar_changes();
COMMENT ON TRIGGER log_calendar_update ON special_session IS 'fills candle_change';

-- @trigger special_session.log_calendar_delete
CREATE TRIGGER log_calendar_delete AFTER DELETE ON special_session
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION log_calendar_changes();
COMMENT ON TRIGGER log_calendar_delete ON special_session IS 'fills candle_change';

-- @trigger special_session.log_calendar_truncate
CREATE TRIGGER log_calendar_truncate AFTER TRUNCATE ON special_session
    FOR EACH STATEMENT
    EXECUTE FUNCTION log_calendar_changes();
COMMENT ON TRIGGER log_calendar_truncate ON special_session IS 'fills candle_change';
