-- Window functions: the numbers of the stored columns, on any table.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT id, '5m', '2026-01-05 00:00+05:30'::timestamptz + i * interval '1 min', p, p + 1 + i % 3, p - 1 - i % 2,
        p + sin(i), i % 50
    FROM (SELECT i, id, 100 * id + 10 * sin(i / 7.0) AS p FROM generate_series(0, 1439) i, generate_series(1, 2) id) s;
ALTER TABLE indicator_data ADD rma_10 float8, ADD return_5 float8, ADD log_return_5 float8, ADD volatility_20 float8,
    ADD slope_14 float8,
    ADD r2_14 float8, ADD volume_ratio_20 float8, ADD atr_pct_14 float8, ADD bb_upper_20_2p5 float8;
SELECT compute_indicators();

-- Every window function beside its column; bits, not rounded values. The series is one session, as vwap has it.
CREATE TEMP TABLE pairs AS SELECT x.* FROM (
    SELECT i.*, sma(c.close, 20) OVER w AS w_sma_20, ema(c.close, 21) OVER w AS w_ema_21,
        rma(c.close, 10) OVER w AS w_rma_10,
        rsi(c.close, 14) OVER w AS w_rsi_14, macd(c.close, 12, 26, 9) OVER w AS w_macd_12_26_9,
            macd_signal(c.close, 12, 26, 9) OVER w AS w_macd_signal_12_26_9,
        macd_hist(c.close, 12, 26, 9) OVER w AS w_macd_hist_12_26_9, bb_upper(c.close, 20, 2) OVER w AS w_bb_upper_20_2,
            bb_middle(c.close, 20, 2) OVER w AS w_bb_middle_20_2,
        bb_lower(c.close, 20, 2) OVER w AS w_bb_lower_20_2, bb_upper(c.close, 20, 2.5) OVER w AS w_bb_upper_20_2p5,
            atr(high, low, c.close, 14) OVER w AS w_atr_14,
        atr_pct(high, low, c.close, 14) OVER w AS w_atr_pct_14, adx(high, low, c.close, 14) OVER w AS w_adx_14,
            plus_di(high, low, c.close, 14) OVER w AS w_plus_di_14,
        minus_di(high, low, c.close, 14) OVER w AS w_minus_di_14,
            supertrend(high, low, c.close, 10, 3) OVER w AS w_supertrend_10_3,
        supertrend_dir(high, low, c.close, 10, 3) OVER w AS w_supertrend_dir_10_3, obv(c.close, volume) OVER w AS w_obv,
            vwap(high, low, c.close, volume) OVER w AS w_vwap,
        return_over(c.close, 5) OVER w AS w_return_5, log_return(c.close, 5) OVER w AS w_log_return_5,
            volatility(c.close, 20) OVER w AS w_volatility_20,
        slope(c.close, 14) OVER w AS w_slope_14, r2(c.close, 14) OVER w AS w_r2_14,
            volume_ratio(volume, 20) OVER w AS w_volume_ratio_20
    FROM candle_data c
    JOIN indicator_data i USING (instrument_id, timeframe, ts) WINDOW w AS (PARTITION BY instrument_id ORDER BY ts)) x;
