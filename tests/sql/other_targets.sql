-- Targets that do not allow the fast path get the same rows through ordinary INSERT, and no equal row is rewritten
-- anywhere.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT id, '5m', '2026-01-05 09:15+05:30'::timestamptz + i * interval '5 min', p, p + 1 + i % 3, p - 1 - i % 2,
        p + sin(i), i % 50
    FROM (SELECT i, id, 100 + 10 * sin(i / 7.0) AS p FROM generate_series(0, 1499) i, generate_series(1, 3) id) s;
SELECT is(compute_indicators(), 4500::bigint, 'the plain table');
CREATE TABLE expected AS SELECT * FROM indicator_data;
CREATE FUNCTION as_expected(what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'CREATE TEMP TABLE places ON COMMIT DROP AS SELECT tableoid AS part, ctid AS place, xmin AS written FROM '
        'indicator_data';
    RETURN NEXT is(compute_indicators(), 0::bigint, what || ': a second run writes nothing');
    RETURN NEXT is(
        (SELECT count(*)::int FROM (SELECT tableoid, ctid, xmin FROM indicator_data EXCEPT SELECT * FROM places) d), 0,
        what || ': no row moved');
    DROP TABLE places;
    RETURN NEXT is(
        (
            SELECT count(*)::int
            FROM (
                SELECT *
                FROM expected
                EXCEPT SELECT instrument_id, timeframe, ts, bars, sma_9, sma_20, sma_50, sma_200, ema_9, ema_21, ema_50,
                    ema_200,
        rsi_14, macd_12_26_9, macd_signal_12_26_9, macd_hist_12_26_9, bb_upper_20_2, bb_middle_20_2, bb_lower_20_2,
            atr_14, adx_14, plus_di_14, minus_di_14,
        supertrend_10_3, supertrend_dir_10_3, obv, vwap, pivot, pivot_r1, pivot_r2, pivot_r3, pivot_s1, pivot_s2,
            pivot_s3, fib_236, fib_382, fib_500, fib_618, fib_786
            FROM indicator_data) d), 0, what || ': the same rows');
    UPDATE candle_data SET volume = volume + 1 WHERE instrument_id = 2 AND ts = '2026-01-05 09:20+05:30';
    RETURN NEXT ok(compute_indicators() BETWEEN 1400 AND 1500, what || ': a correction changes rows');
    DELETE FROM candle_data WHERE instrument_id = 3 AND ts > '2026-01-10 09:15+05:30';
    RETURN NEXT is(compute_indicators(), 59::bigint, what || ': deleted candles take their rows with them');
    UPDATE candle_data SET volume = volume - 1 WHERE instrument_id = 2 AND ts = '2026-01-05 09:20+05:30';
    INSERT INTO candle_data SELECT * FROM kept k ON CONFLICT DO NOTHING;
    PERFORM compute_indicators();
    RETURN NEXT is(
        (
            SELECT count(*)::int
            FROM (
                SELECT *
                FROM expected
                EXCEPT SELECT instrument_id, timeframe, ts, bars, sma_9, sma_20, sma_50, sma_200, ema_9, ema_21, ema_50,
                    ema_200,
        rsi_14, macd_12_26_9, macd_signal_12_26_9, macd_hist_12_26_9, bb_upper_20_2, bb_middle_20_2, bb_lower_20_2,
            atr_14, adx_14, plus_di_14, minus_di_14,
        supertrend_10_3, supertrend_dir_10_3, obv, vwap, pivot, pivot_r1, pivot_r2, pivot_r3, pivot_s1, pivot_s2,
            pivot_s3, fib_236, fib_382, fib_500, fib_618, fib_786
            FROM indicator_data) d), 0, what || ': and all is as it was');
    DELETE FROM indicator_data;
END $$;
CREATE TABLE kept AS SELECT * FROM candle_data;
SELECT as_expected('plain');

-- A trigger sees every row.
CREATE TABLE seen (n bigint);
CREATE FUNCTION count_rows() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN INSERT INTO seen SELECT count(*) FROM new_rows; RETURN NULL; END $$;
CREATE TRIGGER counting AFTER INSERT ON indicator_data REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
SELECT is(compute_indicators(), 4500::bigint, 'trigger: all rows');
SELECT is((SELECT sum(n) FROM seen)::bigint, 4500::bigint, 'trigger: it saw them');
SELECT as_expected('trigger');
DROP TRIGGER counting ON indicator_data;

-- A BEFORE trigger may change a row or suppress it.
CREATE FUNCTION drop_first() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN IF NEW.bars = 1 THEN RETURN NULL; END IF; RETURN NEW; END $$;
CREATE TRIGGER dropping BEFORE INSERT ON indicator_data FOR EACH ROW EXECUTE FUNCTION drop_first();
SELECT is(compute_indicators(), 4497::bigint, 'BEFORE trigger: counted is what was written');
DROP TRIGGER dropping ON indicator_data;
DELETE FROM indicator_data;

-- Generated and defaulted columns are filled, constraints are checked.
ALTER TABLE indicator_data ADD spread float8 GENERATED ALWAYS AS (bb_upper_20_2 - bb_lower_20_2) STORED,
    ADD made timestamptz NOT NULL DEFAULT now();
SELECT is(compute_indicators(), 4500::bigint, 'generated: all rows');
SELECT is_empty(
    'SELECT FROM indicator_data WHERE spread IS DISTINCT FROM bb_upper_20_2 - bb_lower_20_2 OR made IS NULL',
    'generated: filled');
SELECT as_expected('generated');
ALTER TABLE indicator_data DROP spread, DROP made;
ALTER TABLE indicator_data ADD CONSTRAINT cheap CHECK (sma_9 < 105);
SELECT throws_ok('SELECT compute_indicators(1)', '23514', NULL, 'a CHECK is honoured on the fast path');
ALTER TABLE indicator_data DROP CONSTRAINT cheap, ALTER sma_200 SET NOT NULL;
SELECT throws_ok('SELECT compute_indicators(1)', '23502', NULL, 'NOT NULL, too');
ALTER TABLE indicator_data ALTER sma_200 DROP NOT NULL, ADD CONSTRAINT plausible CHECK (rsi_14 BETWEEN 0 AND 100);
SELECT is(compute_indicators(), 4500::bigint, 'a CHECK that holds');
SELECT as_expected('checked');
ALTER TABLE indicator_data DROP CONSTRAINT plausible;

-- More indexes, one of them partial, one on an expression.
CREATE INDEX ON indicator_data (rsi_14) WHERE rsi_14 > 70;
CREATE INDEX ON indicator_data ((sma_9 - sma_20));
SELECT compute_indicators();
SET LOCAL enable_seqscan = off;
SELECT is(
    (SELECT count(*) FROM indicator_data WHERE rsi_14 > 70), (SELECT count(*) FROM expected WHERE rsi_14 > 70),
    'all indexes know the rows');
RESET enable_seqscan;
SELECT as_expected('indexed');

-- A unique index of the user's is honoured.
CREATE UNIQUE INDEX only_one ON indicator_data (bars);
SELECT is(compute_indicators(), 1500::bigint, 'a series that finds a duplicate in another unique index is left out');
SELECT throws_ok('SELECT compute_indicators(2)', '23505', NULL, 'by itself it is an error');
DROP INDEX only_one;
DELETE FROM indicator_data;

-- Row security on the target.
CREATE ROLE candle_analyst;
GRANT SELECT ON candle_data, expected, kept TO candle_analyst;
GRANT ALL ON indicator_data, indicator_state, indicator_checkpoint, candle_change TO candle_analyst;
GRANT ALL ON candle_data TO candle_analyst;
ALTER TABLE indicator_data ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON indicator_data USING (instrument_id = 1) WITH CHECK (instrument_id = 1);
SET ROLE candle_analyst;
SELECT is(compute_indicators(1), 1500::bigint, 'row security: allowed rows are written');
SELECT is(compute_indicators(1), 0::bigint, 'row security: once');
SELECT throws_ok('SELECT compute_indicators(2)', '42501', NULL, 'row security: others are refused');
RESET ROLE;
DROP POLICY own ON indicator_data;
ALTER TABLE indicator_data DISABLE ROW LEVEL SECURITY;
DELETE FROM indicator_data;

-- Row security on the candles: what one may not see is not computed with.
ALTER TABLE candle_data ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_part ON candle_data FOR SELECT USING (instrument_id = 2);
GRANT SELECT ON instrument_master TO candle_analyst;
DELETE FROM indicator_state;
SET ROLE candle_analyst;
SELECT is(compute_indicators(), 1500::bigint, 'row security: only visible candles are computed');
SELECT throws_ok(
    $$SELECT count(*) FROM indicators(NULL::indicator_data, 1, '5m')$$, '42704', NULL,
    'row security: nothing on the fly either');
RESET ROLE;
ALTER TABLE candle_data DISABLE ROW LEVEL SECURITY;
DELETE FROM indicator_data;

-- Partitions, by hash on the target and by list on the candles.
CREATE TABLE parts (LIKE indicator_data INCLUDING ALL) PARTITION BY HASH (instrument_id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
DROP TABLE indicator_data;
ALTER TABLE parts RENAME TO indicator_data;
CREATE TABLE candle_parts (LIKE candle_data INCLUDING ALL) PARTITION BY LIST (instrument_id);
CREATE TABLE candle_parts_1 PARTITION OF candle_parts FOR VALUES IN (1, 2);
CREATE TABLE candle_parts_2 PARTITION OF candle_parts DEFAULT;
INSERT INTO candle_parts SELECT * FROM candle_data;
DROP VIEW data_freshness;
DROP TABLE candle_data;
ALTER TABLE candle_parts RENAME TO candle_data;
SELECT lives_ok('SELECT create_candle_tables()', 'partitions: tables of the user''s own get the triggers, too');
SELECT is(compute_indicators(), 4500::bigint, 'partitions: all rows');
SELECT as_expected('partitions');

-- Inheritance, as people had it before partitions.
DROP TABLE indicator_data;
CREATE TABLE indicator_data (LIKE expected, PRIMARY KEY (instrument_id, timeframe, ts));
CREATE TABLE child () INHERITS (indicator_data);
SELECT is(compute_indicators(), 4500::bigint, 'inheritance: all rows');
SELECT is(compute_indicators(), 0::bigint, 'inheritance: once');
SELECT * FROM finish();
ROLLBACK;
