-- Calendars: sessions, periods, expected candles, gaps and completeness on hand-made days.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
SET timezone = 'Asia/Kolkata';
INSERT INTO instrument_master (
    instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol, listed_on, expiry_date)
VALUES
    (1, 'NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE', NULL, NULL),
        (2, 'NSE_FO|2', 'NSE', 'NSE_FO', 'FUT', 'TWO FUT', NULL, '2026-08-06'),
    (3, 'NSE_EQ|3', 'NSE', 'NSE_EQ', 'EQ', 'NEW', '2024-03-01', NULL),
        (4, 'X|4', 'X', 'CRYPTO', 'SPOT', 'COIN', NULL, NULL);

SELECT results_eq(
    $$SELECT session_date, opens_at, closes_at, kind FROM trading_sessions('NSE', '2024-03-01', '2024-03-04')$$,
    $$VALUES ('2024-03-01'::date, '2024-03-01 09:15'::timestamptz, '2024-03-01 15:30'::timestamptz, 'regular'),
        ('2024-03-02', '2024-03-02 09:15', '2024-03-02 10:00', 'saturday'),
            ('2024-03-02', '2024-03-02 11:30', '2024-03-02 12:30', 'saturday'),
        (
            '2024-03-04', '2024-03-04 09:15', '2024-03-04 15:30', 'regular'
        )$$, 'two periods on a Saturday, none on Sunday');
SELECT results_eq($$SELECT closes_at, kind FROM trading_sessions('NFO', '2026-11-08', '2026-11-08')$$,
    $$VALUES ('2026-11-08 19:10'::timestamptz, 'muhurat')$$, 'Muhurat on a Sunday, ten minutes longer for derivatives');
SELECT is_empty($$SELECT FROM trading_sessions('NSE', '2026-01-26', '2026-01-26')$$, 'a holiday');
SELECT results_eq(
    $$SELECT DISTINCT closes_at::time FROM trading_sessions('BFO', '2026-07-31', '2026-07-31')$$, ARRAY['15:30'::time],
    'derivatives until July 2026');
SELECT results_eq(
    $$SELECT DISTINCT closes_at::time FROM trading_sessions('BFO', '2026-08-03', '2026-08-04')$$, ARRAY['15:40'::time],
    'and since August');
SELECT results_eq(
    $$SELECT opens_at::time FROM trading_sessions('NSE', '2009-06-01', '2009-06-01')$$, ARRAY['09:55'::time],
    'the hours of 2009');
SELECT results_eq(
    $$SELECT DISTINCT kind FROM trading_sessions('NSE', '2027-01-04', '2027-01-08')$$, ARRAY['assumed'],
    'beyond the known days');
SELECT results_eq(
    $$SELECT closes_at - opens_at FROM trading_sessions('24x7', '2026-11-08', '2026-11-08')$$, ARRAY['24:00'::interval],
    'around the clock');
SELECT throws_like(
    $$SELECT FROM trading_sessions('NOPE', '2026-01-01', '2026-01-02')$$, '%does not exist%', 'no such calendar');
SELECT throws_ok(
    $$SELECT FROM trading_sessions('NSE', '-infinity', 'infinity')$$, '22023', NULL, 'a range without end');
SELECT is(market_is_open('NSE', '2024-03-02 10:00'), false, 'closed in the pause');
SELECT is(market_is_open('NSE', '2024-03-02 11:30'), true, 'open at the second opening');
SELECT is(market_is_open('NSE', '2024-03-02 12:30'), false, 'closed at the close');
SELECT is(market_is_open('MCX', '2026-11-20 23:29'), true, 'the evening at MCX');

-- Users add days.
INSERT INTO trading_holiday (calendar, holiday) VALUES ('MCX', '2026-11-20');
INSERT INTO special_session (calendar, session_date, opens, closes, kind)
VALUES ('MCX', '2026-11-20', '17:00', '23:30', 'evening');
SELECT results_eq(
    $$SELECT opens_at, kind FROM trading_sessions('MCX', '2026-11-20', '2026-11-20')$$,
    $$VALUES ('2026-11-20 17:00'::timestamptz, 'evening')$$, 'evening only');
SELECT fill_trading_calendars();
SELECT is((SELECT count(*)::int FROM trading_holiday WHERE calendar = 'MCX'), 1, 'filling again leaves them');

