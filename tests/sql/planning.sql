-- What is planned: against brute force, within what the provider permits, and never twice.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
SET timezone = 'Asia/Kolkata';
SET pg_candle.now = '2026-10-30 20:00';
SELECT is(candle_now(), '2026-10-30 20:00'::timestamptz, 'a replay says what time it is');
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
    SELECT i, 'NSE_EQ|' || i, 'NSE', 'NSE_EQ', 'EQ', 'S' || i FROM generate_series(1, 4) i;

-- ranges_to_request() against brute force over random candles, of all sources, and random coverage.
INSERT INTO candle_data (instrument_id, timeframe, source, ts, open, high, low, close)
    SELECT i, '1m', CASE WHEN random() < 0.0005 THEN 'i' ELSE 'h' END::"char", ts, 1, 1, 1, 1
    FROM generate_series(1, 3) i, trading_sessions('NSE', '2026-08-01', '2026-10-30'),
        generate_series(opens_at, closes_at - interval '1 min', '1 min') ts
    WHERE random() < CASE extract(day FROM ts)::int % 4 WHEN 0 THEN 0.999 ELSE 1 END;
INSERT INTO candle_coverage (instrument_id, timeframe, from_ts, to_ts, state, attempts, checked_at)
    SELECT i, '1m', d, d + random() * interval '20 hours',
        (ARRAY['filled', 'no_data', 'no_data', 'failed'])[1 + (random() * 3)::int], 1 + (random() * 2)::int,
        timestamptz '2026-10-30 12:00' - random() * interval '60 days'
    FROM generate_series(1, 3) i, generate_series('2026-08-01'::timestamptz, '2026-10-29', '1 day') d
    WHERE random() < 0.7;
CREATE FUNCTION brute(id int, from_date date, to_date date) RETURNS SETOF date LANGUAGE sql AS $$
    SELECT DISTINCT s.session_date
    FROM trading_sessions('NSE', from_date, least(to_date, '2026-10-29')) s,
        generate_series(s.opens_at, s.closes_at - interval '1 min', '1 min') ts
    WHERE NOT EXISTS (
        SELECT FROM candle_data c WHERE c.instrument_id = id AND c.timeframe = '1m' AND c.ts = ts.ts AND c.source <> 'i'
    )
      AND NOT EXISTS (
          SELECT
          FROM candle_coverage v
          WHERE v.instrument_id = id
            AND v.timeframe = '1m'
            AND v.from_ts <= ts.ts
            AND v.to_ts > ts.ts
            AND v.state = 'no_data'
                      AND v.attempts >= 2 AND v.checked_at >= candle_now() - interval '30 days') $$;
SELECT set_eq(
    format(
        $$
            SELECT s.session_date
            FROM ranges_to_request(%s, '1m', %L, %L) d, trading_sessions('NSE', d.first_date, d.last_date) s$$, id, f, t
    ), format('SELECT * FROM brute(%s, %L, %L)', id, f, t),
    format('instrument %s from %s to %s', id, f, t))
FROM (
    SELECT id, date '2026-08-01' + (random() * 40)::int AS f, date '2026-09-20' + (random() * 60)::int AS t
    FROM generate_series(1, 3) id, generate_series(1, 4)) r;
SELECT is_empty(
    $$
        SELECT *
        FROM generate_series(1, 3) id, ranges_to_request(id, '1m', '2026-08-01') d
        WHERE NOT EXISTS (SELECT FROM brute(id, d.first_date, d.first_date))
          OR NOT EXISTS (SELECT FROM brute(id, d.last_date, d.last_date))$$,
    'no range begins or ends with a date that is complete');
SELECT results_eq(
    $$SELECT * FROM ranges_to_request(4, '1m')$$, $$VALUES ('2022-01-03'::date, '2026-10-29'::date)$$,
    'minutes from the provider''s first to the last final day');
SELECT results_eq(
    $$SELECT * FROM ranges_to_request(4, '1d')$$, $$VALUES ('2000-01-03'::date, '2026-10-29'::date)$$, 'days, too');
SELECT results_eq(
    $$SELECT * FROM ranges_to_request(4, '1w', '2026-10-01')$$, $$VALUES ('2026-09-28'::date, '2026-10-25'::date)$$,
    'weeks that are over');
SELECT results_eq(
    $$SELECT * FROM ranges_to_request(4, '1mo', '2026-08-15')$$, $$VALUES ('2026-08-01'::date, '2026-09-30'::date)$$,
    'and months');