CREATE FUNCTION differing(name text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    EXECUTE format(
        'SELECT count(*) FROM pairs WHERE float8send(%1$I) IS DISTINCT FROM float8send(%2$I)', name, 'w_' || name
    ) INTO n;
    RETURN n;
END $$;
SELECT is(differing(substr(attname, 3)), 0::bigint, substr(attname, 3) || ' equals its window function, to the bit')
    FROM pg_attribute WHERE attrelid = 'pairs'::regclass AND attname ~ '^w_' ORDER BY attnum;
SELECT is(
    (SELECT count(*)::int FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid JOIN pg_extension e ON e.oid = d.refobjid
    WHERE e.extname = 'pg_candle' AND p.prokind = 'w'), (SELECT count(*)::int - 1
        FROM pg_attribute
        WHERE attrelid = 'pairs'::regclass AND attname ~ '^w_'),
    'no window function was left out');

-- NULL and NaN are skipped, infinity is not.
SELECT results_eq(
    $$SELECT sma(x, 2) OVER (ORDER BY i) FROM (VALUES (1, 1::float8), (2, NULL), (3, 3), (4, 'NaN'), (5, 5)) v (i, x)$$,
    ARRAY[NULL, NULL, 2, NULL, 4]::float8[], 'NULL and NaN give NULL and leave the state alone');
SELECT results_eq(
    $$
        SELECT obv(c, v) OVER (ORDER BY i) FROM (VALUES (1, 1::float8, 10::float8), (2, 2, NULL), (3, 3, 5)) t (i, c, v)
    $$,
    ARRAY[10, NULL, 15]::float8[], 'in any argument');
SELECT throws_ok(
    $$SELECT ema(x, 2) OVER (ORDER BY i) FROM (VALUES (1, 1::float8), (2, 'Infinity')) v (i, x)$$, '22003', NULL,
    'infinity is an error');
SELECT throws_ok(
    $$SELECT ema(x, 2) OVER (ORDER BY i) FROM (VALUES (1, 1::float8), (2, '-Infinity')) v (i, x)$$, '22003', NULL,
    '-infinity, too');
SELECT results_eq(
    $$SELECT sma(x, 1) OVER (ORDER BY i) FROM (VALUES (1, NULL::float8), (2, NULL)) v (i, x)$$,
    ARRAY[NULL, NULL]::float8[], 'nothing but NULLs');

-- Parameters
SELECT throws_ok('SELECT sma(1.0, 0) OVER ()', '22023', 'sma cannot be computed with these parameters', 'n of 0');
SELECT throws_ok('SELECT ema(1.0, -5) OVER ()', '22023', NULL, 'a negative n');
SELECT throws_ok('SELECT rsi(1.0, 1) OVER ()', '22023', NULL, 'an n that is too small for rsi');
SELECT throws_ok('SELECT sma(1.0, 10001) OVER ()', '22023', NULL, 'an absurd n');
SELECT throws_ok('SELECT macd(1.0, 26, 12, 9) OVER ()', '22023', NULL, 'fast above slow');
SELECT throws_ok('SELECT bb_upper(1.0, 20, 0) OVER ()', '22023', NULL, 'k of 0');
SELECT throws_ok($$SELECT bb_upper(1.0, 20, 'NaN') OVER ()$$, '22023', NULL, 'k of NaN');
SELECT throws_ok($$SELECT bb_upper(1.0, 20, 'Infinity') OVER ()$$, '22023', NULL, 'an infinite k');
SELECT throws_ok('SELECT sma(1.0, NULL) OVER ()', '22004', NULL, 'an n of NULL');
SELECT throws_ok(
    'SELECT sma(i, i) OVER (ORDER BY i) FROM generate_series(1, 3) i', '22023',
    'the parameters of sma change within a partition', 'parameters that change');
SELECT results_eq(
    'SELECT sma(i, p) OVER (PARTITION BY p ORDER BY i)
     FROM generate_series(1, 2) p, generate_series(1, 2) i ORDER BY p, i',
    ARRAY[1, 2, NULL, 1.5]::float8[], 'parameters may differ between partitions');
SELECT results_eq(
    'SELECT sma(i, 3) OVER (ORDER BY i ROWS BETWEEN CURRENT ROW AND CURRENT ROW) FROM generate_series(1, 4) i',
    ARRAY[NULL, NULL, 2, 3]::float8[], 'the frame is ignored');
SELECT is(
    (SELECT count(x)::int FROM (SELECT sma(i, 10000) OVER (ORDER BY i) AS x FROM generate_series(1, 10000) i) s), 1,
    'the largest n');
SELECT throws_ok('SELECT sma(1.0, 2)', '42809', NULL, 'a window function needs OVER');
SELECT results_eq(
    'SELECT sma(i::numeric, 2) OVER (ORDER BY i) FROM generate_series(1, 3) i', ARRAY[NULL, 1.5, 2.5]::float8[],
    'numeric becomes float8');
SELECT results_eq(
    'SELECT sma(i, 2) OVER (ORDER BY i), ema(i, 2) OVER (ORDER BY i DESC) FROM generate_series(1, 3) i ORDER BY i',
    $$VALUES (NULL::float8, 1.5::float8), (1.5, 2.5), (2.5, NULL)$$, 'several in one query, each in its own order');
SELECT * FROM finish();
ROLLBACK;