-- What one expects.
SELECT is(expected_candles(1, '1m', '2024-03-02', '2024-03-03'), 105::bigint, '45 + 60 minutes on that Saturday');
SELECT is(expected_candles(1, '30m', '2024-03-01', '2024-03-02'), 13::bigint, '13 half hours a session');
SELECT is(expected_candles(1, '1h', '2024-03-01', '2024-03-02'), 7::bigint, '7 hours, the last one short');
SELECT is(expected_candles(1, '1w', '2024-01-01', '2024-03-31'), 13::bigint, 'weeks');
SELECT is(expected_candles(1, '1mo', '2024-01-01', '2024-03-31'), 3::bigint, 'months');
SELECT is(expected_candles(2, '1d', '2026-08-01', '2026-08-31'), 4::bigint, 'a contract until its expiry');
SELECT is(expected_candles(3, '1d', '2024-02-26', '2024-03-03'), 2::bigint, 'a stock from its listing on');
SELECT is(expected_candles(4, '1h', '2024-03-02', '2024-03-04'), 48::bigint, 'what is unknown trades around the clock');
SELECT is(expected_candles(1, '1m', 'infinity', '-infinity'), 0::bigint, 'an empty range');
SELECT is(expected_candles(1, '1m', now(), 'infinity'), 0::bigint, 'nothing is expected of the future');
SELECT throws_ok(
    $$SELECT expected_candles(99, '1m', '2024-01-01', '2024-02-01')$$, '42704', NULL, 'no such instrument');

-- Gaps.
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close)
SELECT 1, '1m', ts, 1, 1, 1, 1 FROM generate_series('2024-03-01 09:08'::timestamptz, '2024-03-01 15:31', '1 min') ts
WHERE ts NOT BETWEEN '2024-03-01 10:00' AND '2024-03-01 10:04' AND ts < '2024-03-01 15:20' OR ts > '2024-03-01 15:29';
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close)
VALUES (1, '1m', '2024-03-01 10:02:30', 1, 1, 1, 1);
CREATE FUNCTION gaps(timeframe text, first text, after text) RETURNS SETOF text LANGUAGE sql AS
    $$
        SELECT format(
            '%s %s %s %s', to_char(gap_start, 'MM-DD HH24:MI'), to_char(gap_end, 'MM-DD HH24:MI'), missing, state)
        FROM detect_gaps(1, timeframe, first::timestamptz, after::timestamptz)$$;
SELECT results_eq(
    $$SELECT gaps('1m', '2024-03-01', '2024-03-03')$$,
    ARRAY['03-01 10:00 03-01 10:04 5 not_requested', '03-01 15:20 03-01 15:29 10 not_requested',
    '03-02 09:15 03-02 09:59 45 not_requested', '03-02 11:30 03-02 12:29 60 not_requested'],
    'holes, an early end and both periods of an absent day; what lies outside or off the grid does not count');
SELECT results_eq(
    $$SELECT gaps('1m', '2024-03-01 10:02', '2024-03-01 10:04')$$, ARRAY['03-01 10:02 03-01 10:03 2 not_requested'],
    'the range is half open');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close)
VALUES (1, '1d', '2024-03-01', 1, 1, 1, 1), (1, '1d', '2024-03-05', 1, 1, 1, 1);
SELECT results_eq(
    $$SELECT gaps('1d', '2024-02-28', '2024-03-08')$$,
    ARRAY['02-28 00:00 02-29 00:00 2 not_requested', '03-02 00:00 03-04 00:00 2 not_requested',
    '03-06 00:00 03-07 00:00 2 not_requested'], 'days merge across the weekend, Saturday session included');
SELECT results_eq(
    $$SELECT gaps('1w', '2024-02-26', '2024-03-11')$$, ARRAY['02-26 00:00 03-04 00:00 2 not_requested'], 'weeks');

-- States. The first filled range is whole, the second has lost a candle.
INSERT INTO candle_coverage (instrument_id, timeframe, from_ts, to_ts, state, rows) VALUES
    (1, '1m', '2024-03-01 00:00', '2024-03-01 10:02', 'filled', 52),
        (1, '1m', '2024-03-01 10:02', '2024-03-01 12:00', 'filled', 117),
    (1, '1m', '2024-03-01 15:20', '2024-03-01 15:25', 'no_data', 0),
        (1, '1m', '2024-03-01 15:25', '2024-03-01 15:27', 'failed', 0),
    (1, '1m', '2024-03-02 00:00', '2024-03-02 12:00', 'no_data', 0),
        (1, '1m', '2024-03-02 12:00', '2024-03-03 00:00', 'filled', 0);
