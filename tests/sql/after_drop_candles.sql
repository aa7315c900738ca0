-- What people do after drop_candles(): to other timeframes, the columns, the table of cuts, the dropped candles
-- themselves.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
SET timezone = 'Asia/Kolkata';
SET pg_candle.now = '2026-08-13 12:00';
INSERT INTO instrument_master
    (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (1, 'NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
SELECT 1, '1m', t, 100, 120, 90, 100 + n % 17, n
FROM trading_sessions('NSE', '2026-07-27', '2026-08-12') s,
    generate_series(opens_at, closes_at - interval '1 min', '1 min') WITH ORDINALITY g (t, n);
CALL refresh_timeframes();
SELECT ok(compute_indicators() > 0, 'an instrument with all timeframes');
CREATE TABLE history AS SELECT * FROM indicator_data;
CREATE TABLE candles AS SELECT * FROM candle_data;

CREATE FUNCTION differing(what text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('%s: %s %s', what, h.timeframe, h.ts) FROM history h
    LEFT JOIN indicator_data i USING (instrument_id, timeframe, ts)
    WHERE NOT i *= h OR i.ts IS NULL ORDER BY 1 LIMIT 3 $$;
-- After a cut without a past, a series is what can be computed from the candles that are left.
CREATE FUNCTION unlike_what_is_left(series_timeframe text) RETURNS SETOF timestamptz LANGUAGE sql AS $$
    SELECT i.ts FROM indicators(NULL::indicator_data, 1, series_timeframe) i
    LEFT JOIN indicator_data d USING (instrument_id, timeframe, ts)
    WHERE NOT d *= i OR d.ts IS NULL ORDER BY 1 LIMIT 3 $$;
SAVEPOINT whole;

-- Derived candles that were dropped are not made again.
CALL drop_candles('1m', '2026-07-30');
CALL drop_candles('5m', '2026-08-05');
ALTER TABLE candle_data DISABLE TRIGGER log_candle_insert;
ALTER TABLE candle_data ENABLE TRIGGER log_candle_insert;
CALL refresh_timeframes();
SELECT is(compute_indicators(), 0::bigint, 'two timeframes with cuts of their own');
CALL refresh_timeframes(force => true);
SELECT is((SELECT min(ts) FROM candle_data WHERE timeframe = '5m'), '2026-08-05 09:15'::timestamptz,
    'what was dropped does not come back, not even by force');
SELECT is_empty('SELECT differing(''cuts'')', 'and nothing changes');
ROLLBACK TO whole;
CALL drop_candles('5m', '2026-08-05');
UPDATE candle_data SET close = 118 WHERE timeframe = '1m' AND ts = '2026-07-28 10:00';
CALL refresh_timeframes();
SELECT is((SELECT min(ts) FROM candle_data WHERE timeframe = '5m'), '2026-08-05 09:15'::timestamptz,
    'nor by a correction of what they were made of');
SELECT ok(compute_indicators() > 0, 'which other timeframes follow');
DELETE FROM history WHERE timeframe <> '5m';
SELECT is_empty('SELECT differing(''5m'')', 'as they are');
ROLLBACK TO whole;

-- Dropped candles that come back.
CALL drop_candles('1m', '2026-08-05');
INSERT INTO candle_data SELECT * FROM candles WHERE timeframe = '1m' AND ts = '2026-07-28 10:00';
CALL refresh_timeframes();
SELECT is(compute_indicators(), 0::bigint, 'a candle alone is of no use');
SELECT is_empty('SELECT differing(''one'')', 'and takes nothing away');
DELETE FROM candle_data WHERE timeframe = '1m' AND ts = '2026-07-28 10:00';
SELECT is(compute_indicators(), 0::bigint, 'nor when it goes again');
SELECT is_empty('SELECT differing(''none'')', 'that leaves nothing');
INSERT INTO candle_data SELECT * FROM candles WHERE timeframe = '1m' AND ts < '2026-08-05';
UPDATE candle_data SET close = 118 WHERE timeframe = '1m' AND ts = '2026-07-28 10:00';
SELECT ok(compute_indicators() > 0, 'with all of them the series is whole');
SELECT is_empty('SELECT unlike_what_is_left(''1m'')', 'and computed from its first candle');
SELECT is_empty('TABLE dropped_candles', 'nothing is dropped any more');
CALL refresh_timeframes();
SELECT results_eq(
    $$SELECT ts, open, close, volume FROM candle_data WHERE timeframe = '15m' ORDER BY 1$$,
    $$SELECT ts, open, close, volume FROM resample_candles(1, '1m', '15m', NULL, NULL) ORDER BY 1$$,
    'and what is made of it follows');
ROLLBACK TO whole;

-- Columns that are called otherwise.
CALL drop_candles('1m', '2026-08-05');
ALTER TABLE indicator_data RENAME ema_9 TO aside;
ALTER TABLE indicator_data RENAME ema_21 TO ema_9;
ALTER TABLE indicator_data RENAME aside TO ema_21;
ALTER TABLE indicator_data RENAME sma_20 TO for_a_while;
SELECT ok(compute_indicators() > 0, 'two columns change names');
SELECT is((SELECT count(ema_9) + count(ema_21) FROM indicator_data
           WHERE timeframe = '1m' AND ts < '2026-08-05'), 0::bigint,
    'rows of dropped candles do not hold one under the name of the other');
SELECT is((SELECT count(sma_50) FROM indicator_data WHERE timeframe = '1m' AND ts < '2026-08-05'),
    (SELECT count(sma_50) FROM history WHERE timeframe = '1m' AND ts < '2026-08-05'), 'others stay');
SELECT is_empty($$
    SELECT h.ts FROM history h JOIN indicator_data i USING (instrument_id, timeframe, ts)
    WHERE timeframe = '1m' AND ts >= '2026-08-05'
      AND (h.ema_9, h.ema_21) IS DISTINCT FROM (i.ema_9, i.ema_21)$$, 'later ones are right');
ALTER TABLE indicator_data RENAME for_a_while TO sma_20;
SELECT is(compute_indicators(), 0::bigint, 'one that has its name again');
SELECT is((SELECT count(sma_20) FROM indicator_data WHERE timeframe = '1m' AND ts < '2026-08-05'),
    (SELECT count(sma_20) FROM history WHERE timeframe = '1m' AND ts < '2026-08-05'), 'has its numbers');
ALTER TABLE indicator_data RENAME ema_50 TO ema_40;
SELECT ok(compute_indicators() > 0, 'an indicator that is new');
SELECT is((SELECT count(ema_40) FROM indicator_data WHERE timeframe = '1m' AND ts < '2026-08-05'),
    0::bigint, 'is NULL for dropped candles');
SELECT is_empty('SELECT unlike_what_is_left(''1m'')', 'and makes the series begin with what is left');
ALTER TABLE indicator_data RENAME ema_200 TO ema_199;
SELECT ok(compute_indicators(1, '1m', force => true) > 0, 'by force, too');
SELECT is((SELECT count(ema_199) FROM indicator_data WHERE timeframe = '1m' AND ts < '2026-08-05'),
    0::bigint, 'as well');
ALTER TABLE indicator_data RENAME sma_50 TO sma_49;
SELECT ok(compute_indicators(1, '1m') > 0, 'and after it');
SELECT is((SELECT count(sma_49) FROM indicator_data WHERE timeframe = '1m' AND ts < '2026-08-05'),
    0::bigint, 'once more');
ROLLBACK TO whole;

-- What was noted of the cut is damaged, or edited.
CREATE FUNCTION damaged(change text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    CALL drop_candles('1m', '2026-08-05');
    EXECUTE change;
    UPDATE candle_data SET close = 118 WHERE timeframe = '1m' AND ts = '2026-08-06 09:29';
    CALL refresh_timeframes();
    PERFORM compute_indicators();
    RETURN NEXT is_empty('SELECT unlike_what_is_left(''1m'')', change || ': equals a rebuild');
    RETURN NEXT is((SELECT count(*) FROM indicator_data WHERE timeframe = '1m' AND ts < '2026-08-05'),
        (SELECT count(*) FROM history WHERE timeframe = '1m' AND ts < '2026-08-05'),
        change || ': older rows stay');
    RETURN NEXT is(compute_indicators(verify => true), 0::bigint, change || ': verify finds nothing');
END $$;
SAVEPOINT function_made;
SELECT damaged('UPDATE dropped_candles SET state = ''\x00''');
ROLLBACK TO function_made;
SELECT damaged('UPDATE dropped_candles SET state = NULL');
ROLLBACK TO whole;
CREATE FUNCTION later_cut() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    CALL drop_candles('1m', '2026-08-05');
    UPDATE dropped_candles SET kept_from = '2026-08-07';
    UPDATE candle_data SET volume = volume + 1 WHERE timeframe = '1m' AND ts = '2026-08-06 09:29';
    PERFORM compute_indicators();
    RETURN NEXT is(compute_indicators(verify => true), 0::bigint, 'a cut that was moved leaves no gap');
    RETURN NEXT is((SELECT max(bars) FROM indicator_data WHERE timeframe = '1m'),
        (SELECT max(bars) FROM history WHERE timeframe = '1m'), 'in what is counted');
END $$;
SELECT later_cut();
ROLLBACK TO whole;

-- A trigger that keeps candles.
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep BEFORE DELETE ON candle_data FOR EACH ROW EXECUTE FUNCTION keep();
CALL drop_candles('1m', '2026-08-05');
SELECT is_empty('TABLE dropped_candles', 'what was not deleted is not noted as dropped');
DROP TRIGGER keep ON candle_data;
UPDATE candle_data SET close = 118 WHERE timeframe = '1m' AND ts = '2026-07-29 09:29';
CALL refresh_timeframes();
SELECT is((SELECT close FROM candle_data WHERE timeframe = '15m' AND ts = '2026-07-29 09:15'), 118::float8,
    'and corrections reach what is made of it');
ROLLBACK TO whole;

-- Triggers of one's own that change what is written: when they go, it is put right.
CREATE FUNCTION round_it() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN new.sma_9 := round(new.sma_9::numeric, 1); RETURN new; END';
CREATE FUNCTION lower_it() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN IF new.source = ''d'' THEN new.close := new.low; END IF; RETURN new; END';
CREATE TRIGGER round_it BEFORE INSERT OR UPDATE ON indicator_data
    FOR EACH ROW EXECUTE FUNCTION round_it();
CREATE TRIGGER lower_it BEFORE INSERT OR UPDATE ON candle_data
    FOR EACH ROW EXECUTE FUNCTION lower_it();
UPDATE candle_data SET close = 118 WHERE timeframe = '1m' AND ts = '2026-08-03 09:29';
CALL refresh_timeframes();
SELECT ok(compute_indicators() > 0, 'triggers change what is written');
DROP TRIGGER round_it ON indicator_data;
DROP TRIGGER lower_it ON candle_data;
CALL refresh_timeframes();
SELECT ok(compute_indicators() > 0, 'without them');
SELECT is_empty('SELECT unlike_what_is_left(t) FROM unnest(''{1m,5m,15m,1h,1d}''::text[]) t',
    'all is as it should be');
SELECT results_eq(
    $$SELECT ts, open, close, volume FROM candle_data WHERE timeframe = '15m' ORDER BY 1$$,
    $$SELECT ts, open, close, volume FROM resample_candles(1, '1m', '15m', NULL, NULL) ORDER BY 1$$,
    'derived candles, too');
ROLLBACK TO whole;

-- Rules stand in the way of everything that is written; they are named.
CREATE RULE aside AS ON INSERT TO candle_data DO ALSO NOTHING;
SELECT throws_ok('CALL refresh_timeframes()', '55000', 'rule aside of public.candle_data is in the way');
SELECT throws_ok('CALL drop_candles(''1m'', ''2026-08-05'')', '55000',
    'rule aside of public.candle_data is in the way');
SELECT lives_ok('SELECT compute_indicators()', 'which only reads candles');
SELECT * FROM finish();
ROLLBACK;
