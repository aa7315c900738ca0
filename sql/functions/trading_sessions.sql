-- When exchanges trade, and what candles that makes one expect.

CREATE FUNCTION @extschema@.trading_sessions(calendar text, from_date date, to_date date)
    RETURNS TABLE (session_date date, opens_at timestamptz, closes_at timestamptz, kind text)
    AS 'MODULE_PATHNAME', 'pg_candle_trading_sessions'
    LANGUAGE C STABLE PARALLEL SAFE COST 10000 ROWS 250;
COMMENT ON FUNCTION @extschema@.trading_sessions(text, date, date) IS
    'the periods in which a calendar (NSE, NFO, BSE, BFO, CDS, BCD, MCX, NSCOM, 24x7) trades, '
    'dates inclusive; two rows on a date with a pause. kind is regular, assumed (by the weekly '
    'rule, where holidays are not known) or the kind of the special session';

CREATE FUNCTION @extschema@.market_is_open(
    calendar text, at timestamptz DEFAULT pg_catalog.now())
    RETURNS boolean
    AS 'MODULE_PATHNAME', 'pg_candle_market_is_open' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION @extschema@.market_is_open(text, timestamptz) IS
    'whether a calendar trades at that moment';

CREATE FUNCTION @extschema@.calendar_problem(calendar text) RETURNS text
    AS 'MODULE_PATHNAME', 'pg_candle_calendar_problem'
    LANGUAGE C STABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION @extschema@.calendar_problem(text) IS
    'why sessions of a calendar cannot be told: there is none of that name, or its rows '
    'contradict each other; NULL if they can';

CREATE FUNCTION @extschema@.series_problem(instrument_id integer, timeframe text) RETURNS text
    AS 'MODULE_PATHNAME', 'pg_candle_series_problem'
    LANGUAGE C STABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION @extschema@.series_problem(integer, text) IS
    'why no candles of a series can be expected: the instrument is not known, its calendar cannot '
    'be used, or the timeframe is none; NULL if they can';

CREATE FUNCTION @extschema@.calendar_of_segment(segment text) RETURNS text
    AS 'MODULE_PATHNAME', 'pg_candle_calendar_of_segment' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.calendar_of_segment(text) IS
    'the calendar of a segment: NSE_EQ and NSE_INDEX trade by NSE, ...; unknown ones around the '
    'clock';

CREATE FUNCTION @extschema@.expected_candles(
    instrument_id integer, timeframe text, from_ts timestamptz, to_ts timestamptz)
    RETURNS bigint
    AS 'MODULE_PATHNAME', 'pg_candle_expected_candles' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION @extschema@.expected_candles(integer, text, timestamptz, timestamptz) IS
    'how many candles with from_ts <= ts < to_ts an instrument should have: by the sessions of '
    'its calendar, within its life, and only those whose end has passed';

CREATE FUNCTION @extschema@.candle_now() RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'pg_candle_candle_now' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.candle_now() IS
    'the moment to which "today" and "has passed" refer: now, or for replays what the setting '
    'pg_candle.now says';
