-- Computing indicators: stored, on the fly, and as a whole.

CREATE FUNCTION @extschema@.compute_indicators(force boolean DEFAULT false,
                                               verify boolean DEFAULT false,
                                               since timestamptz DEFAULT NULL,
                                               timeframe text DEFAULT NULL)
    RETURNS bigint
    AS 'MODULE_PATHNAME', 'pg_candle_compute_all_indicators'
    LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION @extschema@.compute_indicators(boolean, boolean, timestamptz, text) IS
    'brings indicator_data up to date with candle_data for all series, or all of a timeframe; '
    'returns the number of rows inserted, changed and deleted. A series whose candles are bad is '
    'left out with a warning. Rows before since are not touched; verify computes from the first '
    'candle on, whatever was noted, and writes what differs; force writes equal rows, too';

CREATE FUNCTION @extschema@.compute_indicators(instrument_id integer, timeframe text DEFAULT NULL,
                                               since timestamptz DEFAULT NULL,
                                               force boolean DEFAULT false,
                                               verify boolean DEFAULT false)
    RETURNS bigint
    AS 'MODULE_PATHNAME', 'pg_candle_compute_indicators'
    LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION @extschema@.compute_indicators(integer, text, timestamptz, boolean, boolean) IS
    'the same for one instrument, in one timeframe or all that it has';

CREATE FUNCTION @extschema@.compute_indicators(instrument text, timeframe text DEFAULT NULL,
                                               since timestamptz DEFAULT NULL,
                                               force boolean DEFAULT false,
                                               verify boolean DEFAULT false)
    RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 1000000
    RETURN @extschema@.compute_indicators(@extschema@.instrument_id(instrument), timeframe, since,
                                          force, verify);
COMMENT ON FUNCTION @extschema@.compute_indicators(text, text, timestamptz, boolean, boolean) IS
    'the same for an instrument by name, as instrument_id(text) understands it';

CREATE PROCEDURE @extschema@.refresh_indicators(
    timeframe text DEFAULT NULL, workers integer DEFAULT 0)
    AS 'MODULE_PATHNAME', 'pg_candle_refresh_indicators' LANGUAGE C;
COMMENT ON PROCEDURE @extschema@.refresh_indicators(text, integer) IS
    'brings all series of a timeframe, or all, up to date, in so many background workers: what is '
    'watched and the newest candles first, one commit per series, so that it can be stopped and '
    'called again at any time; a series that fails stops no other. Reports progress as notices '
    'and in refresh_progress';

CREATE FUNCTION @extschema@.indicators(
    shape anyelement, instrument_id integer, timeframe text,
    from_ts timestamptz DEFAULT '-infinity', to_ts timestamptz DEFAULT 'infinity')
    RETURNS SETOF anyelement
    AS 'MODULE_PATHNAME', 'pg_candle_indicators'
    LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 10000;
COMMENT ON FUNCTION @extschema@.indicators(anyelement, integer, text, timestamptz, timestamptz) IS
    'computes the columns of a row type for the candles of a series with from_ts <= ts < to_ts, '
    'on the fly: SELECT * FROM indicators(NULL::indicator_data, 42, ''5m''). Warm-up is read from '
    'the start of the series';

