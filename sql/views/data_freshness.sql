-- @view data_freshness
CREATE VIEW data_freshness AS
WITH settings AS (
    SELECT coalesce(nullif(current_setting('pg_candle.now', true), '')::timestamptz, now()) AS at,
           coalesce(nullif(current_setting('pg_candle.stale_after', true), ''),
                    '5 minutes')::interval AS slack
),
calendar AS MATERIALIZED (
    SELECT c.calendar, c.timezone
    FROM (SELECT DISTINCT ON (calendar) calendar, timezone
          FROM trading_calendar ORDER BY calendar, valid_from DESC) c
    WHERE is_candle_time_zone(c.timezone)
),
day AS (
    SELECT c.calendar, c.timezone, (settings.at AT TIME ZONE c.timezone)::date - back AS date
    FROM settings, calendar c,
         -- The longest pause of any exchange is shorter than 20 days.
         generate_series(0, 20) back
),
hours AS (
    SELECT day.calendar, day.timezone, day.date, s.opens, s.closes
    FROM day
    JOIN special_session s ON s.calendar = day.calendar AND s.session_date = day.date
    UNION ALL
    SELECT day.calendar, day.timezone, day.date, r.opens, r.closes
    FROM day,
         LATERAL (SELECT * FROM trading_calendar c
                  WHERE c.calendar = day.calendar AND c.valid_from <= day.date
                  ORDER BY c.valid_from DESC LIMIT 1) r
    WHERE NOT extract(isodow FROM day.date)::integer = ANY (r.weekly_off)
      AND NOT EXISTS (SELECT FROM trading_holiday h
                      WHERE h.calendar = day.calendar AND h.holiday = day.date)
      AND NOT EXISTS (SELECT FROM special_session s
                      WHERE s.calendar = day.calendar AND s.session_date = day.date)
),
expected AS (
    -- The start of the last minute that ended before the slack.
    SELECT calendar,
           max(least((date + closes) AT TIME ZONE timezone,
                     date_trunc('minute', settings.at - settings.slack))
               - interval '1 minute') AS minute
    FROM hours, settings
    WHERE (date + opens) AT TIME ZONE timezone <= settings.at - settings.slack - interval '1 minute'
    GROUP BY 1
)
SELECT m.instrument_id, m.trading_symbol, e.calendar, e.minute AS expected_at,
       c.newest AS candle_at,
       CASE WHEN c.newest >= e.minute THEN interval '0' ELSE e.minute - c.newest END AS candle_age,
       CASE WHEN e.minute IS NOT NULL THEN c.newest IS NULL OR c.newest < e.minute END
           AS candle_stale,
       l.newest AS ltp_at,
       CASE WHEN l.newest >= e.minute THEN interval '0' ELSE e.minute - l.newest END AS ltp_age,
       CASE WHEN e.minute IS NOT NULL THEN l.newest IS NULL OR l.newest < e.minute END AS ltp_stale
FROM watchlist w
JOIN instrument_master m USING (instrument_id)
LEFT JOIN expected e
    ON e.calendar = CASE
           WHEN m.segment IN ('NSE_EQ', 'NSE_INDEX') THEN 'NSE'
           WHEN m.segment IN ('BSE_EQ', 'BSE_INDEX') THEN 'BSE'
           WHEN m.segment = 'NSE_FO' THEN 'NFO'
           WHEN m.segment = 'BSE_FO' THEN 'BFO'
           WHEN m.segment = 'NCD_FO' THEN 'CDS'
           WHEN m.segment = 'BCD_FO' THEN 'BCD'
           WHEN m.segment = 'MCX_FO' THEN 'MCX'
           WHEN m.segment = 'NSE_COM' THEN 'NSCOM'
           ELSE '24x7' END
LEFT JOIN LATERAL (SELECT max(ts) AS newest FROM candle_data d
                   WHERE d.instrument_id = m.instrument_id AND d.timeframe = '1m') c ON true
LEFT JOIN LATERAL (SELECT max(ts) AS newest FROM ltp_data d
                   WHERE d.instrument_id = m.instrument_id) l ON true
WHERE m.is_active;
COMMENT ON VIEW data_freshness IS
    'newest 1m candle and last price of each watched instrument against the last minute that its '
    'session expects; stale is what is older by more than pg_candle.stale_after (5 minutes), so '
    'nothing is at night, on Sundays and holidays; NULL where a calendar tells no session of the '
    'last 20 days';