SELECT results_eq(
    $$SELECT gaps('1m', '2024-03-01', '2024-03-03')$$,
    ARRAY['03-01 10:00 03-01 10:01 2 no_data', '03-01 10:02 03-01 10:04 3 not_requested',
    '03-01 15:20 03-01 15:24 5 no_data', '03-01 15:25 03-01 15:26 2 failed', '03-01 15:27 03-01 15:29 3 not_requested',
    '03-02 09:15 03-02 09:59 45 no_data',
        '03-02 11:30 03-02 12:29 60 no_data'], 'states; equal ones merge across coverage');
UPDATE candle_coverage SET rows = 116 WHERE rows = 117;
SELECT is(
    (SELECT sum(missing) FROM detect_gaps(1, '1m', '2024-03-01', '2024-03-03') WHERE state = 'no_data'), 115::bigint,
    'a whole filled range has no holes to ask for');

SELECT results_eq(
    $$
        SELECT timeframe, expected, present, no_data, missing, round(ratio::numeric, 3)
        FROM completeness('2024-03-01', '2024-03-03')
        WHERE instrument_id = 1 AND timeframe IN ('1m', '1d')$$,
    $$
        VALUES ('1d', 2::bigint, 1::bigint, 0::bigint, 1::bigint, 0.5),
        ('1m', 480::bigint, 360::bigint, 115::bigint, 5::bigint, 0.986)$$, 'completeness adds up');
INSERT INTO watchlist (instrument_id, timeframes) VALUES (2, '{5m}'), (3, '{1m}');
SELECT results_eq($$SELECT trading_symbol, "1m", "5m", "1d" FROM completeness_matrix('2024-03-01', '2024-03-03')$$,
    $$VALUES ('NEW', '✗', NULL, NULL), ('ONE', '98.6%', NULL, '50.0%'), ('TWO FUT', NULL, '✗', NULL)$$,
        'and so does the matrix; what is watched is in it');
SELECT is(
    (SELECT "1m" FROM completeness_matrix('2024-03-01 09:15', '2024-03-01 10:00') WHERE trading_symbol = 'ONE'), '✓',
    'complete');

-- The index walked directly and the executor find the same, from any start, over dead, new and hidden rows.
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close)
    SELECT 33, '1m', ts, 1, 1, 1, 1
    FROM generate_series('2024-01-01'::timestamptz, '2024-01-20', '1 min') ts
    WHERE hashint8(extract(epoch FROM ts)::bigint) % 3 <> 0;
DELETE FROM candle_data WHERE instrument_id = 33 AND hashint8(extract(epoch FROM ts)::bigint + 1) % 5 = 0;
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (33, 'NSE_EQ|33', 'NSE', 'NSE_EQ', 'EQ', 'THREE');
CREATE TABLE ranges AS SELECT '2024-01-01'::timestamptz + random() * interval '12 days' AS start,
    random() * interval '9 days' AS length
    FROM generate_series(1, 40);
CREATE TABLE direct AS SELECT r.start, g.* FROM ranges r, detect_gaps(33, '1m', r.start, r.start + r.length) g;
CREATE ROLE gap_columns;
GRANT SELECT (instrument_id, timeframe, ts, source) ON candle_data TO gap_columns;
GRANT SELECT ON ranges, candle_coverage, instrument_master, trading_calendar, trading_holiday,
    special_session TO gap_columns;
GRANT CREATE ON SCHEMA public TO gap_columns;
SET ROLE gap_columns;
CREATE TABLE by_executor AS SELECT r.start, g.* FROM ranges r, detect_gaps(33, '1m', r.start, r.start + r.length) g;
RESET ROLE;
SELECT set_eq('TABLE direct', 'TABLE by_executor', 'a role with column privileges finds the same gaps');
SELECT cmp_ok((SELECT count(*) FROM direct), '>', 1000::bigint, 'and many');
SELECT set_eq(
    $$
        SELECT g.gap_start + i * interval '1 min'
        FROM detect_gaps(33, '1m', '2024-01-03 10:01', '2024-01-12 14:20') g, generate_series(0, missing - 1) i$$,
    $$
        SELECT ts
        FROM trading_sessions('NSE', '2024-01-03', '2024-01-12'),
            generate_series(opens_at, closes_at - interval '1 min', '1 min') s (ts)
      WHERE ts >= '2024-01-03 10:01'
        AND ts < '2024-01-12 14:20'
        AND NOT EXISTS (
            SELECT FROM candle_data c WHERE c.instrument_id = 33 AND c.timeframe = '1m' AND c.ts = s.ts
        )$$, 'which are the absent minutes');
SELECT * FROM finish();
ROLLBACK;