SELECT is_empty($$SELECT * FROM ranges_to_request(4, '1m', '2026-10-31')$$, 'nothing of the future');
SELECT results_eq($$SELECT * FROM ranges_to_request(4, '1m', '-infinity', 'infinity')$$,
    $$VALUES ('2022-01-03'::date, '2026-10-29'::date)$$, 'of all dates');
SELECT is_empty($$SELECT * FROM ranges_to_request(4, '1w', 'infinity')
    UNION ALL SELECT * FROM ranges_to_request(4, '1w', NULL, '-infinity')$$, 'or of none');
SELECT is(provider_last_day(4), '2026-10-29', 'the last final day');
SELECT is(provider_first_day('1h'), '2022-01-03', 'and the first one');
SELECT results_eq($$SELECT * FROM cut_into_requests('1m', false, '2026-01-15', '2026-03-02')$$,
    $$VALUES ('2026-01-15'::date, '2026-01-31'::date), ('2026-02-01', '2026-02-28'), ('2026-03-01', '2026-03-02')$$,
    'requests end where a month does');
SELECT is_empty($$SELECT * FROM cut_into_requests('1d', false, '2026-01-15', '2026-01-14')$$, 'no dates, no requests');
SELECT throws_ok($$SELECT * FROM cut_into_requests('1d', false, '-infinity', '2026-01-14')$$, '22023', NULL,
    'nor endless ones');
SELECT throws_ok($$SELECT * FROM ranges_to_request(99, '1m')$$, '42704', NULL, 'no such instrument');

-- Requests of the size that the provider permits, that cover each date once.
CREATE FUNCTION permitted(timeframe text, f date, t date) RETURNS boolean LANGUAGE sql AS $$
    SELECT f >= t - CASE
        WHEN timeframe IN ('1m', '3m', '5m', '15m') THEN interval '1 month'
        WHEN timeframe IN ('30m', '1h', '4h') THEN interval '3 months'
        WHEN timeframe = '1d' THEN interval '10 years'
        ELSE interval '200 years' END $$;
CREATE TABLE wanted AS SELECT 4 AS id, timeframe, f, least(f + (random() * 4000)::int, '2026-10-29') AS t, 0 AS planned
    FROM unnest('{1m,5m,15m,30m,1h,1d,1w,1mo}'::text[]) timeframe,
    LATERAL (SELECT date '2010-01-01' + (random() * 6000)::int AS f WHERE timeframe IS NOT NULL) s;
UPDATE wanted SET planned = plan_series('backfill', id, timeframe, f, t, force => true);
SELECT is_empty(
    'SELECT * FROM sync_job WHERE NOT permitted(timeframe, from_date, to_date)', 'each request is of a permitted size');
SELECT is_empty(
    $$
        SELECT w.timeframe, f, t
        FROM wanted w
        LEFT JOIN sync_job j USING (timeframe)
        WHERE w.t >= greatest(
            w.f, CASE WHEN w.timeframe LIKE '%m' OR w.timeframe LIKE '%h' THEN date '2022-01-03' ELSE '2000-01-03' END)
    GROUP BY 1, 2, 3
        HAVING range_agg(daterange(from_date, to_date, '[]')) <> datemultirange(
            daterange(
                greatest(
                    f, CASE
                        WHEN w.timeframe LIKE '%m'
                      OR w.timeframe LIKE '%h' THEN date '2022-01-03'
                        ELSE '2000-01-03' END), t, '[]'))
        OR sum(to_date - from_date + 1) <> t - greatest(
            f, CASE WHEN w.timeframe LIKE '%m' OR w.timeframe LIKE '%h' THEN date '2022-01-03' ELSE '2000-01-03' END
        ) + 1$$, 'together they are what was wanted, each date once');
SELECT is(
    (SELECT sum(plan_series('backfill', id, timeframe, f, t, force => true))::int FROM wanted), 0,
    'what is queued is not queued again');
UPDATE sync_job SET state = 'running' WHERE job_id % 2 = 0;
SELECT is(
    (SELECT sum(plan_series('equity', id, timeframe, f, t, force => true))::int FROM wanted), 0,
    'nor what is running, whoever wanted it');
