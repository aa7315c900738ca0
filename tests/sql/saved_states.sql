-- What is saved between two refreshes: the log of changes, states and checkpoints, and when they are not trusted.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
CREATE FUNCTION at(n int) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE RETURN '2026-01-05 09:15+05:30'::timestamptz + n * interval '1 min';
CREATE FUNCTION make_candles(id int, first int, last int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT id, '1m', at(i), p, p + 1 + i % 3, p - 1 - i % 2, p + sin(i), i % 50
    FROM (SELECT i, 100 + 10 * sin(i / 7.0) + i / 100.0 AS p FROM generate_series(first, last) i) s $$;
CREATE FUNCTION logged() RETURNS text LANGUAGE sql RETURN
    (
        SELECT string_agg(
            format(
                '%s %s', instrument_id, CASE
                    WHEN earliest = '-infinity' THEN 'all'
                    ELSE (extract(epoch FROM earliest - at(0)) / 60)::int::text END), ', '
                ORDER BY instrument_id, earliest)
     FROM candle_change WHERE consumer = 'indicators');
CREATE FUNCTION wrong(id int) RETURNS bigint LANGUAGE sql RETURN
    (
        SELECT count(*)
        FROM (SELECT d AS r, d.ts FROM indicator_data d WHERE instrument_id = id) s
        FULL JOIN (SELECT f AS r, f.ts FROM indicators(NULL::indicator_data, id, '1m') f) f ON s.ts = f.ts
     WHERE s.ts IS NULL OR f.ts IS NULL OR NOT s.r *= f.r);

-- The log
SELECT make_candles(1, 0, 999), make_candles(2, 0, 99);
SELECT is(logged(), '1 0, 2 0', 'inserted candles are logged from the first on');
SELECT is(compute_indicators(), 1100::bigint, 'and computed');
SELECT is(logged(), NULL, 'which empties the log; what we write ourselves is not logged');
UPDATE candle_data SET volume = 3 WHERE instrument_id = 1 AND ts IN (at(50), at(70));
DELETE FROM candle_data WHERE instrument_id = 2 AND ts = at(99);
UPDATE candle_data SET ts = at(2000) WHERE instrument_id = 2 AND ts = at(98);
SELECT is(logged(), '1 50, 2 98, 2 99', 'changed, deleted and moved ones, by their earliest ts');
SELECT is(compute_indicators(2), 3::bigint, 'one instrument is refreshed');
SELECT is(logged(), '1 50', 'what is left is the other''s');
SELECT ok(compute_indicators() BETWEEN 900 AND 950, 'from the change on');
UPDATE indicator_data SET sma_9 = 1 WHERE instrument_id = 1 AND ts = at(500);
DELETE FROM indicator_data WHERE instrument_id = 2 AND ts >= at(90);
SELECT is(logged(), '1 500, 2 90', 'changes of indicators by others are logged, too');
SELECT is(compute_indicators(), 10::bigint, 'and put right: a row changed, nine deleted');
SELECT is(wrong(1) + wrong(2), 0::bigint, 'to the bit');
SET pg_candle.log_changes = off;
SELECT make_candles(1, 1000, 1004);
RESET pg_candle.log_changes;
SELECT is(logged(), NULL, 'a session that logs its changes itself switches the triggers off');
SELECT is(compute_indicators(), 5::bigint, 'new candles at the end are noticed all the same');
SELECT is(
    (
        SELECT string_agg(consumer || ' ' || count, ',')
        FROM (SELECT consumer, count(*) FROM candle_change WHERE instrument_id = 2 GROUP BY 1) c), 'timeframes 1',
    'each consumer has rows of its own; those that nobody takes become one');

-- The state
SELECT is(
    (SELECT computed_through FROM indicator_state WHERE instrument_id = 1), at(1004), 'the state says how far it is');
SELECT is((SELECT count(DISTINCT signature)::int FROM indicator_state), 1, 'one signature for one set of columns');
SELECT ok(
    (SELECT length(state) < 4096 FROM indicator_state WHERE instrument_id = 1),
    'a state of the default columns has less than 4 kB');
SELECT is(
    (SELECT state IS NULL AND computed_through IS NOT NULL FROM indicator_state WHERE instrument_id = 2), true,
    'a short series keeps none');
SELECT ok(
    (SELECT bool_and(bars % 256 = 0) AND count(*) = 3 FROM indicator_checkpoint WHERE instrument_id = 1),
    'checkpoints stand at multiples of 256');
SELECT make_candles(3, 0, 20000);
SELECT is(compute_indicators(3), 20001::bigint, 'a long series');
SELECT ok(
    (SELECT count(*) BETWEEN 8 AND 3 * 7 FROM indicator_checkpoint WHERE instrument_id = 3), 'has few checkpoints');
SELECT is((SELECT count(*)::int FROM generate_series(300, 19000, 100) back
           WHERE NOT EXISTS (
               SELECT FROM indicator_checkpoint WHERE instrument_id = 3 AND 20001 - bars BETWEEN back AND 2 * back + 256
           )
             AND 2 * back + 256 < 20001), 0, 'and one not far before any candle');
CREATE TEMP TABLE before AS SELECT ctid AS place, ts FROM indicator_data WHERE instrument_id = 3;
UPDATE candle_data SET close = open WHERE instrument_id = 3 AND ts = at(19500);
SELECT is(compute_indicators(3), 501::bigint, 'a late change writes from there on');
SELECT is(
    (
        SELECT count(*)::int
        FROM before b
        JOIN indicator_data i ON i.ctid = b.place AND i.ts = b.ts AND i.instrument_id = 3
        WHERE b.ts < at(19500)), 19500, 'and touches no row before');
SELECT is(wrong(3), 0::bigint, 'the result is that of a rebuild');
DELETE FROM candle_data WHERE instrument_id = 3 AND ts >= at(5000);
SELECT is(compute_indicators(3), 15001::bigint, 'the end is cut off');
SELECT ok((SELECT max(bars) <= 5000 FROM indicator_checkpoint WHERE instrument_id = 3), 'with its checkpoints');
DELETE FROM candle_data WHERE instrument_id = 3;
SELECT is(compute_indicators(3), 5000::bigint, 'and everything');
SELECT is((SELECT count(*)::int FROM indicator_checkpoint WHERE instrument_id = 3), 0, 'no checkpoint is left');
SELECT is(
    (SELECT computed_through IS NULL AND state IS NULL FROM indicator_state WHERE instrument_id = 3), true,
    'nor a state');
SELECT is(compute_indicators(), 0::bigint, 'and there is nothing to do');

-- since
UPDATE candle_data SET volume = volume + 1 WHERE instrument_id = 1 AND ts = at(10);
SELECT is(compute_indicators(1, since => at(1000)), 5::bigint, 'since writes from there on');
SELECT is(logged(), '1 10', 'what it skipped stays logged');
SELECT make_candles(1, 1005, 1006);
SELECT is(compute_indicators(1, since => at(1006)), 1::bigint, 'also when it is called again');
SELECT is(logged(), '1 10', 'the earliest counts');
SELECT ok(compute_indicators(1) > 900, 'a plain call writes it');
SELECT is(logged() IS NULL AND wrong(1) = 0, true, 'all of it');
SELECT make_candles(4, 0, 300);
SELECT is(compute_indicators(4, since => at(290)), 11::bigint, 'since in a series that was never computed');
SELECT is(logged(), '4 all', 'leaves its beginning logged');
SELECT is(compute_indicators(4), 290::bigint, 'for the plain call');

-- States that are not trusted
CREATE FUNCTION spoil(what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    -- A candle at the end and one far back: the state and a checkpoint are wanted.
    PERFORM make_candles(
        1, (SELECT count(*)::int FROM candle_data WHERE instrument_id = 1),
        (SELECT count(*)::int FROM candle_data WHERE instrument_id = 1));
    RETURN NEXT is(compute_indicators(1), 1::bigint, what || ': the next candle');
    UPDATE candle_data SET volume = volume + 1 WHERE instrument_id = 1 AND ts = at(900);
    PERFORM compute_indicators(1);
    RETURN NEXT is(wrong(1), 0::bigint, what || ': is noticed');
    RETURN NEXT is(
        compute_indicators(1, force => true) > 1000 AND wrong(1) = 0, true, what || ': and force gives the same');
END $$;
UPDATE indicator_state SET state = set_byte(state, length(state) - 9, (get_byte(state, length(state) - 9) + 1) % 256);
UPDATE indicator_checkpoint
    SET state = set_byte(state, length(state) - 9, (get_byte(state, length(state) - 9) + 1) % 256);
SELECT spoil('a damaged state');
UPDATE indicator_state SET state = substr(state, 1, 100) WHERE instrument_id = 1;
SELECT spoil('a state cut short');
UPDATE indicator_state SET state = '' WHERE instrument_id = 1;
SELECT spoil('an empty state');
UPDATE indicator_state SET state = (SELECT state FROM indicator_state WHERE instrument_id = 4) WHERE instrument_id = 1;
SELECT spoil('another series'' state');
UPDATE indicator_state s SET state = c.state
FROM indicator_checkpoint c
WHERE s.instrument_id = 1 AND c.instrument_id = 1 AND c.bars = 256;
SELECT spoil('an older state of the same series');
DELETE FROM indicator_state;
SELECT spoil('no state');
SET session_replication_role = replica;
DELETE
FROM indicator_data
WHERE instrument_id = 1 AND ts = (SELECT max(ts) FROM indicator_data WHERE instrument_id = 1);
RESET session_replication_role;
SELECT is(compute_indicators(1), 1::bigint, 'a last row that was deleted past the triggers is put back');
SET session_replication_role = replica;
UPDATE candle_data SET close = open, volume = 77
WHERE instrument_id = 1 AND ts = (SELECT max(ts) FROM candle_data WHERE instrument_id = 1);
RESET session_replication_role;
SELECT make_candles(1, 3000, 3000);
SELECT is(
    compute_indicators(1), 2::bigint, 'a last candle that was changed past the triggers is noticed with the next one');
SELECT is(wrong(1), 0::bigint, 'and all is right');

-- Columns and calendars
ALTER TABLE indicator_data ADD COLUMN note text;
SELECT is(compute_indicators(), 0::bigint, 'a column that is no indicator changes nothing');
ALTER TABLE indicator_data DROP COLUMN ema_9;
ALTER TABLE indicator_data ADD COLUMN ema_9 float8;
SELECT ok(compute_indicators(1) > 900, 'a column that went and came back is filled again');
ALTER TABLE indicator_data RENAME COLUMN ema_9 TO ema_10;
SELECT ok(compute_indicators(1) > 900, 'a column of another name has other values');
SELECT compute_indicators();
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
    VALUES (1, 'NSE_EQ|INE1', 'NSE', 'NSE_EQ', 'EQ', 'ONE'), (2, 'MCX_FO|2', 'MCX', 'MCX_FO', 'FUT', 'TWO');
SELECT is(compute_indicators(), 0::bigint, 'an instrument of the same zone');
UPDATE trading_calendar SET timezone = 'America/New_York' WHERE calendar = 'NSE';
SELECT ok(compute_indicators() > 500, 'a calendar''s other zone moves sessions');
SELECT is(wrong(1) + wrong(2), 0::bigint, 'of that calendar''s instruments');
SELECT is(compute_indicators(), 0::bigint, 'once');

-- TRUNCATE
TRUNCATE indicator_data;
SELECT is(logged(), '0 all', 'TRUNCATE of indicators is logged for all series');
SELECT ok(compute_indicators() > 1400, 'and everything comes back');
TRUNCATE candle_data;
SELECT ok(compute_indicators() > 1400, 'TRUNCATE of candles takes everything along');
SELECT is((SELECT count(*)::int FROM indicator_data), 0, 'every row');
SELECT is(logged(), NULL, 'and leaves no log');

-- Series of which only rows of indicators and of the log are left
SELECT make_candles(1, 0, 9);
SELECT compute_indicators();
DELETE FROM candle_data;
DELETE FROM indicator_state;
SELECT is(compute_indicators(), 10::bigint, 'without candles and without its state, a series is known by the log');
DELETE FROM indicator_state;
INSERT INTO indicator_data (instrument_id, timeframe, ts, bars)
VALUES (2, '5m', '2026-01-05 09:15+05:30', 1), (3, '1d', '2026-01-05 00:00+05:30', 1);
SELECT is(compute_indicators(3), 1::bigint, 'a row of a series that never was is deleted');
SELECT is(compute_indicators(timeframe => '5m'), 1::bigint, 'so is one of another timeframe');
SELECT is((SELECT count(*)::int FROM indicator_data), 0, 'nothing is left');
SELECT is(logged(), NULL, 'of the log neither');
SELECT * FROM finish();
ROLLBACK;
