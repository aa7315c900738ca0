-- For freshness.sh: random histories of candles, and the comparison with a rebuild.

CREATE FUNCTION rnd(below int) RETURNS int LANGUAGE sql VOLATILE RETURN floor(random() * below)::int;

-- Rows of indicator_data that are not, bit for bit, what computing from the first candle gives; missing and superfluous
-- ones, too.
CREATE FUNCTION wrong_rows() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    s record;
BEGIN
    FOR s IN SELECT DISTINCT instrument_id, timeframe
        FROM candle_data
        UNION SELECT DISTINCT instrument_id, timeframe
        FROM indicator_data LOOP
        RETURN QUERY SELECT format('%s/%s %s', s.instrument_id, s.timeframe, coalesce(stored.ts, fresh.ts))
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
END $$;

CREATE FUNCTION candle_at(n int, timeframe text) RETURNS timestamptz LANGUAGE sql IMMUTABLE RETURN
    CASE timeframe
        WHEN '1d' THEN ('2020-01-01'::date + n)::timestamp AT TIME ZONE 'Asia/Kolkata'
        ELSE '2026-01-05 09:15+05:30'::timestamptz + n * timeframe::interval END;

-- Candles first .. last of a series get random prices, whether they are there or not.
CREATE FUNCTION put_candles(id int, tf text, first int, last int, density float8 DEFAULT 1) RETURNS void
    LANGUAGE sql
    AS $$
    INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT id, tf, candle_at(n, tf), p, p + h, p - h, p + (random() - 0.5) * h, CASE
        WHEN random() < 0.95 THEN rnd(10000) END
    FROM (
        SELECT n, 100 + 20 * sin(n / 40.0) + round(random()::numeric, 2)::float8 AS p,
        round((random() * 3)::numeric, 2)::float8 AS h
          FROM generate_series(first, last) n WHERE random() < density) s
    ON CONFLICT (instrument_id, timeframe, ts) DO UPDATE
        SET open = EXCLUDED.open, high = EXCLUDED.high, low = EXCLUDED.low, close = EXCLUDED.close,
            volume = EXCLUDED.volume $$;

-- One thing that happens to candles, or to what is computed from them. Says what it did.
CREATE FUNCTION random_step() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    id int := 1 + rnd(3);
    tf text := (ARRAY['1m', '1m', '5m', '1d'])[1 + rnd(4)];
    longest int := CASE WHEN tf = '1m' THEN 1600 ELSE 700 END;
    size int := (SELECT count(*) FROM candle_data c WHERE c.instrument_id = id AND c.timeframe = tf);
    last int := coalesce((SELECT CASE tf WHEN '1d' THEN max(ts AT TIME ZONE 'Asia/Kolkata')::date - '2020-01-01'::date
                          ELSE extract(
                              epoch FROM max(ts) - candle_at(0, tf))::int / extract(epoch FROM tf::interval)::int END
                          FROM candle_data c WHERE c.instrument_id = id AND c.timeframe = tf), -1);
    place int := rnd(greatest(last, 1));
    kind int := rnd(100);
    name text;
