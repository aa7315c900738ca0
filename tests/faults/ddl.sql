-- For ddl.sh: two instruments with candles, everything derived and computed, and what differs from a rebuild.

CREATE FUNCTION fill(id int, tf text, first int, last int, slope float8 DEFAULT 1) RETURNS void LANGUAGE sql AS $$
    INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume, oi)
    SELECT id, tf, CASE tf WHEN '1d' THEN ('2024-01-01'::date + n)::timestamp AT TIME ZONE 'Asia/Kolkata'
                           ELSE '2026-01-05 09:15+05:30'::timestamptz + n * interval '1 min' END,
           p, p + 2, p - 2, p + 1, 1000 + n % 77, n
    FROM (
        SELECT n, slope * (100 + 20 * sin(n / 17.0) + (hashint4(n + id) % 1000) / 500.0) AS p
        FROM generate_series(first, last) n) s $$;

-- Rows of indicators that differ from a rebuild in a bit, and derived candles that are not what resampling gives.
CREATE FUNCTION wrong() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    s record;
BEGIN
    FOR s IN SELECT DISTINCT instrument_id, timeframe
        FROM candle_data
        WHERE timeframe IS NOT NULL
        UNION SELECT DISTINCT instrument_id, timeframe
        FROM indicator_data LOOP
        RETURN QUERY SELECT format('indicators %s/%s %s', s.instrument_id, s.timeframe, coalesce(stored.ts, fresh.ts))
            FROM (
                SELECT d AS r, d.ts
                FROM indicator_data d
                WHERE d.instrument_id = s.instrument_id AND d.timeframe = s.timeframe) stored
            FULL
                JOIN (
                    SELECT f AS r, f.ts FROM indicators(NULL::indicator_data, s.instrument_id, s.timeframe) f
                ) fresh ON stored.ts = fresh.ts
            WHERE stored.ts IS NULL OR fresh.ts IS NULL OR NOT stored.r *= fresh.r;
    END LOOP;
    RETURN QUERY SELECT format(
        'derived %s/%s %s', coalesce(stored.instrument_id, fresh.instrument_id),
        coalesce(stored.timeframe, fresh.target), coalesce(stored.ts, fresh.ts))
        FROM (
            SELECT m.instrument_id, t.target, r.*
            FROM instrument_master m,
                (VALUES ('1m', '5m'), ('1m', '1h'), ('1d', '1w'), ('1d', '1mo')) t (source, target),
                  resample_candles(m.instrument_id, t.source, t.target) r) fresh
        FULL
            JOIN (
                SELECT *
                FROM candle_data
                WHERE source = 'd'
                  AND timeframe IN ('5m', '1h', '1w', '1mo')
                  AND instrument_id IN (SELECT instrument_id FROM instrument_master)) stored
            ON stored.instrument_id = fresh.instrument_id AND stored.timeframe = fresh.target AND stored.ts = fresh.ts
        WHERE (stored.open, stored.high, stored.low, stored.close, stored.volume, stored.oi)
            IS DISTINCT FROM (fresh.open, fresh.high, fresh.low, fresh.close, fresh.volume, fresh.oi);
END $$;

INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (1, 'NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE'), (2, 'C|2', 'C', 'CRYPTO', 'SPOT', 'TWO'),
    (7, 'NSE_EQ|7', 'NSE', 'NSE_EQ', 'EQ', 'SEVEN');
SELECT fill(1, '1d', 0, 400), fill(2, '1d', 0, 99), fill(1, '1m', 0, 374), fill(2, '1m', 0, 1200);
CALL refresh_timeframes();
SELECT compute_indicators();
