-- When the provider changes the past: after a split or bonus all history of an instrument is on
-- another basis, after a change of ISIN it is under another key.

CREATE FUNCTION @extschema@.refetch_history(
    instrument_id integer, like_instrument integer DEFAULT NULL)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    today date := (@extschema@.candle_now() AT TIME ZONE 'Asia/Kolkata')::date;
    one record;
    planned integer := 0;
BEGIN
    FOR one IN
        SELECT c.timeframe, min(c.from_ts AT TIME ZONE 'Asia/Kolkata')::date AS first_day
        FROM @extschema@.candle_coverage c
        WHERE c.instrument_id = coalesce(like_instrument, refetch_history.instrument_id)
        GROUP BY 1
        ORDER BY 1
    LOOP
        planned := planned + @extschema@.plan_one_of_many(
            'correction', refetch_history.instrument_id, one.timeframe, one.first_day, today,
            force => true, priority => -5);
    END LOOP;
    IF planned > 0 THEN
        PERFORM @extschema@.plan_task('indicators', -100);
    END IF;
    RETURN planned;
END
$function$;
COMMENT ON FUNCTION @extschema@.refetch_history(integer, integer) IS
    'queues all that was ever asked for of an instrument (or what was asked for of another one) '
    'once more; returns the number of requests';

CREATE FUNCTION @extschema@.mark_price_adjusted(instrument_id integer, factor float8)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    planned integer := @extschema@.refetch_history(
        mark_price_adjusted.instrument_id, NULL::integer);
    symbol text := (SELECT m.trading_symbol
                    FROM @extschema@.instrument_master m
                    WHERE m.instrument_id = mark_price_adjusted.instrument_id);
BEGIN
    PERFORM @extschema@.raise_sync_alert('price_adjusted', symbol, format(
        'the provider''s history of %s is on another basis: prices by a factor of %s, as after a '
        'split or bonus; it is fetched anew with %s requests',
        symbol, round(factor::numeric, 6), planned));
    RETURN planned;
END
$function$;
COMMENT ON FUNCTION @extschema@.mark_price_adjusted(integer, float8) IS
    'stored candles of an instrument differ from the provider''s by a factor: raises the alert '
    '"price_adjusted", which is cleared when all of its history is fetched anew, and queues that';

CREATE FUNCTION @extschema@.isin_changes()
    RETURNS TABLE (
        old_id integer, new_id integer, trading_symbol text, old_isin text, new_isin text)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT o.instrument_id, n.instrument_id, n.trading_symbol, o.isin, n.isin
    FROM @extschema@.instrument_master o
    JOIN @extschema@.instrument_master n
        ON n.segment = o.segment
       AND n.trading_symbol = o.trading_symbol
       AND n.is_active
       AND n.expiry_date IS NULL
       AND n.isin <> o.isin
       AND n.first_seen > o.first_seen
    WHERE NOT o.is_active
      AND o.expiry_date IS NULL
      AND (EXISTS (SELECT FROM @extschema@.candle_coverage c
                   WHERE c.instrument_id = o.instrument_id)
           OR EXISTS (SELECT FROM @extschema@.watchlist w
                      WHERE w.instrument_id = o.instrument_id))
      AND NOT EXISTS (SELECT FROM @extschema@.sync_alert a
                      WHERE a.kind = 'isin_changed'
                        AND a.subject = format('%s %s', o.isin, n.isin));
END
$function$;
COMMENT ON FUNCTION @extschema@.isin_changes() IS
    'instruments that vanished while their symbol came back with another ISIN, where something of '
    'the old one is watched or was fetched, and nobody has followed yet';

CREATE FUNCTION @extschema@.follow_isin_changes() RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    one record;
    followed integer := 0;
    planned integer;
BEGIN
    FOR one IN SELECT * FROM @extschema@.isin_changes() LOOP
        INSERT INTO @extschema@.watchlist (instrument_id, timeframes)
        SELECT one.new_id, w.timeframes
        FROM @extschema@.watchlist w
        WHERE w.instrument_id = one.old_id
        ON CONFLICT DO NOTHING;
        DELETE FROM @extschema@.watchlist w WHERE w.instrument_id = one.old_id;
        planned := @extschema@.refetch_history(one.new_id, one.old_id);
        PERFORM @extschema@.raise_sync_alert(
            'isin_changed', format('%s %s', one.old_isin, one.new_isin),
            format('%s has a new ISIN, %s after %s: it is watched under its new key, to which the '
                   'provider has moved its history; %s requests fetch that',
                   one.trading_symbol, one.new_isin, one.old_isin, planned));
        followed := followed + 1;
    END LOOP;
    RETURN followed;
END
$function$;
COMMENT ON FUNCTION @extschema@.follow_isin_changes() IS
    'an instrument that vanished while its symbol came back with another ISIN: what was watched '
    'and fetched of it is from now on watched and fetched under the new key; returns how many';
