-- Computing indicators: stored, on the fly, and as a whole.

CREATE FUNCTION @extschema@.compute_indicators(instrument_id integer DEFAULT NULL, timeframe text DEFAULT NULL,
                                               since timestamptz DEFAULT NULL, force boolean DEFAULT false)
    RETURNS bigint
    AS 'MODULE_PATHNAME', 'pg_candle_compute_indicators' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION @extschema@.compute_indicators(integer, text, timestamptz, boolean) IS
    'brings indicator_data up to date with candle_data for one series, or for all where an argument is NULL; returns the number of rows inserted, changed and deleted. Rows before since are not touched; force rewrites equal rows';

CREATE FUNCTION @extschema@.compute_indicators(instrument text, timeframe text DEFAULT NULL,
                                               since timestamptz DEFAULT NULL, force boolean DEFAULT false)
    RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 1000000
    RETURN @extschema@.compute_indicators(
        CASE WHEN instrument IS NOT NULL THEN @extschema@.instrument_id(instrument) END, timeframe, since, force);
COMMENT ON FUNCTION @extschema@.compute_indicators(text, text, timestamptz, boolean) IS
    'the same for an instrument by name, as instrument_id(text) understands it; NULL means all';

CREATE PROCEDURE @extschema@.refresh_indicators(timeframe text DEFAULT NULL, workers integer DEFAULT 0)
    AS 'MODULE_PATHNAME', 'pg_candle_refresh_indicators' LANGUAGE C;
COMMENT ON PROCEDURE @extschema@.refresh_indicators(text, integer) IS
    'brings all series of a timeframe, or all, up to date, in so many background workers: what is watched and the newest candles first, one commit per series, so that it can be stopped and called again at any time; a series that fails stops no other. Reports progress as notices and in refresh_progress';

CREATE FUNCTION @extschema@.indicators(shape anyelement, instrument_id integer, timeframe text,
                                       from_ts timestamptz DEFAULT '-infinity', to_ts timestamptz DEFAULT 'infinity')
    RETURNS SETOF anyelement
    AS 'MODULE_PATHNAME', 'pg_candle_indicators' LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 10000;
COMMENT ON FUNCTION @extschema@.indicators(anyelement, integer, text, timestamptz, timestamptz) IS
    'computes the columns of a row type for the candles of a series with from_ts <= ts < to_ts, on the fly: SELECT * FROM indicators(NULL::indicator_data, 42, ''5m''). Warm-up is read from the start of the series';

