-- Derived candles follow what they are made of: only changed buckets are written, exchange-made candles stay, the log
-- is kept.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
SET timezone = 'Asia/Kolkata';
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
    SELECT i, 'NSE_EQ|' || i, 'NSE', 'NSE_EQ', 'EQ', 'S' || i FROM generate_series(1, 2) i;
CREATE FUNCTION log() RETURNS text LANGUAGE sql AS
    $$
        SELECT string_agg(
            format('%s/%s %s', instrument_id, timeframe, to_char(earliest, 'MM-DD HH24:MI')), ', '
                ORDER BY instrument_id, timeframe)
        FROM candle_change
        WHERE consumer = 'timeframes'$$;
-- What every derived series should hold, computed anew.
CREATE FUNCTION differences(excepted text DEFAULT '') RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM (
        SELECT m.instrument_id, t.target, r.*
        FROM instrument_master m, (VALUES ('1m', '3m'), ('1m', '5m'), ('1m', '15m'), ('1m', '30m'), ('1m', '1h'),
            ('1m', '4h'), ('1m', '1d'), ('1d', '1w'), ('1d', '1mo')) t (source,
                target), resample_candles(m.instrument_id, t.source, t.target) r) fresh
    FULL JOIN (SELECT * FROM candle_data WHERE timeframe <> '1m') stored
        ON stored.instrument_id = fresh.instrument_id AND stored.timeframe = fresh.target AND stored.ts = fresh.ts
    WHERE coalesce(stored.timeframe, fresh.target) <> excepted AND
        (stored.open, stored.high, stored.low, stored.close, stored.volume, stored.oi) IS DISTINCT
            FROM (fresh.open, fresh.high, fresh.low, fresh.close, fresh.volume, fresh.oi) $$;

-- Each statement leaves one row a series.
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume, oi)
SELECT i, '1m', ts, 100 + n % 7, 120, 90, 100 + n % 11, n, n FROM generate_series(1, 2) i,
    (
        SELECT ts, row_number() OVER (ORDER BY ts) AS n
        FROM trading_sessions('NSE', '2026-07-20', '2026-08-07'),
            generate_series(opens_at, closes_at - interval '1 minute', '1 minute') ts) s;
SELECT is(log(), '1/1m 07-20 09:15, 2/1m 07-20 09:15', 'an INSERT is logged once a series');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close) SELECT 1, '1m', now(), 1, 1, 1, 1
WHERE false;
UPDATE candle_data SET volume = 1 WHERE false;
DELETE FROM candle_data WHERE false;
SELECT is(
    (SELECT count(*)::int FROM candle_change WHERE consumer = 'timeframes'), 2, 'statements that change nothing are not'
);

CALL refresh_timeframes();
SELECT is(log(), NULL, 'a refresh takes the log');
SELECT is(differences(), 0::bigint, 'nine timeframes are what resampling gives');
SELECT results_eq(
    $$SELECT source::text, count(DISTINCT timeframe)::int FROM candle_data GROUP BY 1 ORDER BY 1$$,
    $$VALUES ('d', 9), ('h', 1)$$, 'and are marked as derived');
CREATE TEMP TABLE before AS SELECT ctid AS place FROM candle_data;
CALL refresh_timeframes();
CALL refresh_timeframes(1, '{1d,5m}');
SELECT is(
    (SELECT count(*)::int FROM before b JOIN candle_data c ON b.place = c.ctid),
    (SELECT count(*)::int FROM candle_data), 'again, nothing is written');

-- One candle changes: one bucket of each timeframe does.
UPDATE candle_data SET high = 999 WHERE instrument_id = 1 AND timeframe = '1m' AND ts = '2026-07-28 11:07';
SELECT is(log(), '1/1m 07-28 11:07', 'an UPDATE is logged');
CALL refresh_timeframes();
SELECT is(differences(), 0::bigint, 'a correction arrives everywhere');
SELECT set_eq(
    $$
        SELECT timeframe || ' ' || to_char(ts, 'MM-DD HH24:MI')
        FROM candle_data c
        WHERE NOT EXISTS (SELECT FROM before b WHERE b.place = c.ctid)$$,
    ARRAY[
        '1mo 07-01 00:00', '1w 07-27 00:00', '1d 07-28 00:00', '4h 07-28 09:15', '1h 07-28 10:15', '30m 07-28 10:45',
        '15m 07-28 11:00', '5m 07-28 11:05', '3m 07-28 11:06', '1m 07-28 11:07'],
    'only what holds it is rewritten');

-- Candles go, and move.
DELETE FROM candle_data WHERE instrument_id = 2 AND timeframe = '1m' AND ts >= '2026-08-06';
UPDATE candle_data SET ts = ts - interval '30 days' WHERE instrument_id = 1 AND timeframe = '1m' AND ts < '2026-07-21';
SELECT is(
    log(), '1/1m 06-20 09:15, 2/1m 08-06 09:15', 'a DELETE is logged, an UPDATE from the earlier of both starts on');
CALL refresh_timeframes(2);
SELECT is(log(), '1/1m 06-20 09:15', 'one instrument, and only its log');
CALL refresh_timeframes();
SELECT is(differences(), 0::bigint, 'deleted and moved candles take theirs along');
SELECT is(
    (SELECT count(*)::int FROM candle_data WHERE instrument_id = 2 AND timeframe = '1d' AND ts >= '2026-08-06'), 0,
    'no source, no candle');

