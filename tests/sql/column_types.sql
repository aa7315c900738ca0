-- Prices, volumes and times of other types: what comes out is what comes out after an explicit cast, or one clear
-- error.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
SET timezone = 'Asia/Kolkata';
SET client_min_messages = error;
DROP VIEW data_freshness;
ALTER TABLE candle_data DROP CONSTRAINT candle_data_prices;
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (1, 'C|X', 'C', 'CRYPTO', 'SPOT', 'COIN');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume, oi)
SELECT 1, '1m', '2026-01-05 00:00'::timestamptz + n * interval '1 min', 100.125 + n % 3, 103.5, 99, 100.25 + n % 4, n,
    7 + n
FROM generate_series(0, 599) n
WHERE n NOT IN (7, 8);

-- All that functions make of the candles.
CREATE FUNCTION made() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text := '';
BEGIN
    DELETE FROM candle_data WHERE source = 'd';
    answer := (SELECT md5(string_agg(r::text, ',' ORDER BY ts)) FROM resample_candles(1, '1m', '1h') r)
        || (SELECT md5(string_agg(r::text, ',' ORDER BY ts)) FROM indicators(NULL::indicator_data, 1, '1m') r);
    CALL refresh_timeframes();
    PERFORM compute_indicators(force => true);
    RETURN answer || (
        SELECT md5(
            string_agg(
                concat_ws(
                    ',', timeframe, ts, open::float8, high::float8, low::float8, close::float8, volume::float8,
                    oi::float8), ';'
                    ORDER BY timeframe, ts))
        FROM candle_data)
        || (SELECT md5(string_agg(i::text, ',' ORDER BY timeframe, ts)) FROM indicator_data i);
