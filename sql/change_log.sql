-- The triggers of candle_data that fill candle_change: ordinary objects of the caller, as the tables are.

CREATE FUNCTION @extschema@.create_change_log(place text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    one record;
BEGIN
    -- Writers that log their changes themselves (the loader, refresh_timeframes) set pg_candle.log_changes to off. The function
    -- runs as its owner, so that whoever may write candles needs no right on the log.
    IF pg_catalog.to_regprocedure(pg_catalog.format('%I.log_candle_changes()', place)) IS NULL THEN
        EXECUTE pg_catalog.format($trigger$
            CREATE FUNCTION %1$I.log_candle_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
            BEGIN
                IF TG_OP = 'INSERT' THEN
                    INSERT INTO %1$I.candle_change (consumer, instrument_id, timeframe, earliest)
                    SELECT 'timeframes', instrument_id, timeframe, min(ts) FROM new_candles GROUP BY instrument_id, timeframe;
                ELSIF TG_OP = 'UPDATE' THEN
                    INSERT INTO %1$I.candle_change (consumer, instrument_id, timeframe, earliest)
                    SELECT 'timeframes', instrument_id, timeframe, min(ts)
                    FROM (SELECT instrument_id, timeframe, ts FROM old_candles UNION ALL SELECT instrument_id, timeframe, ts FROM new_candles) c
                    GROUP BY instrument_id, timeframe;
                ELSIF TG_OP = 'DELETE' THEN
                    INSERT INTO %1$I.candle_change (consumer, instrument_id, timeframe, earliest)
                    SELECT 'timeframes', instrument_id, timeframe, min(ts) FROM old_candles GROUP BY instrument_id, timeframe;
                ELSE
                    -- Before TRUNCATE: from series to series in the index.
                    INSERT INTO %1$I.candle_change (consumer, instrument_id, timeframe, earliest)
                    WITH RECURSIVE series AS (
                        (SELECT c.instrument_id, c.timeframe FROM %1$I.candle_data c ORDER BY c.instrument_id, c.timeframe LIMIT 1)
                        UNION ALL
                        SELECT n.instrument_id, n.timeframe FROM series s CROSS JOIN LATERAL (
                            SELECT c.instrument_id, c.timeframe FROM %1$I.candle_data c
                            WHERE ROW(c.instrument_id, c.timeframe) > ROW(s.instrument_id, s.timeframe)
                            ORDER BY c.instrument_id, c.timeframe LIMIT 1) n)
                    SELECT 'timeframes', instrument_id, timeframe, '-infinity' FROM series;
                END IF;
                RETURN NULL;
            END $body$ $trigger$, place);
        EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION %I.log_candle_changes() FROM PUBLIC', place);
        EXECUTE pg_catalog.format('COMMENT ON FUNCTION %I.log_candle_changes() IS %L', place,
            'trigger of candle_data: notes in candle_change which series a statement changed, and from when on');
    END IF;
    FOR one IN SELECT * FROM (VALUES
        ('insert', 'AFTER INSERT', 'REFERENCING NEW TABLE AS new_candles'),
        ('update', 'AFTER UPDATE', 'REFERENCING OLD TABLE AS old_candles NEW TABLE AS new_candles'),
        ('delete', 'AFTER DELETE', 'REFERENCING OLD TABLE AS old_candles'),
        ('truncate', 'BEFORE TRUNCATE', '')) AS events (name, event, transition)
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
                      WHERE t.tgrelid = pg_catalog.to_regclass(pg_catalog.format('%I.candle_data', place)) AND t.tgname = 'log_candle_' || events.name)
    LOOP
        EXECUTE pg_catalog.format('CREATE TRIGGER log_candle_%2$s %3$s ON %1$I.candle_data %4$s FOR EACH STATEMENT '
            'WHEN (pg_catalog.current_setting(''pg_candle.log_changes'', true) IS DISTINCT FROM ''off'') EXECUTE FUNCTION %1$I.log_candle_changes()',
            place, one.name, one.event, one.transition);
        EXECUTE pg_catalog.format('COMMENT ON TRIGGER log_candle_%2$s ON %1$I.candle_data IS %3$L', place, one.name, 'fills candle_change');
    END LOOP;
END
$function$;
COMMENT ON FUNCTION @extschema@.create_change_log(text) IS
    'internal: creates the triggers of candle_data that are not there yet';
