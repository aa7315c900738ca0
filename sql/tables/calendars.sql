-- @function is_candle_time_zone
CREATE OR REPLACE FUNCTION is_candle_time_zone(name text) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    -- An abbreviation (pst) is no zone: it has no rules.
    RETURN now() AT TIME ZONE $1 IS NOT NULL
        AND (NOT EXISTS (SELECT FROM pg_timezone_abbrevs a WHERE a.abbrev = upper($1))
             OR EXISTS (SELECT FROM pg_timezone_names z WHERE lower(z.name) = lower($1)));
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN false;
END
$body$;
COMMENT ON FUNCTION is_candle_time_zone(text) IS
    'whether PostgreSQL knows a time zone of that name; one row that names none stops no others';

-- @table trading_calendar
-- needs calendar, valid_from, opens, closes, weekly_off, timezone, known_from, known_through
CREATE TABLE trading_calendar (
    calendar      text NOT NULL,
    valid_from    date NOT NULL,
    opens         time NOT NULL,
    closes        time NOT NULL,
    weekly_off    integer[] NOT NULL DEFAULT '{6,7}',
    timezone      text NOT NULL DEFAULT 'Asia/Kolkata',
    known_from    date,
    known_through date,
    source        text,
    PRIMARY KEY (calendar, valid_from),
    CHECK (opens < closes)
);
COMMENT ON TABLE trading_calendar IS 'regular hours of a calendar from a date on';
COMMENT ON COLUMN trading_calendar.weekly_off IS
    'weekdays without session; 1 is Monday, 7 is Sunday';
COMMENT ON COLUMN trading_calendar.known_through IS
    'last date whose holidays are known; beyond, sessions are assumed by the weekly rule';

-- @table trading_holiday
-- needs calendar, holiday
CREATE TABLE trading_holiday (
    calendar    text NOT NULL,
    holiday     date NOT NULL,
    description text,
    source      text,
    PRIMARY KEY (calendar, holiday)
);
COMMENT ON TABLE trading_holiday IS
    'days on which a calendar does not trade, but for special sessions';

-- @table special_session
-- needs calendar, session_date, opens, closes, kind
CREATE TABLE special_session (
    calendar     text NOT NULL,
    session_date date NOT NULL,
    opens        time NOT NULL,
    closes       time NOT NULL,
    kind         text NOT NULL DEFAULT 'special',
    description  text,
    source       text,
    PRIMARY KEY (calendar, session_date, opens),
    CHECK (opens < closes)
);
COMMENT ON TABLE special_session IS
    'days with other hours than the regular ones, holidays and weekends among them; a row for '
    'each period';