-- Exchange-made candles stay, whatever the minutes say; derived ones that somebody lost come back.
UPDATE candle_data SET source = 'h', close = 111, high = 1000
WHERE instrument_id = 1 AND timeframe = '1d' AND ts = '2026-07-29';
UPDATE candle_data SET close = 101 WHERE instrument_id = 1 AND timeframe = '1m' AND ts = '2026-07-29 15:29';
DELETE FROM candle_data WHERE instrument_id = 1 AND timeframe = '30m';
CALL refresh_timeframes();
SELECT is(
    (SELECT close || source::text FROM candle_data WHERE instrument_id = 1 AND timeframe = '1d' AND ts = '2026-07-29'),
    '111h', 'an exchange-made day is never overwritten');
SELECT is(
    (SELECT high FROM candle_data WHERE instrument_id = 1 AND timeframe = '1w' AND ts = '2026-07-27'), 1000::float8,
    'and its week is made of it');
SELECT is(differences('1d'), 0::bigint, 'all others are what resampling gives');
DELETE FROM candle_data WHERE instrument_id = 1 AND timeframe = '1m' AND ts >= '2026-07-29' AND ts < '2026-07-30';
CALL refresh_timeframes();
SELECT is(
    (SELECT count(*)::int FROM candle_data WHERE instrument_id = 1 AND timeframe = '1d' AND ts = '2026-07-29'), 1,
    'nor deleted');

-- Chosen targets leave the rest for later.
UPDATE candle_data SET volume = volume + 1 WHERE instrument_id = 1 AND timeframe = '1m' AND ts = '2026-08-05 10:00';
CALL refresh_timeframes(targets => '{5m,1d,2m}');
SELECT is(
    (SELECT count(*)::int FROM candle_data WHERE timeframe = '2m'),
    (SELECT count(*)::int FROM instrument_master m, resample_candles(m.instrument_id, '1m', '2m')),
    'another timeframe is made from its beginning');
SELECT isnt(log(), NULL, 'what was skipped stays logged');
CALL refresh_timeframes(targets => '{2m}');
CALL refresh_timeframes();
DELETE FROM candle_data WHERE timeframe = '2m';
SELECT is(
    (
        SELECT count(*)::int
        FROM instrument_master m, (VALUES ('3m'), ('15m'), ('30m'), ('1h'), ('4h')) t (target),
            resample_candles(m.instrument_id, '1m', t.target) r
           LEFT
               JOIN LATERAL (
                   SELECT *
                   FROM candle_data c
                   WHERE c.instrument_id = m.instrument_id AND c.timeframe = t.target AND c.ts = r.ts) c ON true
           WHERE (c.volume, c.close) IS DISTINCT FROM (r.volume, r.close)), 0, 'and is made by the next plain call');

-- A writer that logs itself, and TRUNCATE.
CALL refresh_timeframes(targets => '{2m}');
SET LOCAL pg_candle.log_changes = off;
UPDATE candle_data SET volume = 5 WHERE instrument_id = 1 AND timeframe = '1m' AND ts = '2026-08-05 10:00';
SELECT is(log(), NULL, 'pg_candle.log_changes = off: somebody else logs');
RESET pg_candle.log_changes;
TRUNCATE candle_data;
SELECT is(
    (
        SELECT earliest || ' ' || count(*) OVER ()
        FROM candle_change
        WHERE (consumer, instrument_id, timeframe) = ('timeframes', 0, '*')), '-infinity 1',
    'TRUNCATE is logged for all series');
CALL refresh_timeframes();
SELECT is((SELECT count(*)::int FROM candle_data), 0, 'nothing comes from nothing');

SELECT throws_ok($$CALL refresh_timeframes(9)$$, '42704', NULL, 'no such instrument');
SELECT throws_ok($$CALL refresh_timeframes(targets => '{1m}')$$, '22023', NULL, '1m is made of nothing');
SELECT throws_ok($$CALL refresh_timeframes(targets => '{60m}')$$, '22023', NULL, 'no timeframe');
SELECT throws_ok($$CALL refresh_timeframes(targets => '{5m,NULL}')$$, '22004', NULL, 'a null target');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close)
VALUES (77, '1m', '2026-08-05 10:00', 1, 1, 1, 1);
CALL refresh_timeframes();
SELECT is((SELECT count(*)::int FROM candle_data), 1, 'an instrument without a segment is left out');
SELECT is(log(), '77/1m 08-05 10:00', 'and stays logged');

-- Whoever may write candles needs no right on the log.
CREATE ROLE candle_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON candle_data TO candle_writer;
SET ROLE candle_writer;
UPDATE candle_data SET close = 1;
SELECT throws_ok('SELECT FROM candle_change', '42501', NULL, 'the log is not theirs');
SELECT throws_ok('CALL refresh_timeframes()', '42501', NULL, 'refreshing needs rights');
RESET ROLE;
SELECT is(log(), '77/1m 08-05 10:00', 'but their changes are logged, once in a transaction');
SELECT * FROM finish();
ROLLBACK;
