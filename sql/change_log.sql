-- The triggers that fill candle_change: ordinary objects of the caller, as the tables are. A function per table; each of its four
-- triggers hands the rows of a statement over as transition tables. The functions run as their owner, so that whoever may write
-- candles needs no right on the log.

-- The bodies of both functions: %1$I is the schema, %2$s the consumers, %3$I the table.
CREATE FUNCTION @extschema@.change_log_body() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN $body$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO %1$I.candle_change (consumer, instrument_id, timeframe, earliest)
            SELECT consumer, instrument_id, timeframe, earliest
            FROM (SELECT instrument_id, timeframe, min(ts) AS earliest FROM new_rows GROUP BY 1, 2) c CROSS JOIN unnest('%2$s'::text[]) AS consumer;
        ELSIF TG_OP = 'UPDATE' THEN
            INSERT INTO %1$I.candle_change (consumer, instrument_id, timeframe, earliest)
            SELECT consumer, instrument_id, timeframe, earliest
            FROM (SELECT instrument_id, timeframe, min(ts) AS earliest
                  FROM (SELECT instrument_id, timeframe, ts FROM old_rows UNION ALL SELECT instrument_id, timeframe, ts FROM new_rows) c
                  GROUP BY 1, 2) c CROSS JOIN unnest('%2$s'::text[]) AS consumer;
        ELSIF TG_OP = 'DELETE' THEN
            INSERT INTO %1$I.candle_change (consumer, instrument_id, timeframe, earliest)
            SELECT consumer, instrument_id, timeframe, earliest
            FROM (SELECT instrument_id, timeframe, min(ts) AS earliest FROM old_rows GROUP BY 1, 2) c CROSS JOIN unnest('%2$s'::text[]) AS consumer;
        ELSE
            -- Before TRUNCATE: from series to series in the index.
            INSERT INTO %1$I.candle_change (consumer, instrument_id, timeframe, earliest)
            WITH RECURSIVE series AS (
                (SELECT c.instrument_id, c.timeframe FROM %1$I.%3$I c ORDER BY c.instrument_id, c.timeframe LIMIT 1)
                UNION ALL
                SELECT n.instrument_id, n.timeframe FROM series s CROSS JOIN LATERAL (
                    SELECT c.instrument_id, c.timeframe FROM %1$I.%3$I c
                    WHERE ROW(c.instrument_id, c.timeframe) > ROW(s.instrument_id, s.timeframe)
                    ORDER BY c.instrument_id, c.timeframe LIMIT 1) n)
            SELECT consumer, instrument_id, timeframe, '-infinity' FROM series CROSS JOIN unnest('%2$s'::text[]) AS consumer;
        END IF;
        RETURN NULL;
    END $body$;
COMMENT ON FUNCTION @extschema@.change_log_body() IS
    'internal: what the triggers do that fill candle_change, as a format';

CREATE FUNCTION @extschema@.create_change_log(place text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    log record;
    one record;
BEGIN
    -- Whoever logs its changes itself (the loader, refresh_timeframes, compute_indicators) turns the setting off meanwhile.
    FOR log IN SELECT * FROM (VALUES
        ('candle_data', 'log_candle_changes', 'log_candle_', 'pg_candle.log_changes', '{timeframes,indicators}'),
        ('indicator_data', 'log_indicator_changes', 'log_indicator_', 'pg_candle.log_indicator_changes', '{indicators}'))
        AS logs (source, function, prefix, setting, consumers)
    LOOP
        IF pg_catalog.to_regprocedure(pg_catalog.format('%I.%I()', place, log.function)) IS NULL THEN
            EXECUTE pg_catalog.format('CREATE FUNCTION %1$I.%2$I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS %3$L',
                place, log.function, pg_catalog.format(@extschema@.change_log_body(), place, log.consumers, log.source));
            EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION %I.%I() FROM PUBLIC', place, log.function);
            EXECUTE pg_catalog.format('COMMENT ON FUNCTION %I.%I() IS %L', place, log.function,
                pg_catalog.format('trigger of %s: notes in candle_change which series a statement changed, and from when on', log.source));
        END IF;
        FOR one IN SELECT * FROM (VALUES
            ('insert', 'AFTER INSERT', 'REFERENCING NEW TABLE AS new_rows'),
            ('update', 'AFTER UPDATE', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'),
            ('delete', 'AFTER DELETE', 'REFERENCING OLD TABLE AS old_rows'),
            ('truncate', 'BEFORE TRUNCATE', '')) AS events (name, event, transition)
        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
                          WHERE t.tgrelid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', place, log.source)) AND t.tgname = log.prefix || events.name)
        LOOP
            EXECUTE pg_catalog.format('CREATE TRIGGER %3$I %4$s ON %1$I.%2$I %5$s FOR EACH STATEMENT '
                'WHEN (pg_catalog.current_setting(%6$L, true) IS DISTINCT FROM ''off'') EXECUTE FUNCTION %1$I.%7$I()',
                place, log.source, log.prefix || one.name, one.event, one.transition, log.setting, log.function);
            EXECUTE pg_catalog.format('COMMENT ON TRIGGER %3$I ON %1$I.%2$I IS %4$L', place, log.source, log.prefix || one.name, 'fills candle_change');
        END LOOP;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION @extschema@.create_change_log(text) IS
    'internal: creates the triggers of candle_data and indicator_data that are not there yet';
