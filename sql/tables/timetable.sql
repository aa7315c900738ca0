-- @table sync_timetable
-- needs name, task, calendar, every, while_open, after_close, at_time, weekdays, segments, days,
-- expiries, strikes, enabled, owner, last_due
CREATE TABLE sync_timetable (
    name        text PRIMARY KEY,
    task        text NOT NULL
                    CHECK (task IN ('ltp', 'gaps', 'freshness', 'fetch', 'instruments',
                                    'calendar')),
    calendar    text,
    every       interval,
    while_open  boolean NOT NULL DEFAULT false,
    after_close interval,
    at_time     time,
    weekdays    integer[],
    segments    text[],
    days        integer NOT NULL DEFAULT 7,
    expiries    integer NOT NULL DEFAULT 2,
    strikes     integer NOT NULL DEFAULT 20,
    enabled     boolean NOT NULL DEFAULT true,
    owner       text NOT NULL DEFAULT 'daemon' CHECK (owner IN ('daemon', 'pg_cron')),
    last_due    timestamptz,
    CHECK (num_nonnulls(every, after_close, at_time) = 1)
);
COMMENT ON TABLE sync_timetable IS 'what is done when; edit it as you like';
COMMENT ON COLUMN sync_timetable.calendar IS
    'whose sessions and time zone count; NULL: those of the watched instruments, and Asia/Kolkata';
COMMENT ON COLUMN sync_timetable.every IS
    'at every multiple of this; with while_open only while the market is open';
COMMENT ON COLUMN sync_timetable.after_close IS 'so long after the last close of a session';
COMMENT ON COLUMN sync_timetable.at_time IS 'every day (or on weekdays, 1 is Monday) at this time';
COMMENT ON COLUMN sync_timetable.days IS 'for fetch: of how many days back';
COMMENT ON COLUMN sync_timetable.expiries IS 'for the F&O segments: how many of the next expiries';
COMMENT ON COLUMN sync_timetable.strikes IS
    'for the F&O segments: how many strikes on either side of the last price';
COMMENT ON COLUMN sync_timetable.owner IS
    'who runs it: pgcandle run, or pg_cron after schedule_candle_jobs()';
COMMENT ON COLUMN sync_timetable.last_due IS 'the due time that was served last';
INSERT INTO sync_timetable
    (name, task, calendar, every, while_open, after_close, at_time, weekdays, segments, days) VALUES
    ('ltp', 'ltp', NULL, '1 minute', true, NULL, NULL, NULL, NULL, 1),
    ('gaps', 'gaps', NULL, '5 minutes', true, NULL, NULL, NULL, NULL, 1),
    ('freshness', 'freshness', NULL, '2 minutes', false, NULL, NULL, NULL, NULL, 1),
    ('instruments', 'instruments', NULL, NULL, false, NULL, '06:30', NULL, NULL, 1),
    ('calendar', 'calendar', NULL, NULL, false, NULL, '06:35', NULL, NULL, 1),
    ('yesterday', 'fetch', NULL, NULL, false, NULL, '07:10', NULL,
        '{backfill,equity,indices_nse,indices_bse,fo_current}', 7),
    ('two_months', 'fetch', NULL, NULL, false, NULL, '10:00', '{7}',
        '{backfill,equity,indices_nse,indices_bse,fo_current,fo_historical}', 62),
    ('today_nse', 'fetch', 'NSE', NULL, false, '45 minutes', NULL, NULL,
        '{backfill,equity,indices_nse}', 1),
    ('today_bse', 'fetch', 'BSE', NULL, false, '45 minutes', NULL, NULL,
        '{backfill,indices_bse}', 1),
    ('today_nfo', 'fetch', 'NFO', NULL, false, '45 minutes', NULL, NULL,
        '{backfill,fo_current}', 1),
    ('today_bfo', 'fetch', 'BFO', NULL, false, '45 minutes', NULL, NULL,
        '{backfill,fo_current}', 1),
    ('today_mcx', 'fetch', 'MCX', NULL, false, '45 minutes', NULL, NULL,
        '{backfill,fo_current}', 1);
