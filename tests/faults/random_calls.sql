-- For random_calls.sh: a statement at random, and what is wrong when it is over. On top of ddl.sql, from which fill()
-- and wrong() are.

CREATE SCHEMA random;
-- What happened that no trigger sees, or that keeps rows on purpose: the end then asks for what
-- docs/guides/keeping-fresh.md names as its remedy.
CREATE TABLE random.remedy (dropped boolean NOT NULL);

CREATE FUNCTION random.one_of(VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT choices[1 + floor(random() * cardinality(choices))::int] $$;

-- Values that are right are as likely as all others together: most calls should get somewhere.
CREATE FUNCTION random.argument(name text, type text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    odd boolean := random() < 0.3;
BEGIN
    IF random() < 0.06 AND name <> 'shape' THEN
        RETURN 'NULL';
    END IF;
    RETURN CASE
        WHEN name = 'shape' THEN random.one_of(
            'NULL::public.indicator_data', 'NULL::public.indicator_data', 'NULL::public.candle_data',
            'NULL::random.shape', 'NULL::int')
        WHEN name = 'workers' THEN random.one_of('0', '1', '2', '-1', '1000')
        WHEN name = 'wait' THEN 'false'
        WHEN name IN ('timeframe', 'source', 'target')
          AND NOT odd THEN random.one_of('''1d''', '''1m''', '''5m''', '''1h''', '''1w''', '''1mo''')
        WHEN name IN ('timeframe', 'source', 'target') THEN random.one_of(
            '''1D''', '''60m''', '''10s''', '''1M''', '''''', '''1y''', '''999999999999m''', '''0m''', '''3d''',
            '''45m''', '''-1d''')
        WHEN name = 'instrument' THEN random.one_of(
            '''ONE''', '''TWO''', '''SEVEN''', '''ONE''', '''one''', '''''', '''NSE_EQ|1''', '''%''')
        WHEN name LIKE '%calendar' THEN random.one_of('''NSE''', '''MCX''', '''24x7''', '''none''', '''''')
        WHEN name = 'task_name'
          OR name = 'only_name' THEN random.one_of(
              '''calendar''', '''instruments''', '''yesterday''', '''freshness''', '''none''')
        WHEN name = 'segment' THEN random.one_of('''equity''', '''fo_current''', '''mcx''', '''indices''', '''none''')
        WHEN type = 'text' THEN random.one_of(
            '''NSE''', '''daemon''', '''stale_data''', '''x''', '''''', quote_literal(repeat('long ', 300)))
        WHEN type = 'text[]' THEN random.one_of(
            '''{1m,1d}''', '''{5m,1h}''', '''{1w,1mo}''', '''{}''', '''{NULL}''', '''{1D}''', '''{ONE,TWO}''',
            '''{equity}''', '''{{1m},{1d}}''', '''[0:1]={1m,5m}''')
        WHEN type = 'integer[]' THEN random.one_of('''{1,2}''', '''{}''', '''{NULL}''', '''{{1,2},{2,7}}''', '''{-1}''')
        WHEN type IN ('integer', 'bigint') AND NOT odd THEN random.one_of('1', '2', '7', '3', '14')
        WHEN type IN ('integer', 'bigint') THEN random.one_of('0', '-1', '99', '10000', '2147483647', '-2147483648')
        WHEN type = 'double precision' THEN random.one_of(
            'close', 'high', 'low', 'volume', 'oi', '2.0', '0.0', '-1.5', '''NaN''::float8', '''Infinity''::float8',
            '1e308', '5e-324')
        WHEN type = 'boolean' THEN random.one_of('true', 'false')
        WHEN type = 'date' AND NOT odd THEN format('date ''2024-01-01'' + %s', floor(random() * 760))
        WHEN type = 'date' THEN random.one_of(
            '''infinity''', '''-infinity''', '''1800-01-01''', '''9999-12-31''', '''4714-11-24 BC''',
            '''5874897-12-31''')
        WHEN type = 'timestamp with time zone'
          AND NOT odd THEN format(
              'timestamptz ''2024-01-01 00:00+05:30'' + %s * interval ''1 minute''', floor(random() * 1100000))
        WHEN type = '"any"' THEN random.one_of(
            'interval ''1 year''', 'date ''2024-03-01''', 'timestamptz ''2024-02-10 09:15+05:30''', '''2024-02-01''',
            '3', 'interval ''-1 day''', '''infinity''::timestamptz')
        WHEN type = 'timestamp with time zone' THEN random.one_of(
            '''infinity''', '''-infinity''', '''1800-01-01''', '''294276-12-31''', '''4714-11-24 BC''',
            '''2026-01-05 09:15:07.123+05:30''')
        WHEN type = 'interval' THEN random.one_of(
            '''1 minute''', '''1 day''', '''-1 day''', '''0''', '''1000000 years''', '''1 mon 1 day 1 us''')
        ELSE 'NULL::' || type END;
END $$;
CREATE TYPE random.shape AS (ts timestamptz, sma_9 float8, ema_5000 real, nothing text, bb_upper_20_3 float8);

-- A call of a function or procedure of the extension.
CREATE FUNCTION random.call() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    f record;
    given int;
    arguments text;
BEGIN
    -- What waits for a loader would wait; the rest of the time goes to what computes.
    SELECT p.proname, p.prokind, p.pronargs, p.pronargdefaults, p.proargnames AS names,
        p.proargtypes::oid[] AS types INTO f
    FROM pg_proc p
    JOIN pg_depend d ON d.classid = 'pg_proc'::regclass
      AND d.objid = p.oid
      AND d.deptype = 'e'
      AND d.refclassid = 'pg_extension'::regclass
    JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_candle'
    WHERE p.prorettype <> 'event_trigger'::regtype
      AND p.proname <> 'wait_for_loader'
      AND (p.prokind <> 'w' OR random() < 0.2)
        AND (p.proname <> 'drop_candles' OR random() < 0.2)
    ORDER BY random() - CASE
        WHEN p.proname IN (
            'compute_indicators', 'refresh_timeframes', 'refresh_indicators', 'indicators', 'resample_candles') THEN 0.3
        ELSE 0 END
        LIMIT 1;
    IF NOT FOUND THEN
        RETURN 'CREATE EXTENSION IF NOT EXISTS pg_candle';
    END IF;
    given := f.pronargs - floor(random() * (f.pronargdefaults + 1));
    SELECT string_agg(
        CASE
            WHEN f.prokind = 'w'
          OR a.name IS NULL THEN ''
            ELSE quote_ident(a.name) || ' => ' END || random.argument(a.name, format_type(a.type, NULL)), ', '
            ORDER BY a.n) INTO arguments
    FROM unnest(f.names, f.types) WITH ORDINALITY AS a (name, type, n) WHERE a.type IS NOT NULL AND a.n <= given;
    IF f.proname = 'drop_candles' THEN
        INSERT INTO random.remedy VALUES (true);
    END IF;
    RETURN CASE f.prokind
        WHEN 'p' THEN format('CALL public.%I(%s)', f.proname, arguments)
        WHEN 'w' THEN format(
            'SELECT count(v), sum(v) FROM (SELECT public.%I(%s) OVER (%s) AS v FROM public.candle_data) t', f.proname,
            arguments,
            random.one_of(
                'PARTITION BY instrument_id, timeframe ORDER BY ts', 'ORDER BY instrument_id, timeframe, ts',
                'PARTITION BY timeframe ORDER BY ts DESC', '', 'ORDER BY ts ROWS BETWEEN 3 PRECEDING AND CURRENT ROW'))
        ELSE format('SELECT count(*) FROM public.%I(%s)', f.proname, arguments) END;
END $$;

CREATE FUNCTION random.column_of(in_table text) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(
        (
            SELECT quote_ident(attname)
            FROM pg_attribute
            WHERE attrelid = to_regclass('public.' || in_table) AND attnum > 0 AND NOT attisdropped
            ORDER BY random()
            LIMIT 1), 'nothing') $$;

CREATE FUNCTION random.write() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT random.one_of(
        format(
            'SELECT public.fill(%s, %L, %s, %s)', random.one_of('1', '2', '7'), random.one_of('1d', '1m'), from_n,
            from_n + floor(random() * 50)),
        format(
            'DELETE FROM public.candle_data WHERE instrument_id = %s AND source <> ''d'' AND random() < 0.2',
            random.one_of('1', '2', '7')),
        format(
            'UPDATE public.candle_data SET close = high WHERE instrument_id = %s AND random() < 0.05',
            random.one_of('1', '2')),
        format(
            'UPDATE public.candle_data SET ts = ts + interval ''400 days'' WHERE instrument_id = %s AND timeframe = '
            '''1d'' AND random() < 0.02',
            random.one_of('1', '2')),
        format('UPDATE public.candle_data SET %s = NULL WHERE random() < 0.01', random.column_of('candle_data')),
        format('UPDATE public.indicator_data SET %s = NULL WHERE random() < 0.05', random.column_of('indicator_data')),
        format('UPDATE public.indicator_data SET sma_9 = -sma_9, ema_21 = 0 WHERE random() < %s', random()),
        format('DELETE FROM public.indicator_data WHERE random() < %s', random()),
        'TRUNCATE public.indicator_data', format('DELETE FROM public.candle_data WHERE random() < %s', random() / 4),
        'DELETE FROM public.candle_change', 'DELETE FROM public.indicator_state WHERE random() < 0.5',
            'DELETE FROM public.indicator_checkpoint WHERE random() < 0.5',
        'TRUNCATE public.candle_change, public.indicator_state',
        format('UPDATE public.indicator_state SET %s = NULL', random.column_of('indicator_state')),
        format(
            'UPDATE public.indicator_checkpoint SET %s = NULL WHERE random() < 0.5',
            random.column_of('indicator_checkpoint')),
        format(
            'INSERT INTO public.trading_holiday (calendar, holiday) VALUES (''NSE'', date ''2024-01-01'' + %s)', from_n
        ),
        'DELETE FROM public.trading_holiday WHERE random() < 0.2',
        format(
            'INSERT INTO public.special_session (calendar, session_date, opens, closes) VALUES (''NSE'', date '
            '''2024-01-01'' + %s, ''10:00'', ''11:00'')',
            from_n),
        'DELETE FROM public.special_session',
        format(
            'UPDATE public.trading_calendar SET timezone = %L WHERE calendar = %L',
            random.one_of('Asia/Tokyo', 'Asia/Kolkata', 'UTC', 'Nowhere'), random.one_of('NSE', '24x7')),
        format(
            'UPDATE public.trading_calendar SET %s = NULL WHERE calendar = ''NSE''',
            random.column_of('trading_calendar')),
        format(
            'UPDATE public.instrument_master SET segment = %L WHERE instrument_id = %s',
            random.one_of('NSE_EQ', 'CRYPTO', 'MCX_FO', 'X'), random.one_of('1', '2')),
        'DELETE FROM public.instrument_master WHERE instrument_id = 2',
        format(
            'INSERT INTO public.watchlist (instrument_id, timeframes) VALUES (1, %L)',
            random.one_of('{1m,1d}', '{NULL}', '{}', '{1D}', '{5m}')),
        format(
            'DO $do$ BEGIN INSERT INTO random.remedy VALUES (false); SET LOCAL session_replication_role = replica; '
            'UPDATE public.candle_data SET close = high WHERE random() < 0.1; DELETE FROM public.indicator_data WHERE '
            'random() < 0.1; END $do$'
        ))
    FROM (SELECT floor(random() * 450)::int AS from_n) s $$;

CREATE FUNCTION random.ddl() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT random.one_of(
        format('ALTER TABLE public.%s ALTER %s TYPE %s', name, random.column_of(name), type),
            format(
                'ALTER TABLE public.%s ALTER %2$s TYPE %3$s USING %2$s::text::%3$s', name, random.column_of(name), type
            ),
        format(
            'ALTER TABLE public.candle_data ALTER %1$s TYPE float8 USING %1$s * 2',
            random.one_of('open', 'close', 'volume', 'oi')),
        format('ALTER TABLE public.%s DROP COLUMN %s%s', name, random.column_of(name), random.one_of('', ' CASCADE')),
            format(
                'ALTER TABLE public.%s RENAME %s TO %s', name, random.column_of(name),
                random.one_of('other', 'ema_7', 'sma_50')),
        format(
            'ALTER TABLE public.%s RENAME other TO %s', name,
            random.one_of('close', 'open', 'ts', 'timeframe', 'sma_9', 'bars', 'state', 'calendar')),
        format(
            'ALTER TABLE public.indicator_data ADD COLUMN %s %s',
            random.one_of(
                'ema_7', 'sma_9', 'rsi_14', 'ema34', 'sma_0', 'wma_3', 'macd', 'vwap', 'supertrend_10_3', 'bars'),
            random.one_of('float8', 'real', 'numeric', 'text', 'bigint', 'float8 NOT NULL DEFAULT 0')),
        format('ALTER TABLE public.indicator_data DROP COLUMN %s', random.column_of('indicator_data')),
        format(
            'ALTER TABLE public.%s %s TRIGGER %s', name, random.one_of('DISABLE', 'ENABLE'),
            random.one_of('USER', 'ALL')), format('ALTER TABLE public.%s ENABLE TRIGGER USER', name),
        format(
            'ALTER TABLE public.%s SET %s', name,
            random.one_of('UNLOGGED', 'LOGGED', 'SCHEMA random', '(fillfactor = 50)')),
            format('ALTER TABLE random.%s SET SCHEMA public', name),
        format(
            'ALTER TABLE public.%1$s RENAME TO away; SELECT public.compute_indicators(); ALTER TABLE public.away '
            'RENAME TO %1$s',
            name),
        'DROP VIEW public.data_freshness; CREATE TABLE public.n (LIKE public.candle_data INCLUDING ALL); INSERT INTO '
        'public.n SELECT * FROM public.candle_data WHERE random() < 0.9; DROP TABLE public.candle_data; ALTER TABLE '
        'public.n RENAME TO candle_data',
        'CREATE TABLE public.i (LIKE public.indicator_data INCLUDING ALL); INSERT INTO public.i SELECT * FROM '
        'public.indicator_data WHERE random() < 0.9; DROP TABLE public.indicator_data; ALTER TABLE public.i RENAME TO '
        'indicator_data',
        format(
            'CREATE TABLE public.child_%s () INHERITS (public.%s)', floor(random() * 9),
            random.one_of('candle_data', 'indicator_data')),
        format(
            'INSERT INTO public.child_%s (instrument_id, timeframe, ts, open, high, low, close) VALUES (1, ''1m'', '
            '''2026-01-06 09:15+05:30'', 5, 5, 5, 5)',
            floor(random() * 9)),
        format('DROP TABLE public.child_%s', floor(random() * 9)),
            format('ALTER TABLE public.child_%s NO INHERIT public.candle_data', floor(random() * 9)),
        format('DROP TABLE public.%s', name), format('CREATE INDEX ON public.%s (%s)', name, random.column_of(name)),
            format('ALTER TABLE public.%1$s DROP CONSTRAINT %1$s_pkey', name), format('DROP INDEX public.%s_idx', name),
        format(
            'ALTER TABLE public.indicator_data ADD CONSTRAINT indicator_data_pkey PRIMARY KEY (%s)',
            random.one_of('instrument_id, timeframe, ts', 'ts, timeframe, instrument_id')),
        format('VACUUM %s public.%s', random.one_of('', 'FULL', 'ANALYZE', 'FREEZE'), name),
            format('REINDEX TABLE public.%s', name), format('TRUNCATE public.%s', name),
        format('ALTER TABLE public.%s ENABLE ROW LEVEL SECURITY', name),
            format(
                'ALTER TABLE public.%s DROP CONSTRAINT %s', name,
                random.one_of('candle_data_prices', 'candle_data_ts', 'indicator_data_pkey', 'trading_calendar_pkey')),
        'DROP EXTENSION pg_candle', 'CREATE EXTENSION pg_candle', 'SELECT public.create_candle_tables()',
            'SELECT public.create_candle_tables()', 'DROP VIEW public.data_freshness',
            'ALTER EXTENSION pg_candle UPDATE')
    FROM (
        SELECT random.one_of(
            'candle_data', 'candle_data', 'indicator_data', 'indicator_data', 'indicator_state', 'indicator_checkpoint',
            'candle_change', 'trading_calendar', 'trading_holiday', 'special_session',
                               'instrument_master', 'watchlist', 'dropped_candles') AS name,
                 random.one_of(
                     'float8', 'real', 'numeric', 'numeric(10,1)', 'text', 'bigint', 'integer', 'smallint',
                     'varchar(3)', 'timestamp', 'date', 'boolean', 'jsonb', '"char"') AS type) s $$;

CREATE FUNCTION random.setting() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT random.one_of(
        'BEGIN', 'BEGIN ISOLATION LEVEL REPEATABLE READ', 'BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY',
        'SAVEPOINT s', 'ROLLBACK TO s', 'COMMIT', 'COMMIT', 'ROLLBACK', 'RESET ALL',
        'SET timezone = ' || random.one_of('UTC', '''Asia/Kolkata''', '''America/New_York'''),
            'SET datestyle = ' || random.one_of('German', 'ISO', '''SQL, DMY'''), 'SET intervalstyle = sql_standard',
        'SET extra_float_digits = ' || random.one_of('-15', '0', '3'),
            'SET search_path = ' || random.one_of('pg_catalog', 'random', 'public', ''''''),
            'SET pg_candle.bulk_index_entries = ' || random.one_of('on', 'off'),
        'SET pg_candle.now = ' || random.one_of('''2026-02-01''', '''garbage''', '''''', '''infinity'''),
            'SET work_mem = ''64kB''', 'SET enable_indexscan = ' || random.one_of('on', 'off'),
            'SET enable_seqscan = ' || random.one_of('on', 'off'),
        'SET ' || (
            SELECT name FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query')
        ) || ' = ' || random.one_of('on', 'regress', 'off'), 'SET row_security = off',
            'SET default_transaction_isolation = ' || random.one_of(
                '''serializable''', '''repeatable read''', '''read committed'''), 'DISCARD ALL',
        'SET bytea_output = escape', 'SET plan_cache_mode = force_generic_plan', 'SET jit = on',
            'SET jit_above_cost = 0', 'SET default_transaction_read_only = ' || random.one_of('on', 'off')) $$;

-- How much of it is DDL is for the caller to say: where everything is broken soon, nothing is computed any more.
CREATE FUNCTION random.statement(ddl float8) RETURNS text LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
DECLARE
    kind float8 := random();
BEGIN
    RETURN CASE
        WHEN kind < ddl THEN random.ddl()
        WHEN kind < ddl + 0.12 THEN random.write()
        WHEN kind < ddl + 0.17 THEN random.setting()
        ELSE random.call() END;
END $$;

-- The end: what a refresh leaves is what a rebuild leaves, or it is refused, with an error that is nobody's own fault.
CREATE FUNCTION random.refreshed() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    forced boolean := EXISTS (SELECT FROM random.remedy);
    problems text;
    one record;
BEGIN
    -- Columns that are no indicators are nobody's business; their values stay.
    IF EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('public.indicator_data') AND relkind = 'r') THEN
        ALTER TABLE public.indicator_data DROP COLUMN IF EXISTS other, DROP COLUMN IF EXISTS ema34,
            DROP COLUMN IF EXISTS close, DROP COLUMN IF EXISTS open,
            DROP COLUMN IF EXISTS state, DROP COLUMN IF EXISTS calendar, DROP COLUMN IF EXISTS wma_3,
            DROP COLUMN IF EXISTS macd;
    END IF;
    -- A constraint that refuses what is right (an indicator that is not warmed up) goes.
    FOR one IN
        SELECT a.attname FROM pg_attribute a
        WHERE a.attrelid = to_regclass('public.indicator_data') AND a.attnum > 0
               AND NOT a.attisdropped AND a.attnotnull AND a.attname NOT IN ('instrument_id', 'timeframe', 'ts') LOOP
        EXECUTE format('ALTER TABLE public.indicator_data ALTER %I DROP NOT NULL', one.attname);
    END LOOP;
    IF forced THEN
        CALL public.refresh_timeframes(force => true);
        PERFORM public.compute_indicators(force => true);
    ELSE
        CALL public.refresh_timeframes();
        PERFORM public.compute_indicators();
    END IF;
    -- What was derived from candles that were dropped stays, and so do their indicators.
    SELECT string_agg(w, ', ') INTO problems
    FROM (SELECT w FROM public.wrong() w
          WHERE NOT EXISTS (SELECT FROM random.remedy WHERE dropped)
             OR w NOT LIKE 'derived%' AND NOT EXISTS (
                SELECT FROM public.dropped_candles d
                WHERE w LIKE format('indicators %s/%s %%', d.instrument_id, d.timeframe)
                  AND regexp_replace(w, '^\S+ \S+ ', '')::timestamptz < d.kept_from)
          LIMIT 5) t;
    RETURN coalesce('DIFFERS: ' || problems, 'is right');
EXCEPTION WHEN OTHERS THEN
    RETURN format('refused: %s %s', SQLSTATE, SQLERRM);
END $$;
