-- Finding an instrument by what people call it.

CREATE FUNCTION @extschema@.instrument_id(instrument text) RETURNS integer
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    master text;
    place text := pg_catalog.split_part(instrument, ':', 1);
    symbol text := pg_catalog.substr(instrument, pg_catalog.strpos(instrument, ':') + 1);
    found_ids integer[];
    candidates text;
    candles text;
    is_id boolean;
BEGIN
    SELECT pg_catalog.format('%I.instrument_master', n.nspname),
           pg_catalog.format('%I.candle_data', n.nspname)
    INTO STRICT master, candles
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_candle';
    IF pg_catalog.to_regclass(master) IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_table',
            MESSAGE = pg_catalog.format('table %s does not exist', master),
            HINT = 'Create the candle tables first: SELECT create_candle_tables();';
    END IF;

    -- The best rank that occurs, and everything in it.
    EXECUTE pg_catalog.format($query$
        WITH matching AS (
            SELECT m.instrument_id, m.segment, m.trading_symbol, m.expiry_date, m.is_active,
                   pg_catalog.dense_rank() OVER (ORDER BY NOT m.is_active,
                       coalesce(pg_catalog.array_position(
                           ARRAY['NSE_EQ', 'NSE_INDEX', 'BSE_INDEX', 'BSE_EQ'], m.segment), 5)
                       ) AS rank
            FROM %s m
            WHERE m.instrument_key = $1 OR m.trading_symbol = $1
               OR ($2 <> $1 AND m.trading_symbol = $2 AND (m.segment = $3 OR m.exchange = $3)))
        SELECT pg_catalog.array_agg(instrument_id ORDER BY instrument_id),
               pg_catalog.string_agg(
                   pg_catalog.format('%%s:%%s (instrument_id %%s%%s%%s)', segment, trading_symbol,
                       instrument_id, ', expires ' || expiry_date,
                       CASE WHEN NOT is_active THEN ', inactive' END),
                   ', ' ORDER BY instrument_id)
        FROM matching WHERE rank = 1 $query$, master)
    INTO found_ids, candidates USING instrument, symbol, place;

    IF pg_catalog.cardinality(found_ids) = 1 THEN
        RETURN found_ids[1];
    ELSIF found_ids IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'ambiguous_parameter',
            MESSAGE = pg_catalog.format('instrument "%s" is ambiguous', instrument),
            DETAIL = pg_catalog.format('Candidates: %s.', candidates),
            HINT = 'Name the segment (NSE_EQ:RELIANCE), give the instrument_key, or use the '
                   'instrument_id itself.';
    END IF;

    -- A number that is no symbol is an instrument_id that a driver sent as text.
    IF instrument ~ '^[0-9]{1,9}$' THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %s m WHERE m.instrument_id = $1)', master)
        INTO is_id USING instrument::integer;
        IF NOT is_id AND to_regclass(candles) IS NOT NULL THEN
            EXECUTE format('SELECT EXISTS (SELECT FROM %s c WHERE c.instrument_id = $1)', candles)
            INTO is_id USING instrument::integer;
        END IF;
        IF is_id THEN
            RETURN instrument::integer;
        END IF;
    END IF;

    EXECUTE pg_catalog.format($query$
        SELECT pg_catalog.string_agg(near.label, ', ') FROM (
            SELECT m.segment || ':' || m.trading_symbol AS label FROM %s m
            WHERE pg_catalog.upper(m.trading_symbol) = pg_catalog.upper($1)
               OR pg_catalog.starts_with(pg_catalog.upper(m.trading_symbol), pg_catalog.upper($1))
            ORDER BY NOT m.is_active, pg_catalog.length(m.trading_symbol), 1
            LIMIT 5) near $query$, master)
    INTO candidates USING symbol;
    RAISE EXCEPTION USING ERRCODE = 'undefined_object',
        MESSAGE = pg_catalog.format('instrument "%s" does not exist', instrument),
        DETAIL = CASE WHEN candidates IS NULL
                      THEN 'Nothing in instrument_master has this key or symbol.'
                      ELSE pg_catalog.format('Candidates: %s.', candidates) END,
        HINT = 'Give an instrument_key, a symbol (RELIANCE), or a symbol with its segment or '
               'exchange (NSE_EQ:RELIANCE, NSE:RELIANCE).';
END
$function$;
COMMENT ON FUNCTION @extschema@.instrument_id(text) IS
    'instrument_id of an instrument_key, of SEGMENT:SYMBOL or EXCHANGE:SYMBOL, or of a bare '
    'symbol (active first, then NSE_EQ, NSE_INDEX, BSE_INDEX, BSE_EQ, others); an error if there '
    'is none or a tie';