END $$;
-- As that type, and then as float8 with the values that it left.
CREATE FUNCTION same(columns text[], type text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    one text;
    as_type text;
BEGIN
    FOREACH one IN ARRAY columns LOOP EXECUTE format(
        'ALTER TABLE candle_data ALTER %I TYPE %s USING %I::%s', one, type, one, type);
        END LOOP;
    as_type := made();
    FOREACH one IN ARRAY columns LOOP EXECUTE format(
        'ALTER TABLE candle_data ALTER %I TYPE float8 USING %I::float8', one, one);
        END LOOP;
    RETURN CASE WHEN as_type = made() THEN 'same' ELSE 'other' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION said(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE statement;
    RETURN 'nothing';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || SQLERRM || ' ' || detail;
END $$;
CREATE DOMAIN positive AS numeric(12, 4) CHECK (VALUE > 0);
SAVEPOINT before;
SELECT is(same('{close}', type), 'same', format('close as %s', type))
FROM unnest('{numeric,"numeric(18,4)",real,bigint,int,smallint,positive}'::text[]) type;
SELECT is(same('{open,high,low,close}', type), 'same', format('all prices as %s', type))
FROM unnest('{"numeric(18,8)",real,int}'::text[]) type;
SELECT is(same('{volume}', type), 'same', format('volume as %s', type))
FROM unnest('{numeric,"numeric(20,8)",real,bigint,int,float8}'::text[]) type;
SELECT is(same('{volume,oi}', type), 'same', format('volume and oi as %s', type))
FROM unnest('{numeric,bigint}'::text[]) type;
ROLLBACK TO before;

-- What cannot be read is refused, by name, everywhere.
CREATE FUNCTION said_after(change text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE change;
    RETURN (
        SELECT string_agg(DISTINCT said(c.statement), ' / ')
        FROM (VALUES ('SELECT compute_indicators()'), ('SELECT compute_indicators(1)'),
        ('SELECT * FROM indicators(NULL::indicator_data, 1, ''1m'')'),
            ('SELECT * FROM resample_candles(1, ''1m'', ''1h'')'), ('CALL refresh_timeframes()'),
        ('SELECT * FROM detect_gaps(1, ''1m'', ''2026-01-05'', ''2026-01-06'')'),
            ('SELECT * FROM completeness(''2026-01-05'', ''2026-01-06'')'),
            ('CALL drop_candles(''1m'', ''2026-01-05 03:00+05:30'')')) c (statement));
END $$;
CREATE FUNCTION refuses(change text, problem text, what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    place text[] := regexp_match(change, 'TABLE (\w+) .*(?:ALTER|COLUMN) (\w+) ');
    named text := format('^\w+ column "%s" of (table )?public.%s %s $', place[2], place[1], problem);
    answers text[];
BEGIN
    answers := string_to_array(said_after(change), ' / ');
    RAISE EXCEPTION SQLSTATE 'ZZZZZ';
EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN
    RETURN NEXT ok((SELECT bool_or(a <> 'nothing') AND bool_and(a = 'nothing' OR a ~ named)
        FROM unnest(answers) a), what);
    IF array_to_string(answers, '') !~ named THEN
        RETURN NEXT diag(array_to_string(answers, ' / '));
    END IF;
END $$;
SAVEPOINT unreadable;
SELECT is(
    said_after('ALTER TABLE candle_data ALTER close TYPE bytea USING ''\x01'''),
    '42804 column "close" of table public.candle_data has type bytea, not a number ', 'prices as bytes');
ROLLBACK TO unreadable;
SELECT is(
    said_after('ALTER TABLE candle_data DROP CONSTRAINT candle_data_volume, ALTER volume TYPE timestamptz USING now()'),
    '42804 column "volume" of table public.candle_data has type timestamp with time zone, not a number ',
    'volumes as times');
ROLLBACK TO unreadable;
SELECT is(said_after('ALTER TABLE candle_data ALTER ts TYPE timestamp'),
    '42804 column "ts" of table public.candle_data has type timestamp without time zone, not timestamp with time zone ',
        'ts as timestamp');
ROLLBACK TO unreadable;
SELECT is(
    said_after('ALTER TABLE candle_data ALTER instrument_id TYPE text'),
    '42804 column "instrument_id" of table public.candle_data has type text, not integer ', 'instruments as text');
ROLLBACK TO unreadable;
SELECT is(
    said_after('ALTER TABLE candle_data DROP COLUMN oi'),
    '42703 table public.candle_data has no column "oi" It should hold a number.', 'without a column');
ROLLBACK TO unreadable;

-- Names of series, in an order of their own; columns that nobody can write.
SELECT refuses(format('ALTER TABLE %s ALTER timeframe TYPE text COLLATE "POSIX"', t),
    'has a collation other than "C"', 'another collation of ' || t)
FROM unnest('{candle_data,indicator_data,candle_change,indicator_state,indicator_checkpoint}'::text[]) t;
ALTER TABLE candle_data ALTER timeframe TYPE text COLLATE "default";
ALTER TABLE indicator_state ALTER timeframe TYPE text COLLATE "default";
SELECT is(said_after('ALTER TABLE candle_change ALTER timeframe TYPE text COLLATE "default"'), 'nothing',
    'that of the database is right');
ROLLBACK TO unreadable;
SELECT refuses('ALTER TABLE candle_data DROP COLUMN volume, '
    'ADD COLUMN volume float8 GENERATED ALWAYS AS (7) STORED',
    'is generated and cannot be written', 'generated volumes cannot be derived');
ALTER TABLE candle_data DROP COLUMN volume,
    ADD COLUMN volume float8 GENERATED ALWAYS AS (7) STORED;
SELECT lives_ok('SELECT compute_indicators()', 'but computed with');
ROLLBACK TO unreadable;
SELECT refuses('ALTER TABLE candle_change ALTER instrument_id ADD GENERATED ALWAYS AS IDENTITY',
    'is generated and cannot be written', 'an identity column of the log');
SELECT refuses('ALTER TABLE indicator_state DROP COLUMN failures, '
    'ADD COLUMN failures int GENERATED ALWAYS AS (1) STORED',
    'is generated and cannot be written', 'a generated column of states');
SELECT refuses('ALTER TABLE indicator_data DROP COLUMN bars, '
    'ADD COLUMN bars bigint GENERATED ALWAYS AS (1) STORED',
    'is generated and cannot be computed', 'generated numbers of bars');
ROLLBACK TO before;

-- Sums: in float8, which says so when it is not exact, and never wrap.
UPDATE candle_data SET volume = 5e18 WHERE ts < '2026-01-05 00:03';
SELECT is(
    (SELECT volume FROM resample_candles(1, '1m', '3m') LIMIT 1), 1.5e19::float8, 'volumes beyond bigint are added');
UPDATE candle_data SET volume = 1.7e308 WHERE ts < '2026-01-05 00:03';
SELECT ok(
    coalesce((SELECT volume FROM resample_candles(1, '1m', '3m') LIMIT 1), 0) < 'Infinity',
    'a sum beyond float8 is not known');
UPDATE candle_data SET volume = 9007199254740991 - n
FROM (VALUES (0), (1), (2)) v (n)
WHERE ts = '2026-01-05 00:00'::timestamptz + n * interval '1 min';
SELECT is(
    (SELECT volume FROM candle_data ORDER BY ts LIMIT 1), 9007199254740991::float8, 'whole numbers are exact up to 2^53'
);
ALTER TABLE candle_data ALTER volume TYPE smallint USING 300;
SELECT alike(
    said('CALL refresh_timeframes()') || coalesce(
        (SELECT max(volume)::text FROM candle_data WHERE source = 'd'), 'none'), '%none',
    'a sum that the column cannot hold is not stored');
ROLLBACK TO before;
UPDATE candle_data SET volume = 0.4;
SELECT is((SELECT DISTINCT volume FROM candle_data), 0.4::float8, 'fractions of a coin are stored');
CALL refresh_timeframes(targets => '{1h}');
SELECT is((SELECT round(sum(volume)::numeric, 6) FROM candle_data WHERE timeframe = '1h'), 239.2, 'and added');

-- NULL prices, where the table permits them, have no candle to be made of.
ALTER TABLE candle_data ALTER open DROP NOT NULL;
UPDATE candle_data SET open = NULL WHERE ts = '2026-01-05 00:00';
SELECT alike(
    said('SELECT * FROM resample_candles(1, ''1m'', ''1h'')'), '%instrument 1%1m%2026-01-05%',
    'a NULL price is an error that names its candle');
SELECT * FROM finish();
ROLLBACK;