BEGIN
    IF size > longest THEN
        DELETE FROM candle_data c WHERE c.instrument_id = id AND c.timeframe = tf AND random() < 0.5;
        RETURN format('thin out %s/%s', id, tf);
    ELSIF kind < 30 THEN
        PERFORM put_candles(id, tf, last + 1, last + 1 + rnd(3));
        RETURN format('append to %s/%s', id, tf);
    ELSIF kind < 38 THEN
        PERFORM put_candles(id, tf, last + 1, last + 1 + rnd(700), 0.9);
        RETURN format('append many to %s/%s', id, tf);
    ELSIF kind < 45 THEN
        PERFORM put_candles(id, tf, greatest(last - rnd(3), 0), last);
        RETURN format('change the last of %s/%s', id, tf);
    ELSIF kind < 60 THEN
        PERFORM put_candles(id, tf, place, place + rnd(4));
        RETURN format('late candles of %s/%s at %s of %s', id, tf, place, last);
    ELSIF kind < 66 THEN
        UPDATE candle_data c SET close = low, volume = volume + 1
        WHERE c.instrument_id = id AND c.timeframe = tf AND ts >= candle_at(place, tf) AND random() < 0.02;
        RETURN format('corrections of %s/%s from %s', id, tf, place);
    ELSIF kind < 72 THEN
        DELETE
        FROM candle_data c
        WHERE c.instrument_id = id
          AND c.timeframe = tf
          AND ts BETWEEN candle_at(place, tf)
          AND candle_at(place + rnd(20), tf);
        RETURN format('delete of %s/%s at %s', id, tf, place);
    ELSIF kind < 74 THEN
        DELETE FROM candle_data c WHERE c.instrument_id = id AND c.timeframe = tf AND ts >= candle_at(place, tf);
        RETURN format('cut %s/%s at %s', id, tf, place);
    ELSIF kind < 76 THEN
        UPDATE candle_data c SET ts = ts + interval '7 seconds'
        WHERE c.instrument_id = id AND c.timeframe = tf AND ts = candle_at(place, tf)
            AND NOT EXISTS (
                SELECT
                FROM candle_data o
                WHERE o.instrument_id = id AND o.timeframe = tf AND o.ts = c.ts + interval '7 seconds');
        RETURN format('move a candle of %s/%s', id, tf);
    ELSIF kind < 78 THEN
        UPDATE candle_data c SET instrument_id = 4
        WHERE c.instrument_id = id AND c.timeframe = tf AND ts = candle_at(place, tf)
            AND NOT EXISTS (SELECT FROM candle_data o WHERE o.instrument_id = 4 AND o.timeframe = tf AND o.ts = c.ts);
        RETURN format('move a candle of %s/%s to another instrument', id, tf);
    ELSIF kind < 80 THEN
        UPDATE indicator_data d SET sma_9 = 5 WHERE d.instrument_id = id AND d.timeframe = tf AND random() < 0.01;
        -- Rows of candles that are not there, also of a series that has none.
        INSERT INTO indicator_data (instrument_id, timeframe, ts, bars)
        VALUES (id + rnd(2), tf, candle_at(place, tf) + interval '1 second', 1)
        ON CONFLICT DO NOTHING;
        RETURN format('foreign changes of indicators of %s/%s', id, tf);
    ELSIF kind < 82 THEN
        DELETE FROM indicator_data d WHERE d.instrument_id = id AND d.timeframe = tf AND ts >= candle_at(place, tf);
        RETURN format('foreign deletes of indicators of %s/%s', id, tf);
    ELSIF kind < 84 THEN
        UPDATE indicator_state d SET state = set_byte(state, rnd(length(state)), rnd(256))
        WHERE d.instrument_id = id AND d.timeframe = tf;
        UPDATE indicator_checkpoint d SET state = set_byte(state, rnd(length(state)), rnd(256))
        WHERE d.instrument_id = id AND random() < 0.5;
        PERFORM put_candles(id, tf, place, place);
        RETURN format('damaged states of %s', id);
    ELSIF kind < 86 THEN
        UPDATE indicator_state d
            SET state = (SELECT o.state FROM indicator_state o WHERE o.instrument_id = 4 - id AND o.timeframe = tf)
        WHERE d.instrument_id = id AND d.timeframe = tf;
        RETURN format('a foreign state for %s/%s', id, tf);
    ELSIF kind < 87 THEN
        DELETE FROM indicator_state d WHERE d.instrument_id = id;
        IF random() < 0.3 THEN DELETE FROM candle_data c WHERE c.instrument_id = id; END IF;
        RETURN format('states of %s deleted', id);
    ELSIF kind < 88 THEN
        DELETE FROM indicator_checkpoint d WHERE d.instrument_id = id AND random() < 0.5;
        PERFORM put_candles(id, tf, place, place);
        RETURN format('checkpoints of %s deleted', id);
    ELSIF kind < 91 THEN
        name := (
            ARRAY[
                'ema_34', 'rsi_7', 'volatility_20', 'r2_30', 'sma_300', 'vwap', 'bb_upper_50_1', 'volume_ratio_10',
                'note'])[1 + rnd(9)];
        IF EXISTS (
            SELECT FROM pg_attribute WHERE attrelid = 'indicator_data'::regclass AND attname = name AND NOT attisdropped
        ) THEN
            EXECUTE format('ALTER TABLE indicator_data DROP COLUMN %I', name);
            -- Gone and back again, empty.
            IF random() < 0.3 THEN EXECUTE format(
                'ALTER TABLE indicator_data ADD COLUMN %I %s', name, CASE name WHEN 'note' THEN 'text' ELSE 'float8' END
            );
                END IF;
        ELSE
            EXECUTE format(
                'ALTER TABLE indicator_data ADD COLUMN %I %s', name, CASE
                    WHEN name = 'note' THEN 'text'
                    WHEN random() < 0.3 THEN 'real'
                    ELSE 'float8' END);
        END IF;
        RETURN format('column %s', name);
    ELSIF kind < 92 THEN
        UPDATE trading_calendar SET timezone = (ARRAY['Asia/Kolkata', 'Asia/Tokyo', 'America/New_York'])[1 + rnd(3)]
        WHERE calendar = 'NSE';
        RETURN 'sessions moved to another zone';
    ELSIF kind < 93 THEN
        PERFORM compute_indicators(id, tf, since => candle_at(place, tf));
        RETURN format('only since %s of %s/%s', place, id, tf);
    ELSIF kind < 95 THEN
        PERFORM put_candles(id, tf, rnd(greatest(last, 1)), place);
        PERFORM compute_indicators(id, tf, since => candle_at(place, tf));
        PERFORM put_candles(id, tf, last + 1, last + 3);
        PERFORM compute_indicators(id, tf, since => candle_at(place + rnd(5), tf), force => random() < 0.3);
        RETURN format('changes, then twice only since %s of %s/%s', place, id, tf);
    ELSIF kind < 96 THEN
        PERFORM compute_indicators(id, tf, force => true);
        RETURN format('force for %s/%s', id, tf);
    ELSIF kind < 97 THEN
        DELETE FROM candle_data c WHERE c.instrument_id = id AND c.timeframe = tf;
        RETURN format('all of %s/%s deleted', id, tf);
    ELSIF kind < 98 THEN
        IF random() < 0.3 THEN
            TRUNCATE candle_data;
            RETURN 'TRUNCATE candle_data';
        END IF;
        TRUNCATE indicator_data;
        RETURN 'TRUNCATE indicator_data';
    ELSE
        BEGIN
            PERFORM put_candles(id, tf, place, place + 3);
            PERFORM compute_indicators(id, tf);
            RAISE division_by_zero;
        EXCEPTION WHEN division_by_zero THEN
        END;
        RETURN format('a change of %s/%s that is rolled back together with its refresh', id, tf);
    END IF;
