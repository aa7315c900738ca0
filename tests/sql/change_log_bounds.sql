-- candle_change stays as small as there are series, whoever reads it, or nobody.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
SET timezone = 'Asia/Kolkata';
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
SELECT i, 'NSE_EQ|' || i, 'NSE', 'NSE_EQ', 'EQ', 'S' || i FROM generate_series(1, 2) i;
CREATE FUNCTION rows() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s %s', consumer, n), ', ' ORDER BY consumer)
    FROM (SELECT consumer, count(*) AS n FROM candle_change GROUP BY 1) s $$;
CREATE FUNCTION most() RETURNS bigint LANGUAGE sql AS $$
    SELECT max(n) FROM (SELECT count(*) AS n FROM candle_change GROUP BY consumer, instrument_id, timeframe) s $$;
COMMIT;
-- Each statement in a transaction of its own, as a feed writes.
CREATE PROCEDURE feed(first int, last int, refresh text) LANGUAGE plpgsql AS $$
BEGIN
    FOR s IN first..last LOOP
        FOR i IN 1..2 LOOP
            INSERT INTO candle_data (instrument_id, timeframe, ts, source, open, high, low, close, volume)
            VALUES (
                i, '1m', '2026-01-05 09:15+05:30'::timestamptz + (s / 60) * interval '1 min', 'i', 100, 101 + s, 99,
                100 + s % 7, s)
            ON CONFLICT (instrument_id, timeframe, ts) DO UPDATE
                SET high = greatest(candle_data.high, excluded.high), close = excluded.close, volume = excluded.volume;
            COMMIT;
        END LOOP;
        IF s % 500 = 0 THEN
            EXECUTE refresh;
            COMMIT;
        END IF;
    END LOOP;
END $$;
CALL feed(1, 1500, 'SELECT compute_indicators()');
SELECT ok(most() <= 20, format('only indicators are read: %s', rows()));
SELECT compute_indicators();
SELECT ok(
    most() <= 1
      AND (SELECT count(*) <= 2 FROM candle_change),
          format('afterwards one row a series is left for who does not read: %s', rows()));
CALL feed(1501, 2500, 'SELECT 1');
SELECT ok(most() <= 20, format('nobody reads: %s', rows()));
CALL feed(2501, 3500, 'CALL refresh_timeframes()');
CALL refresh_timeframes();
SELECT ok(most() <= 20, format('only timeframes are read: %s', rows()));
SELECT compute_indicators();
CALL refresh_timeframes();
SELECT compute_indicators();
SELECT is((SELECT count(*) FROM candle_change), 0::bigint, 'read by both, none is left');

-- Rows that nobody will ever take: other timeframes, instruments that are not known, what is no timeframe, what is
-- gone.
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
SELECT 1, tf, '2026-01-05 09:15+05:30'::timestamptz + s * interval '1 hour', 1, 1, 1, 1, 1
FROM generate_series(1, 3) s, unnest('{2m,7m,2h,13m}'::text[]) tf;
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
SELECT 1, tf, '2026-01-01 00:00+05:30', 1, 1, 1, 1, 1 FROM unnest('{1d,1w,1mo}'::text[]) tf
ON CONFLICT DO NOTHING;
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
VALUES (901, '1d', '2026-01-01 00:00+05:30', 1, 1, 1, 1, 1), (901, '1m', '2026-01-01 09:15+05:30', 1, 1, 1, 1, 1);
DO $$
    BEGIN FOR i IN 1..40 LOOP UPDATE candle_data SET volume = i
        WHERE timeframe IN ('2m', '7m', '1w') OR instrument_id = 901;
        END LOOP;
        END$$;
SET client_min_messages = error;
CALL refresh_timeframes();
SELECT compute_indicators() > 0;
CALL refresh_timeframes();
SELECT compute_indicators();
SELECT ok(
    most() <= 1,
    format(
        'of other timeframes and of unknown instruments no more than one is left: %s',
        (SELECT string_agg(format('%s %s/%s', consumer, instrument_id, timeframe), ', ') FROM candle_change)));
DELETE FROM candle_data WHERE instrument_id = 901 OR timeframe IN ('2m', '7m', '2h', '13m');
CALL refresh_timeframes();
SELECT compute_indicators();
SELECT is(
    (SELECT string_agg(format('%s %s/%s', consumer, instrument_id, timeframe), ', ') FROM candle_change), NULL,
    'and none, when they are gone');
INSERT INTO candle_change
VALUES ('indicators', 1, '1D', now()), ('timeframes', 1, '60m', now()), ('indicators', 902, '1d', now()),
    ('timeframes', 903, '1m', now()), ('somebody', 1, '1m', now());
CALL refresh_timeframes();
SELECT compute_indicators();
SELECT is(
    (SELECT string_agg(consumer, ', ') FROM candle_change), 'somebody',
    'rows of what is none go; those of somebody else stay');
SELECT compute_indicators();
SELECT is(
    (SELECT count(*) FROM indicator_state WHERE instrument_id > 2), 0::bigint, 'nor is a state kept of what is gone');

-- Instruments that are updated every day have nothing to log without candles.
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
SELECT i, 'NSE_EQ|' || i, 'NSE', 'NSE_EQ', 'EQ', 'S' || i FROM generate_series(1000, 3000) i;
UPDATE instrument_master SET segment = 'BSE_EQ' WHERE instrument_id >= 1000;
UPDATE instrument_master SET trading_symbol = trading_symbol || 'X';
SELECT is(
    (SELECT count(*) FROM candle_change WHERE consumer <> 'somebody'), 0::bigint,
    'instruments without candles are not logged');
SELECT * FROM finish();