TRUNCATE sync_job;
SELECT plan_series('backfill', 4, '1m', '2026-09-10', '2026-09-20', true);
SELECT plan_series('backfill', 4, '1m', '2026-09-01', '2026-09-30', true);
SELECT results_eq(
    'SELECT from_date, to_date FROM sync_job ORDER BY 1',
    $$VALUES ('2026-09-01'::date, '2026-09-09'::date), ('2026-09-10', '2026-09-20'), ('2026-09-21', '2026-09-30')$$,
    'only the rest of a range that is partly queued');
SELECT is(timeframes_to_fetch('{1m,5m,1h,1d,1w}'), '{1d,1m,1w}', 'intraday timeframes are derived');
SELECT is(timeframes_to_fetch('{5m,1d}', true), '{1d,5m}', 'unless all are to be fetched');

-- The queue.
TRUNCATE sync_job;
INSERT INTO sync_job (segment, kind, instrument_id, timeframe, from_date, to_date, priority)
VALUES ('a', 'candles', 1, '1m', '2026-01-01', '2026-01-31', 0),
    ('a', 'candles', 1, '1m', '2026-02-01', '2026-02-28', 0),
    ('b', 'candles', 2, '1m', '2026-01-01', '2026-01-31', 5);
INSERT INTO sync_job (segment, kind, priority) VALUES ('ltp', 'ltp', 100), ('indicators', 'indicators', -100);
SELECT results_eq(
    $$SELECT segment, to_date FROM claim_sync_jobs('one', 2, '1 minute')$$,
    $$VALUES ('b', '2026-01-31'::date), ('a', '2026-02-28')$$, 'by priority, then newest first');
SELECT results_eq(
    $$SELECT kind FROM claim_sync_jobs('one', 9, '1 minute', tasks => true)$$, $$VALUES ('ltp')$$,
    'indicators wait for the candles');
SELECT results_eq(
    $$SELECT segment FROM claim_sync_jobs('one', 9, '1 minute', '{a}', '{1}')$$, $$VALUES ('a')$$,
    'of a segment and instrument');
SELECT is_empty($$SELECT * FROM claim_sync_jobs('another', 9, '1 minute')$$, 'what is leased is not claimed');
UPDATE sync_job SET leased_until = clock_timestamp() - interval '1 second' WHERE instrument_id = 2;
SELECT results_eq(
    $$SELECT segment FROM claim_sync_jobs('one', 9, '1 minute')$$, $$VALUES ('b')$$, 'unless the lease is over');
DELETE FROM candle_coverage WHERE instrument_id = 2 AND state = 'failed';
SELECT finish_sync_job(job_id, 0, 'no such key') FROM sync_job WHERE instrument_id = 2;
SELECT is((SELECT kind || ' ' || message FROM sync_alert),
    'failed_sync NSE:S2 1m from 2026-01-01 to 2026-01-31: no such key. To ask again: pgcandle backfill --symbols '
    'NSE:S2 --timeframes 1m --from 2026-01-01 --to 2026-01-31',
    'a failure is an alert, with the command to run');
INSERT INTO candle_coverage (instrument_id, timeframe, from_ts, to_ts, state) VALUES
    (2, '1m', '2025-11-01', '2025-12-01', 'failed'), (2, '1m', '2026-01-01', '2026-02-01', 'failed');
SELECT alike(failure_message(max(job_id), 'no such key'),
    '%no such key (ranges that failed: 2). To ask again: %--from 2025-11-01 --to 2026-01-31',
    'the command asks for all that failed') FROM sync_job WHERE instrument_id = 2;
SELECT is((SELECT last_error FROM data_sync_status WHERE segment = 'b'), 'no such key', 'and in the status');
INSERT INTO sync_job (segment, kind, instrument_id, timeframe, from_date, to_date)
    VALUES ('b', 'intraday', 2, '1m', '2026-01-02', '2026-01-02');
SELECT finish_sync_job(job_id, 375) FROM sync_job WHERE kind = 'intraday';
SELECT is((SELECT count(*)::int FROM sync_alert WHERE cleared_at IS NULL), 1, 'which an answer about other dates does '
    'not disprove');
DELETE FROM candle_coverage WHERE instrument_id = 2 AND state = 'failed';
SELECT clear_series_alerts(2, '1m');
SELECT is((SELECT count(*)::int FROM sync_alert WHERE cleared_at IS NULL), 0, 'but one about those that failed');
SELECT raise_sync_alert('bad_rows', series_name(2, '1m'), 'rows of a Sunday');
INSERT INTO candle_coverage (instrument_id, timeframe, from_ts, to_ts, state) VALUES
    (2, '1m', '2026-01-11', '2026-01-12', 'failed'), (4713, '1m', '2026-01-11', '2026-01-12', 'failed');
