-- Jobs for segments of the market.

CREATE FUNCTION @extschema@.last_known_price(instrument_id integer) RETURNS float8
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN coalesce(
        (SELECT l.ltp
         FROM @extschema@.ltp_data l
         WHERE l.instrument_id = last_known_price.instrument_id AND l.ltp > 0
         ORDER BY l.ts DESC LIMIT 1),
        (SELECT c.close
         FROM @extschema@.candle_data c
         WHERE c.instrument_id = last_known_price.instrument_id
           AND c.timeframe = '1m' AND c.close > 0
         ORDER BY c.ts DESC LIMIT 1),
        (SELECT c.close
         FROM @extschema@.candle_data c
         WHERE c.instrument_id = last_known_price.instrument_id
           AND c.timeframe = '1d' AND c.close > 0
         ORDER BY c.ts DESC LIMIT 1));
END
$function$;
COMMENT ON FUNCTION @extschema@.last_known_price(integer) IS
    'the last price of an instrument, else its last close; NULL if there is none above 0';

CREATE FUNCTION @extschema@.near_contracts(expiries integer, strikes integer)
    RETURNS TABLE (instrument_id integer, scope text, rank bigint)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    today date := (@extschema@.candle_now() AT TIME ZONE 'Asia/Kolkata')::date;
BEGIN
    RETURN QUERY
    WITH underlying AS (
        SELECT m.instrument_id, m.instrument_key, m.trading_symbol,
               @extschema@.last_known_price(m.instrument_id)::numeric AS price
        FROM @extschema@.watchlist w
        JOIN @extschema@.instrument_master m USING (instrument_id)
        WHERE m.is_active),
    derivative AS (
        SELECT f.instrument_id, f.underlying_key, NULL::numeric AS strike_price,
               NULL::text AS option_type
        FROM @extschema@.future_master f
        UNION ALL
        SELECT o.instrument_id, o.underlying_key, o.strike_price, o.option_type
        FROM @extschema@.option_master o),
    contract AS (
        SELECT u.trading_symbol, u.price, m.instrument_id, m.expiry_date, d.strike_price,
               d.option_type,
               dense_rank() OVER (PARTITION BY u.instrument_id
                                  ORDER BY m.expiry_date) AS expiry_rank
        FROM underlying u
        JOIN derivative d ON d.underlying_key = u.instrument_key
        JOIN @extschema@.instrument_master m ON m.instrument_id = d.instrument_id
        WHERE m.is_active AND m.expiry_date >= today),
    ranked AS (
        SELECT c.*,
               CASE WHEN c.strike_price IS NULL THEN 0
                    ELSE row_number() OVER (
                        PARTITION BY c.trading_symbol, c.expiry_date, c.option_type,
                                     c.strike_price >= c.price
                        ORDER BY abs(c.strike_price - c.price)) END AS strike_rank
        FROM contract c
        WHERE c.expiry_rank <= expiries)
    -- Without a price nothing says which strikes are near: futures only.
    SELECT r.instrument_id, r.trading_symbol,
           row_number() OVER (ORDER BY r.expiry_rank, r.strike_rank, r.trading_symbol,
                                       r.instrument_id)
    FROM ranked r
    WHERE r.strike_price IS NULL
       OR r.price IS NOT NULL AND r.strike_rank <= strikes;
END
$function$;
COMMENT ON FUNCTION @extschema@.near_contracts(integer, integer) IS
    'contracts on watched underlyings: futures and options of the next expiries, so many strikes '
    'on either side of the last price, nearest first';

-- What a segment is made of: the instruments whose candles it keeps, nearest first.
CREATE FUNCTION @extschema@.segment_instruments(
    segment text, expiries integer DEFAULT 2, strikes integer DEFAULT 20)
    RETURNS TABLE (instrument_id integer, scope text, rank bigint)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
BEGIN
    IF segment = 'equity' THEN
        RETURN QUERY
        SELECT m.instrument_id, m.trading_symbol,
               row_number() OVER (ORDER BY m.trading_symbol)
        FROM @extschema@.instrument_master m
        WHERE m.segment = 'NSE_EQ'
          AND m.is_active
          AND m.instrument_key IN (SELECT f.underlying_key FROM @extschema@.future_master f
                                   UNION
                                   SELECT o.underlying_key FROM @extschema@.option_master o);
    ELSIF segment IN ('indices_nse', 'indices_bse') THEN
        RETURN QUERY
        SELECT m.instrument_id, k.name, k.n
        FROM (VALUES ('indices_nse', 'NIFTY', 'NSE_INDEX|Nifty 50', 1::bigint),
                     ('indices_nse', 'BANKNIFTY', 'NSE_INDEX|Nifty Bank', 2),
                     ('indices_nse', 'FINNIFTY', 'NSE_INDEX|Nifty Fin Service', 3),
                     ('indices_bse', 'SENSEX', 'BSE_INDEX|SENSEX', 1),
                     ('indices_bse', 'BANKEX', 'BSE_INDEX|BANKEX', 2))
             AS k (of_segment, name, key, n)
        JOIN @extschema@.instrument_master m ON m.instrument_key = k.key
        WHERE k.of_segment = segment_instruments.segment AND m.is_active;
    ELSIF segment IN ('fo_current', 'fo_historical') THEN
        RETURN QUERY
        SELECT c.instrument_id, c.scope, c.rank
        FROM @extschema@.near_contracts(expiries, strikes) c;
    ELSIF segment = 'fo_expired' THEN
        RETURN QUERY
        SELECT m.instrument_id, m.trading_symbol,
               row_number() OVER (ORDER BY m.trading_symbol)
        FROM @extschema@.watchlist w
        JOIN @extschema@.instrument_master m USING (instrument_id)
        WHERE m.instrument_key IN (SELECT f.underlying_key FROM @extschema@.future_master f
                                   UNION
                                   SELECT o.underlying_key FROM @extschema@.option_master o);
    ELSIF segment IS DISTINCT FROM 'indicators' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('there is no segment %L', segment),
            HINT = 'Segments are equity, indices_nse, indices_bse, fo_current, fo_historical, '
                   'fo_expired and indicators.';
    END IF;
