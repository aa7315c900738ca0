-- Jobs for segments of the market.

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
