-- One bad series stops nobody: refused where it is written; where it got in all the same, skipped with a warning that
-- names it, and
-- deleting it heals everything.
BEGIN;
SELECT no_plan();
SELECT create_candle_tables();
INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
VALUES (1, 'NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE'), (2, 'C|2', 'C', 'CRYPTO', 'SPOT', 'TWO');
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
SELECT i, '1d', d, n, n, n, n, 1
FROM generate_series('2026-01-05 00:00+05:30'::timestamptz, '2026-01-09 00:00+05:30', '1 day') WITH ORDINALITY x (d, n),
    generate_series(1, 2) i;
INSERT INTO watchlist (instrument_id, timeframes) VALUES (1, '{1m,1d}');
SELECT is(compute_indicators(), 10::bigint, 'two series');
CREATE FUNCTION insert_candle(
    timeframe text, ts text DEFAULT '2026-01-12 00:00+05:30', volume float8 DEFAULT 1, id int DEFAULT 2) RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
    hint text;
BEGIN
    INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    VALUES (id, timeframe, ts::timestamptz, 1, 1, 1, 1, volume);
    DELETE FROM candle_data c WHERE c.ts = insert_candle.ts::timestamptz;
    RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || SQLERRM || ' ' || hint;
END $$;

-- Timeframes that are none, with what was probably meant.
SELECT is(
    insert_candle(written), '22023 "' || written || '" is not a timeframe ' || hint,
    format('"%s" is refused where it is written', written))
FROM (
    VALUES ('1D', 'Write 1d.'), ('60m', 'Write 1h.'), ('1M', 'Write 1mo.'), ('M', 'Write 1mo.'), ('day', 'Write 1d.'),
    ('1H', 'Write 1h.'), ('1min', 'Write 1m.'),
    ('D', 'Write 1d.'), ('1440m', 'Write 1d.'), ('7d', 'Write 1w.'), ('24h', 'Write 1d.'), (' 5m', 'Write 5m.'),
        ('5 minutes', 'Write 5m.'), ('weekly', 'Write 1w.'),
    ('10s', NULL), ('3d', NULL), ('1y', NULL), ('2w', NULL), ('', NULL), ('0m', NULL), ('-5m', NULL), ('1500m', NULL),
        ('5m5m', NULL), ('９m', NULL)) t (written, wanted),
    LATERAL (
        SELECT coalesce(wanted, 'Timeframes are 1m 3m 5m 15m 30m 1h 4h 1d 1w 1mo and other minutes and hours.')
    ) h (hint);
SELECT is(insert_candle(t), 'taken', format('%s is taken', t))
FROM unnest('{1m,2m,7m,59m,90m,1439m,1h,23h,1d,1w,1mo}'::text[]) t;
SELECT throws_like(
    $$UPDATE candle_data SET timeframe = '1D' WHERE instrument_id = 1 AND ts = '2026-01-09 00:00+05:30'$$,
    '"1D" is not a timeframe', 'an UPDATE is, too');
SELECT throws_like(
    $$INSERT INTO indicator_data (instrument_id, timeframe, ts) VALUES (1, '60m', now())$$, '"60m" is not a timeframe',
    'and a row of indicators');
SELECT throws_ok(
    $$INSERT INTO watchlist (instrument_id, timeframes) VALUES (2, '{1m,1D}')$$, '22023', NULL,
    'and one of the watchlist');
SELECT throws_ok(
    $$INSERT INTO watchlist (instrument_id, timeframes) VALUES (2, ARRAY['1m', NULL])$$, '22023', NULL,
    'a NULL among them');
SELECT throws_ok($$UPDATE watchlist SET timeframes = '{60m}'$$, '22023', NULL, 'by UPDATE, too');

