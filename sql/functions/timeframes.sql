-- Longer timeframes from shorter ones.

CREATE FUNCTION @extschema@.resample_candles(
    instrument_id integer, source text, target text,
    from_ts timestamptz DEFAULT '-infinity', to_ts timestamptz DEFAULT 'infinity')
    RETURNS TABLE (
        ts timestamptz, open float8, high float8, low float8, close float8, volume float8,
        oi float8)
    AS 'MODULE_PATHNAME', 'pg_candle_resample_candles'
    LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 10000;
COMMENT ON FUNCTION @extschema@.resample_candles(integer, text, text, timestamptz, timestamptz) IS
    'candles of a longer timeframe that start in from_ts <= ts < to_ts, made from stored ones. '
    'Intraday buckets restart at each period''s open and never cross its end; candles outside '
    'periods are left out; 1w and 1mo come from 1d';

CREATE PROCEDURE @extschema@.refresh_timeframes(instrument_id integer DEFAULT NULL,
                                               targets text[] DEFAULT NULL,
                                               force boolean DEFAULT false)
    AS 'MODULE_PATHNAME', 'pg_candle_refresh_timeframes' LANGUAGE C;
COMMENT ON PROCEDURE @extschema@.refresh_timeframes(integer, text[], boolean) IS
    'derives 3m 5m 15m 30m 1h 4h and 1d from stored 1m candles and 1w and 1mo from 1d, or the '
    'targets given, into candle_data (source d); only from the earliest change of candles or '
    'calendars on (with force: all), and only candles that differ are written. Candles from '
    'elsewhere are never overwritten. Commits after each instrument unless called in a '
    'transaction block';

CREATE PROCEDURE @extschema@.drop_candles(timeframe text, older_than "any")
    AS 'MODULE_PATHNAME', 'pg_candle_drop_candles' LANGUAGE C;
COMMENT ON PROCEDURE @extschema@.drop_candles(text, "any") IS
    'deletes candles of a timeframe that are older than a moment or an interval, in whole days, '
    'and keeps what was made of them: their indicators and derived candles; later indicators stay '
    'what they are, to the bit, and the dropped candles are not missing. Commits after each '
    'series unless called in a transaction block';