SELECT ok(clear_series_alerts(2, '1m'), 'nor is one of a day without candles left open');
UPDATE candle_coverage SET to_ts = '2026-01-13' WHERE instrument_id = 2 AND from_ts = '2026-01-11';
SELECT ok(NOT clear_series_alerts(2, '1m'), 'but of one with candles it is');
SELECT ok(clear_series_alerts(4713, '1m'), 'a failure of an instrument that is gone is none to ask again');
DELETE FROM candle_coverage WHERE instrument_id IN (2, 4713) AND state = 'failed';
INSERT INTO sync_job (segment, kind, instrument_id, timeframe, from_date, to_date)
    VALUES ('b', 'candles', 4711, '1m', '2026-01-02', '2026-01-02');
SELECT lives_ok($$SELECT finish_sync_job(job_id, 0, 'no such key') FROM sync_job WHERE instrument_id = 4711$$,
    'an instrument that is gone stops nothing');
SELECT is((SELECT subject FROM sync_alert WHERE cleared_at IS NULL), 'instrument 4711 1m', 'and is told by its number');
SELECT ok(clear_series_alerts(4711, '1m'), 'until its dates are answered');
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
    VALUES (4712, 'NSE_EQ|4712', 'NSE', 'NSE_EQ', 'EQ', $$M&M '$(id)$$);
SELECT is(backfill_command(4712, '1d', '2026-01-02', '2026-01-05'),
    $$pgcandle backfill --symbols 'NSE:M&M '\''$(id)' --timeframes 1d --from 2026-01-02 --to 2026-01-05$$,
    'a command that is told means nothing else to a shell');
DELETE FROM instrument_master WHERE instrument_id = 4712;
SELECT is(fail_sync_jobs('a', NULL, 'plan missing'), 0::bigint, 'what runs is not failed');

-- Segments.
INSERT INTO instrument_master (
    instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol, expiry_date, underlying_key)
    SELECT 10, 'NSE_INDEX|Nifty 50', 'NSE', 'NSE_INDEX', 'INDEX', 'NIFTY', NULL::date, NULL UNION ALL
    SELECT 100 + 100 * e + 2 * k + o, format('NSE_FO|%s', 100 + 100 * e + 2 * k + o), 'NSE', 'NSE_FO', CASE o
        WHEN 0 THEN 'CE'
        ELSE 'PE' END, format('NIFTY %s %s', k, e), date '2026-10-01' + 25 * e, 'NSE_INDEX|Nifty 50'
    FROM generate_series(1, 4) e, generate_series(0, 20) k, generate_series(0, 1) o
    UNION ALL
    SELECT 900 + e, format('NSE_FO|%s', 900 + e), 'NSE', 'NSE_FO', 'FUT', 'NIFTY FUT', date '2026-10-01' + 25 * e,
        'NSE_INDEX|Nifty 50'
    FROM generate_series(1, 4) e
    UNION ALL
    SELECT 950, 'NSE_FO|950', 'NSE', 'NSE_FO', 'FUT', 'S1 FUT', '2026-11-20', 'NSE_EQ|1';
INSERT INTO option_master SELECT instrument_id, 'NIFTY', underlying_key, expiry_date,
    25000 + 50 * ((instrument_id % 100) / 2), instrument_type, 65, false
FROM instrument_master
WHERE instrument_type IN ('CE', 'PE');
INSERT INTO future_master SELECT instrument_id, 'X', underlying_key, expiry_date, 65
FROM instrument_master
WHERE instrument_type = 'FUT';
INSERT INTO watchlist (instrument_id) VALUES (10);
SELECT results_eq(
    $$SELECT instrument_id, scope FROM segment_instruments('equity')$$, $$VALUES (1, 'S1')$$,
    'equity: stocks with derivatives');
SELECT results_eq(
    $$SELECT instrument_id, scope FROM segment_instruments('indices_nse')$$, $$VALUES (10, 'NIFTY')$$,
    'indices by their keys');
SELECT set_eq(
    $$SELECT instrument_id FROM segment_instruments('fo_current')$$, ARRAY[902, 903],
    'F&O without a price: futures of the next expiries');
INSERT INTO ltp_data (instrument_id, ts, ltp) VALUES (10, '2026-10-30 15:29', 25512);
SELECT is(
    (SELECT count(*)::int FROM segment_instruments('fo_current', 2, 3)), 2 + 2 * 2 * 6,
    'with a price so many strikes on either side');
SELECT is(
    (
        SELECT string_agg(DISTINCT strike_price::text, ' ' ORDER BY strike_price::text)
        FROM segment_instruments('fo_current', 1, 2)
        JOIN option_master USING (instrument_id)), '25450 25500 25550 25600', 'the nearest ones');
SELECT is(
    (SELECT min(expiry_date) FROM segment_instruments('fo_current') JOIN instrument_master USING (instrument_id)),
    '2026-11-20', 'of expiries that are still to come');
SELECT throws_ok($$SELECT * FROM segment_instruments('everything')$$, '22023', NULL, 'no such segment');
TRUNCATE sync_job;
SELECT is(plan_segment('fo_expired'), 1, 'expired contracts begin with the expiries of an underlying');
SELECT is(plan_segment('fo_expired'), 0, 'which are asked for once');
UPDATE instrument_master SET is_active = false WHERE instrument_id = 901;
SELECT plan_series('fo_expired', 901, '1m', '2026-10-01', '2026-10-30');
SELECT set_eq(
    'SELECT kind FROM sync_job WHERE instrument_id = 901', ARRAY['expired_candles'],
    'an expired contract has an endpoint of its own');

-- The timetable, by the calendar.
UPDATE sync_timetable SET last_due = '2026-10-30 20:00';
CREATE FUNCTION due(at timestamptz) RETURNS text
    LANGUAGE sql
    AS $$SELECT string_agg(name, ' ' ORDER BY name) FROM due_sync_tasks(at)$$;
SELECT is(due('2026-10-31 10:00'), 'calendar freshness instruments today_mcx yesterday', 'a Saturday');
SELECT is(due('2026-11-01 10:00'), 'calendar freshness instruments two_months yesterday', 'a Sunday');
UPDATE sync_timetable SET last_due = '2026-11-08 11:00' ;
SELECT is(due('2026-11-08 17:59'), 'freshness', 'the Sunday of Diwali, before the Muhurat session');
SELECT is(due('2026-11-08 18:00'), 'freshness gaps ltp', 'in it');
UPDATE sync_timetable SET last_due = '2026-11-08 18:30';
SELECT is(due('2026-11-08 19:44'), 'freshness', 'after it');
SELECT is(due('2026-11-08 19:45'), 'freshness today_bse today_nse', '45 minutes later');
UPDATE sync_timetable SET last_due = '2026-11-10 09:00';
SELECT is(due('2026-11-10 11:00'), 'freshness', 'a holiday');
SELECT is(due('2026-11-11 11:00'), 'calendar freshness gaps instruments ltp today_mcx yesterday', 'a working day');
UPDATE sync_timetable SET enabled = false WHERE name = 'ltp';
UPDATE sync_timetable SET owner = 'pg_cron' WHERE name = 'gaps';
SELECT is(
    due('2026-11-11 11:00'), 'calendar freshness instruments today_mcx yesterday',
    'what is switched off, or another''s, is not due');
SET pg_candle.now = '2026-11-11 11:00';
SELECT is(run_sync_task('yesterday', '2026-11-11 07:10') > 0, true, 'a task plans');
SELECT is(run_sync_task('yesterday', '2026-11-11 07:10'), 0, 'once for each due time');
SELECT throws_ok($$SELECT run_sync_task('nothing')$$, '42704', NULL, 'no such task');
SELECT throws_ok($$SELECT schedule_candle_jobs()$$, '55000', 'pg_cron is not in this database', 'without pg_cron');
SELECT is(unschedule_candle_jobs(), 0, 'nothing to take back');

-- Freshness.
INSERT INTO watchlist (instrument_id) VALUES (1) ON CONFLICT DO NOTHING;
SELECT is(check_freshness() > 0, true, 'stale in the middle of a session');
SELECT is((SELECT count(*)::int FROM sync_alert WHERE kind = 'stale_data' AND cleared_at IS NULL), 1, 'is an alert');
DELETE FROM watchlist;
SELECT is(check_freshness(), 0, 'until it is no longer');
SELECT is(
    (SELECT count(*)::int FROM sync_alert WHERE kind = 'stale_data' AND cleared_at IS NULL), 0, 'which clears it');
SELECT * FROM finish();
ROLLBACK;
