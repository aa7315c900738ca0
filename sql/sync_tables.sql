-- The tables of fetching; see candle_tables.sql.

CREATE FUNCTION @extschema@.sync_tables()
    RETURNS TABLE (name text, required text[], columns text, afterwards text[])
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 3
    SET search_path = pg_catalog, pg_temp
AS $function$
    VALUES
        ('watchlist', '{instrument_id,timeframes}'::text[], $ddl$
            instrument_id integer PRIMARY KEY,
            timeframes    text[] NOT NULL DEFAULT '{1m,5m,15m,30m,1h,4h,1d,1w}' $ddl$,
         ARRAY['COMMENT ON TABLE %1$I.watchlist IS ''what ltp, backfill and freshness look after by default''']),

        ('candle_coverage', '{instrument_id,timeframe,from_ts,to_ts,state,rows,attempts,checked_at,error}'::text[], $ddl$
            instrument_id integer NOT NULL,
            timeframe     text COLLATE pg_catalog."C" NOT NULL,
            from_ts       timestamptz NOT NULL,
            to_ts         timestamptz NOT NULL,
            state         text NOT NULL CHECK (state OPERATOR(pg_catalog.=) ANY ('{filled,no_data,failed}'::pg_catalog.text[])),
            rows          bigint NOT NULL DEFAULT 0,
            attempts      integer NOT NULL DEFAULT 1,
            checked_at    timestamptz NOT NULL DEFAULT pg_catalog.now(),
            error         text,
            PRIMARY KEY (instrument_id, timeframe, from_ts),
            CHECK (from_ts OPERATOR(pg_catalog.<) to_ts) $ddl$,
         ARRAY['COMMENT ON TABLE %1$I.candle_coverage IS ''what the provider was asked for and what came of it; the ranges [from_ts, to_ts) of a series never overlap''',
               'COMMENT ON COLUMN %1$I.candle_coverage.state IS ''filled: candles came; no_data: the provider confirmed that there are none; failed: it erred''',
               'COMMENT ON COLUMN %1$I.candle_coverage.rows IS ''candles of the range that were stored, intraday and derived ones apart; where candle_data now holds another number, its holes were not asked for''']),

        ('request_log', '{request_id,endpoint,requested_at,finished_at}'::text[], $ddl$
            request_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            endpoint     text NOT NULL,
            requested_at timestamptz NOT NULL,
            finished_at  timestamptz $ddl$,
         ARRAY['COMMENT ON TABLE %1$I.request_log IS ''requests of the last 30 minutes, from which all loaders on this database keep the provider''''s rate limits together''',
               'COMMENT ON COLUMN %1$I.request_log.finished_at IS ''when the answer was there: the latest moment at which the provider can have counted the request'''])
$function$;
COMMENT ON FUNCTION @extschema@.sync_tables() IS
    'internal: definitions of the tables of fetching';