-- What is written to a table and what is given as an argument are read alike.
CREATE FUNCTION hint(timeframe text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    PERFORM expected_candles(1, timeframe, now(), now());
    RETURN '';
EXCEPTION WHEN invalid_parameter_value THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN hint;
END $$;
SELECT is_empty($$SELECT t, hint(t), candle_timeframe_problem(t)
    FROM (
        SELECT DISTINCT n || s || u AS t
        FROM unnest(
            '{"",0,1,2,3,5,7,15,23,24,25,30,48,59,60,61,90,120,168,240,720,1380,1439,1440,1441,10080,01,1.5,-1,'
            '99999999999}'::text[]
        ) n, unnest('{""," "}'::text[]) s,
        unnest(
            '{"",m,M,min,Min,MIN,mins,minute,Minutes,h,H,hr,hour,HOURLY,d,D,day,Daily,w,W,wk,week,Weekly,mo,MO,Mo,mon,'
            'month,Monthly,y,s,sec,t,mm,dd," ",m5}'::text[]
        ) u) s
    WHERE hint(t) IS DISTINCT FROM candle_timeframe_problem(t)$$, 'with the same hints');

-- Moments and volumes that are none.
SELECT alike(insert_candle('1d', ts), '23514 %candle_data_ts%', format('a candle at %s is refused', ts))
FROM unnest('{infinity,-infinity}'::text[]) ts;
SELECT alike(insert_candle('1d', volume => v), '23514 %candle_data_volume%', format('a volume of %s is refused', v))
FROM unnest('{-1,Infinity,-Infinity,NaN}'::float8[]) v;
SELECT throws_ok(
    format(
        'INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, oi) VALUES (1, ''1d'', now(), '
        '1, 1, 1, 1, %L)',
        v), '23514', NULL, format('an open interest of %s', v))
FROM unnest('{-1,Infinity,NaN}'::float8[]) v;
SELECT throws_ok(
    format(
        'INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close) VALUES (1, ''1d'', now(), %L, '
        '1, 1, 1)',
        v), '23514', NULL, format('an open of %s', v))
FROM unnest('{2,0,Infinity,NaN}'::float8[]) v;

-- Past the triggers and checks.
SET client_min_messages = error;
CREATE FUNCTION everything() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    statement text;
BEGIN
    FOREACH statement IN ARRAY ARRAY[
        'SELECT compute_indicators()', 'SELECT compute_indicators(force => true)', 'CALL refresh_timeframes()',
        'CALL refresh_timeframes(force => true)',
        'SELECT count(*) FROM completeness(''2026-01-05'', ''2026-01-10'')',
            'SELECT count(*) FROM completeness_matrix(''2026-01-05'', ''2026-01-10'')',
            'SELECT count(*) FROM data_freshness',
        'SELECT check_freshness()', 'SELECT plan_backfill(from_date => ''2026-01-05'', to_date => ''2026-01-09'')',
            'SELECT run_due_sync_tasks()', 'SELECT create_candle_tables()', 'SELECT compute_indicators(1)',
            'SELECT compute_indicators()'] LOOP
        BEGIN
            EXECUTE statement;
        EXCEPTION WHEN OTHERS THEN
            RETURN NEXT format('%s: %s', statement, SQLERRM);
        END;
    END LOOP;
    RETURN QUERY SELECT format('instrument 1 has %s rows', count(*))
        FROM indicator_data
        WHERE instrument_id = 1 AND timeframe = '1d'
        HAVING count(*) <> 5;
END $$;
CREATE TABLE bad (
    what text, doing text,
    undoing text DEFAULT 'DELETE FROM candle_data WHERE instrument_id = 2 AND (timeframe IS NULL OR timeframe <> '
        '''1d'' OR ts IS NULL OR ts NOT BETWEEN ''2026-01-05 00:00+05:30'' AND ''2026-01-09 00:00+05:30'')'
);
ALTER TABLE candle_data DROP CONSTRAINT candle_data_ts, DROP CONSTRAINT candle_data_volume,
    DROP CONSTRAINT candle_data_prices, DROP CONSTRAINT candle_data_oi;
INSERT INTO bad (what, doing)
SELECT format('timeframe %L', t),
    format(
        'INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close) VALUES (2, %L, ''2026-01-12 '
        '00:00+05:30'', 1, 1, 1, 1)',
        t)
FROM unnest('{1D,60m,10s,"",1M,"a long text that is no timeframe at all, and then some"}'::text[]) t
UNION ALL
SELECT format('a candle at %s', ts),
    format(
        'INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close) VALUES (2, ''1d'', %L, 1, 1, '
        '1, 1)',
        ts)
FROM unnest('{infinity,-infinity}'::text[]) ts
UNION ALL
SELECT format('a price of %s', p),
    format(
        'INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close) VALUES (2, ''1d'', '
        '''2026-01-12 00:00+05:30'', %L, 1, 1, 1)',
        p)