END
$function$;
COMMENT ON FUNCTION @extschema@.segment_instruments(text, integer, integer) IS
    'the instruments of a segment, in the order in which they matter: F&O stocks; the indices; '
    'contracts on watched underlyings of the next expiries, so many strikes on either side of the '
    'last price, nearest first; for fo_expired the underlyings';

CREATE FUNCTION @extschema@.plan_expiries(instrument_id integer, force boolean) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    today date := (@extschema@.candle_now() AT TIME ZONE 'Asia/Kolkata')::date;
    planned integer;
BEGIN
    -- Expiries come and go by the day.
    INSERT INTO @extschema@.sync_job (
        segment, kind, instrument_id, from_date, to_date, priority)
    SELECT 'fo_expired', 'expiries', plan_expiries.instrument_id, today, today, 1
    WHERE force
       OR NOT EXISTS (SELECT FROM @extschema@.sync_job j
                      WHERE j.kind = 'expiries'
                        AND j.instrument_id = plan_expiries.instrument_id
                        AND j.from_date = today
                        AND j.state = 'done')
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS planned = ROW_COUNT;
    RETURN planned;
END
$function$;
COMMENT ON FUNCTION @extschema@.plan_expiries(integer, boolean) IS
    'queues the question which contracts of an underlying have expired, unless it was answered '
    'today, or with force; returns the number of requests';

CREATE FUNCTION @extschema@.plan_segment(
    segment text, force boolean DEFAULT false, days integer DEFAULT NULL,
    expiries integer DEFAULT 2, strikes integer DEFAULT 20, only_calendar text DEFAULT NULL)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
    SET search_path = pg_catalog, pg_temp
    SET jit = off
AS $function$
DECLARE
    today date := (@extschema@.candle_now() AT TIME ZONE 'Asia/Kolkata')::date;
    first_day date := today + 1
        - coalesce(days, CASE plan_segment.segment WHEN 'fo_current' THEN 5 ELSE 60 END);
    expired boolean := plan_segment.segment = 'fo_expired';
    urgency integer := 0;
    one record;
    planned integer := 0;
BEGIN
    IF plan_segment.segment = 'indicators' THEN
        RETURN @extschema@.plan_task('indicators', 0);
    END IF;
    FOR one IN
        SELECT s.instrument_id, s.scope, s.rank
        FROM @extschema@.segment_instruments(plan_segment.segment, expiries, strikes) s
        JOIN @extschema@.instrument_master m USING (instrument_id)
        WHERE only_calendar IS NULL
           OR @extschema@.calendar_of_segment(m.segment) = only_calendar
        ORDER BY s.rank
    LOOP
        IF expired THEN
            planned := planned + @extschema@.plan_expiries(one.instrument_id, force);
        ELSE
            -- Nearest contracts first: each has a day's head start less than the one before.
            IF plan_segment.segment LIKE 'fo\_%' THEN
                urgency := -least(one.rank, 90);
            END IF;
            planned := planned
                + @extschema@.plan_one_of_many(plan_segment.segment, one.instrument_id, '1m',
                                               first_day, today, force, urgency)
                + @extschema@.plan_one_of_many(plan_segment.segment, one.instrument_id, '1d',
                                               first_day, today, force, urgency);
        END IF;
        INSERT INTO @extschema@.data_sync_status AS s (segment, scope, timeframe, last_attempt_at)
        VALUES (plan_segment.segment, coalesce(one.scope, one.instrument_id::text),
                CASE WHEN expired THEN '' ELSE '1m' END, @extschema@.candle_now())
        ON CONFLICT ON CONSTRAINT data_sync_status_pkey DO UPDATE
            SET last_attempt_at = excluded.last_attempt_at;
    END LOOP;
    RETURN planned;
END
$function$;
COMMENT ON FUNCTION @extschema@.plan_segment(text, boolean, integer, integer, integer, text) IS
    'queues what is missing of a segment''s last days (60; 5 of fo_current); returns the number '
    'of requests';
