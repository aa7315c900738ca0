-- What no trigger sees (logical replication's apply, session_replication_role, repairs below SQL) is found by reading:
-- verify.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
SET timezone = 'Asia/Kolkata';
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (1, 'NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE'), (2, 'C|2', 'C', 'CRYPTO', 'SPOT', 'TWO');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
SELECT id, '5m', '2026-01-05 09:15'::timestamptz + n * interval '5 min', p, p + 2, p - 2, p + 1, 1000 + n % 77
FROM generate_series(1, 2) id, generate_series(0, 5999) n,
    LATERAL (SELECT 100 + 20 * sin(n / 17.0) + (hashint4(n + id) % 1000) / 500.0 AS p) x;
SELECT is(compute_indicators(), 12000::bigint, 'computed');
CREATE FUNCTION wrong() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('%s %s', coalesce(i.instrument_id, f.instrument_id), coalesce(i.ts, f.ts))
    FROM unnest('{1,2}'::int[]) id CROSS JOIN LATERAL (SELECT * FROM indicators(NULL::indicator_data, id, '5m')) f
    FULL
        JOIN indicator_data i ON i.instrument_id = f.instrument_id AND i.timeframe = f.timeframe AND i.ts = f.ts
        WHERE i.ts IS NULL OR f.ts IS NULL OR NOT i *= f $$;
CREATE FUNCTION unseen(change text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL session_replication_role = replica;
    EXECUTE change;
    SET LOCAL session_replication_role = origin;
END $$;
CREATE TABLE change (n serial, name text, statement text, rows int);
INSERT INTO change (name, statement, rows) VALUES
    (
        'a candle corrected',
        $$UPDATE candle_data SET close = high WHERE instrument_id = 1 AND ts = '2026-01-05 12:00'$$, NULL),
    ('one deleted', $$DELETE FROM candle_data WHERE instrument_id = 1 AND ts = '2026-01-06 12:00'$$, NULL),
    (
        'one added',
        $$
            INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
            VALUES (2, '5m', '2026-01-06 12:02', 100, 100, 100, 100, 5)$$, NULL),
    (
        'a row of indicators changed',
        $$UPDATE indicator_data SET sma_9 = 7 WHERE instrument_id = 1 AND ts = '2026-01-06 12:05'$$, 1),
    ('a hundred deleted', $$DELETE FROM indicator_data WHERE instrument_id = 2 AND bars BETWEEN 500 AND 599$$, 100),
    (
        'one that has no candle',
        $$INSERT INTO indicator_data (instrument_id, timeframe, ts) VALUES (2, '5m', '2026-01-06 12:03')$$, 1);
CREATE FUNCTION heals(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    written bigint;
BEGIN
    PERFORM unseen(change);
    IF compute_indicators() <> 0 THEN RETURN 'it was seen'; END IF;
    IF NOT EXISTS (SELECT FROM wrong()) THEN RETURN 'nothing is wrong'; END IF;
    written := compute_indicators(verify => true);
    IF EXISTS (SELECT FROM wrong()) THEN RETURN 'still wrong'; END IF;
    RETURN format(
        'healed by %s, then %s', CASE
            WHEN written < 200 THEN written::text
            ELSE 'many' END, compute_indicators(verify => true));
END $$;
SELECT is(heals(statement), format('healed by %s, then 0', coalesce(rows::text, 'many')), name) FROM change ORDER BY n;
SELECT unseen($$UPDATE indicator_data SET sma_9 = 1 WHERE ts < '2026-01-07'$$);
CREATE TEMP TABLE places AS SELECT instrument_id, ts, ctid AS place FROM indicator_data WHERE ts >= '2026-01-07';
SELECT is(
    compute_indicators(2, verify => true),
    (SELECT count(*) FROM indicator_data WHERE instrument_id = 2 AND ts < '2026-01-07'),
    'of one instrument, what differs is written');
SELECT is(
    (
        SELECT count(*)
        FROM places p
        JOIN indicator_data i ON i.ctid = p.place AND i.ts = p.ts AND i.instrument_id = p.instrument_id
        WHERE p.instrument_id = 2), (SELECT count(*) FROM places WHERE instrument_id = 2), 'and nothing else');
SELECT is(
    compute_indicators('ONE', verify => true),
    (SELECT count(*) FROM indicator_data WHERE instrument_id = 1 AND ts < '2026-01-07'), 'by name');
SELECT is_empty('SELECT * FROM wrong() LIMIT 3', 'all is right');
SELECT ok((SELECT bool_and(verified_at IS NOT NULL) FROM indicator_state), 'when a series was verified is noted');
SELECT * FROM finish();
ROLLBACK;