FROM unnest('{NaN,Infinity,-Infinity}'::text[]) p
UNION ALL
SELECT format('a volume of %s', v),
    format(
        'INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume) VALUES (2, ''1d'', '
        '''2026-01-12 00:00+05:30'', 1, 1, 1, 1, %L)',
        v)
FROM unnest('{NaN,Infinity,-5}'::text[]) v;
INSERT INTO bad VALUES
    (
        'a timeframe in the log',
        $$
            INSERT INTO candle_change
            VALUES ('indicators', 2, '1D', now()), ('timeframes', 2, '60m', now()), ('indicators', 99, '1d', now()),
                ('timeframes', 98, '1m', now())$$, 'SELECT 1'),
    (
        'a state of what is none', $$INSERT INTO indicator_state (instrument_id, timeframe) VALUES (2, '1D')$$,
        'SELECT 1'),
    (
        'a row of indicators', $$INSERT INTO indicator_data (instrument_id, timeframe, ts) VALUES (2, '1D', now())$$,
        $$DELETE FROM indicator_data WHERE timeframe = '1D'$$),
    (
        'a watched timeframe', $$UPDATE watchlist SET timeframes = '{1m,1D,NULL,1d}'$$,
        $$UPDATE watchlist SET timeframes = '{1m,1d}'$$),
    (
        'a watched instrument that is not known', $$INSERT INTO watchlist SELECT 77, '{1d}'$$,
        $$DELETE FROM watchlist WHERE instrument_id = 77$$),
    (
        'a time zone that is none',
        $$
            UPDATE trading_calendar SET timezone = 'Nowhere/Land'
            WHERE calendar = '24x7';
            INSERT INTO watchlist
            VALUES (2, '{1m,1d}')$$,
        $$
            UPDATE trading_calendar SET timezone = 'UTC'
            WHERE calendar = '24x7';
            DELETE
            FROM watchlist
            WHERE instrument_id = 2$$),
    (
        'a calendar that is gone',
        $$DELETE FROM trading_calendar WHERE calendar = '24x7'; INSERT INTO watchlist VALUES (2, '{1m,1d}')$$,
        $$SELECT fill_trading_calendars(); DELETE FROM watchlist WHERE instrument_id = 2$$);
ALTER TABLE watchlist DROP CONSTRAINT IF EXISTS watchlist_instrument_id_fkey;
CREATE FUNCTION check_bad(doing text, undoing text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    ALTER TABLE trading_calendar DISABLE TRIGGER USER;
        ALTER TABLE candle_data DISABLE TRIGGER USER;
        ALTER TABLE watchlist DISABLE TRIGGER USER;
        ALTER TABLE indicator_data DISABLE TRIGGER USER;
    EXECUTE doing;
    ALTER TABLE trading_calendar ENABLE TRIGGER USER;
        ALTER TABLE candle_data ENABLE TRIGGER USER;
        ALTER TABLE watchlist ENABLE TRIGGER USER;
        ALTER TABLE indicator_data ENABLE TRIGGER USER;
    RETURN QUERY SELECT 'there: ' || e FROM everything() e;
    EXECUTE undoing;
    RETURN QUERY SELECT 'mended: ' || e FROM everything() e;
    RETURN QUERY SELECT format('log row %s', c) FROM candle_change c;
    RETURN QUERY SELECT format('state %s/%s', s.instrument_id, s.timeframe)
        FROM indicator_state s
        WHERE s.error IS NOT NULL OR s.timeframe NOT IN ('1d', '1w', '1mo');
    RETURN QUERY SELECT format('row %s', i)
        FROM indicator_data i
        WHERE i.timeframe NOT IN ('1d', '1w', '1mo') OR i.instrument_id > 2;
    RETURN QUERY SELECT format('wrong: %s of 2', count(*))
        FROM indicator_data i
        WHERE i.instrument_id = 2 AND i.timeframe = '1d'
        HAVING count(*) <> 5;
END $$;
SELECT is_empty(
    format('SELECT * FROM check_bad(%L, %L)', doing, undoing), what || ' stops nobody, and leaves nothing behind')
FROM bad;

-- What is said of it.
SET client_min_messages = warning;
CREATE FUNCTION said(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'nothing';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END $$;
SELECT alike(
    said('SELECT compute_indicators(instrument_id => NULL)'), '%must not be null', 'a NULL instrument is an error');
SELECT alike(
    said($$SELECT plan_series('backfill', 5, '1d', '2026-01-01', '2026-01-02')$$), '%instrument 5, timeframe 1d',
    'in planning, too');
SELECT is(series_problem(1, '1d'), NULL, 'a sound series has no problem');
SELECT alike(series_problem(1, '1D'), '"1D" is not a timeframe%', 'a problem: the timeframe');
SELECT alike(series_problem(5, '1d'), '%not in instrument_master%', 'a problem: the instrument');
SELECT alike(calendar_problem('Mars'), 'There is none of that name;%', 'a problem: the calendar');

-- A zone that is only an abbreviation is none; where it gets in all the same, other calendars go on.
SELECT throws_ok(
    'UPDATE trading_calendar SET timezone = ''pst'' WHERE calendar = ''MCX''', '22023', '"pst" is not a time zone',
    'an abbreviation is no zone');
SELECT lives_ok(
    format('UPDATE trading_calendar SET timezone = %L WHERE calendar = ''CDS''', zone), format('%s is one', zone))
FROM unnest('{UTC,Etc/GMT+5,Asia/Kolkata,asia/tokyo,PST8PDT}'::text[]) zone;
SELECT * FROM finish();
ROLLBACK;
