-- What should be there and is not.

CREATE FUNCTION @extschema@.detect_gaps(
    instrument_id integer, timeframe text, from_ts timestamptz, to_ts timestamptz)
    RETURNS TABLE (gap_start timestamptz, gap_end timestamptz, missing integer, state text)
    AS 'MODULE_PATHNAME', 'pg_candle_detect_gaps'
    LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 100;
COMMENT ON FUNCTION @extschema@.detect_gaps(integer, text, timestamptz, timestamptz) IS
    'runs of expected but absent candles with from_ts <= ts < to_ts; both ends are starts of '
    'candles, inclusive. state: not_requested, failed, or no_data where the provider has none';

CREATE FUNCTION @extschema@.completeness(from_ts timestamptz, to_ts timestamptz)
    RETURNS TABLE (
        instrument_id integer, trading_symbol text, timeframe text, expected bigint,
        present bigint, no_data bigint, missing bigint, ratio float8)
    AS 'MODULE_PATHNAME', 'pg_candle_completeness'
    LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 1000;
COMMENT ON FUNCTION @extschema@.completeness(timestamptz, timestamptz) IS
    'expected, stored and missing candles with from_ts <= ts < to_ts of every series that has '
    'candles, was asked for or is watched. no_data: the provider has none; missing: not requested '
    'or failed; ratio: present of those that can be had';

CREATE FUNCTION @extschema@.completeness_mark(present bigint, missing bigint, ratio float8)
    RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF missing > 0 AND present > 0 THEN
        RETURN to_char(floor(ratio * 1000) / 10, 'FM990.0') || '%';
    ELSIF getdatabaseencoding() <> 'UTF8' THEN  -- which alone has both marks
        RETURN CASE WHEN missing = 0 THEN 'ok' ELSE 'none' END;
    END IF;
    RETURN chr(CASE WHEN missing = 0 THEN 10003 ELSE 10007 END);  -- check mark, cross
END
$function$;
COMMENT ON FUNCTION @extschema@.completeness_mark(bigint, bigint, float8) IS
    'a row of completeness() as people read it: a check mark where all is there, a cross where '
    'nothing is (ok and none in databases that are not UTF8), else the share, rounded down';

CREATE FUNCTION @extschema@.completeness_matrix(from_ts timestamptz, to_ts timestamptz)
    RETURNS TABLE (trading_symbol text, "1m" text, "3m" text, "5m" text, "15m" text, "30m" text,
                   "1h" text, "4h" text, "1d" text, "1w" text, "1mo" text)
    LANGUAGE sql STABLE PARALLEL RESTRICTED COST 1000000 ROWS 1000
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c.trading_symbol,
        max(c.mark) FILTER (WHERE c.timeframe = '1m'),
        max(c.mark) FILTER (WHERE c.timeframe = '3m'),
        max(c.mark) FILTER (WHERE c.timeframe = '5m'),
        max(c.mark) FILTER (WHERE c.timeframe = '15m'),
        max(c.mark) FILTER (WHERE c.timeframe = '30m'),
        max(c.mark) FILTER (WHERE c.timeframe = '1h'),
        max(c.mark) FILTER (WHERE c.timeframe = '4h'),
        max(c.mark) FILTER (WHERE c.timeframe = '1d'),
        max(c.mark) FILTER (WHERE c.timeframe = '1w'),
        max(c.mark) FILTER (WHERE c.timeframe = '1mo')
    FROM (SELECT s.instrument_id, s.trading_symbol, s.timeframe,
              @extschema@.completeness_mark(s.present, s.missing, s.ratio) AS mark
          FROM @extschema@.completeness(from_ts, to_ts) s) c
    GROUP BY c.instrument_id, c.trading_symbol ORDER BY c.trading_symbol, c.instrument_id;
END;
COMMENT ON FUNCTION @extschema@.completeness_matrix(timestamptz, timestamptz) IS
    'completeness as people read it: a row per symbol, a column per timeframe, with the marks of '
    'completeness_mark()';

CREATE FUNCTION @extschema@.ranges_to_request(
    instrument_id integer, timeframe text, from_date date DEFAULT NULL, to_date date DEFAULT NULL,
    retry_no_data_after interval DEFAULT '30 days', OUT first_date date, OUT last_date date)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_candle_ranges_to_request'
    LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 10;
COMMENT ON FUNCTION @extschema@.ranges_to_request(integer, text, date, date, interval) IS
    'the dates that have to be asked of the provider, inclusive ranges without a complete session '
    'inside: expected candles that are not stored, or only as intraday or derived ones, unless '
    'the provider said twice, the last time within retry_no_data_after, that there are none. Up '
    'to the last final day, and not before the provider''s first one';

CREATE FUNCTION @extschema@.candles_to_request(
    instrument_id integer, timeframe text, from_ts timestamptz, to_ts timestamptz,
    retry_no_data_after interval DEFAULT '30 days')
    RETURNS TABLE (gap_start timestamptz, gap_end timestamptz)
    AS 'MODULE_PATHNAME', 'pg_candle_candles_to_request'
    LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 100000 ROWS 10;
COMMENT ON FUNCTION @extschema@.candles_to_request(
    integer, text, timestamptz, timestamptz, interval) IS
    'the same as runs of candles; both ends are starts of candles, inclusive';