END $$;

-- `count` steps; after each the table is refreshed in one of the ways there are, equals a rebuild, and a second refresh
-- writes nothing.
CREATE PROCEDURE random_history(seed int, count int) LANGUAGE plpgsql AS $$
DECLARE
    step text;
    wrong text;
    again bigint;
BEGIN
    PERFORM setseed(seed / 10000.0);
    FOR i IN 1 .. count LOOP
        step := random_step();
        COMMIT;
        IF random() < 0.2 THEN
            step := step || '; ' || random_step();
            COMMIT;
        END IF;
        CASE rnd(4)
            WHEN 0 THEN CALL refresh_indicators();
            WHEN 1 THEN PERFORM compute_indicators(n)
                FROM generate_series(1, 4) n
                WHERE EXISTS (SELECT FROM candle_data WHERE instrument_id = n)
                  OR EXISTS (SELECT FROM indicator_data WHERE instrument_id = n);
            ELSE PERFORM compute_indicators();
        END CASE;
        COMMIT;
        SELECT string_agg(w, ', ') INTO wrong FROM (SELECT * FROM wrong_rows() w LIMIT 3) w;
        again := compute_indicators();
        IF wrong IS NOT NULL OR again > 0 OR EXISTS (SELECT FROM candle_change WHERE consumer = 'indicators') THEN
            RAISE EXCEPTION 'seed %, step %: % -> wrong: %, a second refresh wrote % rows', seed, i, step,
                coalesce(wrong, 'nothing'), again;
        END IF;
        COMMIT;
    END LOOP;
END $$;

-- What a writer of candles does, for writers that run at once; each statement a transaction of its own unless the
-- caller has one.
CREATE FUNCTION write_some(id int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    tf text := (ARRAY['1m', '5m'])[1 + rnd(2)];
    last int := coalesce(
        (
            SELECT extract(epoch FROM max(ts) - candle_at(0, tf))::int / extract(epoch FROM tf::interval)::int
            FROM candle_data c
            WHERE c.instrument_id = id AND c.timeframe = tf), -1);
    place int := rnd(greatest(last, 1));
BEGIN
    CASE rnd(5)
        WHEN 0 THEN PERFORM put_candles(id, tf, place, place + rnd(3));
        WHEN 1 THEN DELETE
            FROM candle_data c
            WHERE c.instrument_id = id AND c.timeframe = tf AND ts = candle_at(place, tf);
        WHEN 2 THEN PERFORM put_candles(id, tf, last, last);
        ELSE PERFORM put_candles(id, tf, last + 1, last + 1 + rnd(40));
    END CASE;
END $$;
