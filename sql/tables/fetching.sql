-- @table watchlist
-- needs instrument_id, timeframes
CREATE TABLE watchlist (
    instrument_id integer PRIMARY KEY,
    timeframes    text[] NOT NULL DEFAULT '{1m,5m,15m,30m,1h,4h,1d,1w}'
);
COMMENT ON TABLE watchlist IS 'what ltp, backfill and freshness look after by default';

-- @table candle_coverage
-- needs instrument_id, timeframe, from_ts, to_ts, state, rows, attempts, checked_at, error
CREATE TABLE candle_coverage (
    instrument_id integer NOT NULL,
    timeframe     text COLLATE "C" NOT NULL,
    from_ts       timestamptz NOT NULL,
    to_ts         timestamptz NOT NULL,
    state         text NOT NULL CHECK (state IN ('filled', 'no_data', 'failed')),
    rows          bigint NOT NULL DEFAULT 0,
    attempts      integer NOT NULL DEFAULT 1,
    checked_at    timestamptz NOT NULL DEFAULT now(),
    error         text,
    PRIMARY KEY (instrument_id, timeframe, from_ts),
    CHECK (from_ts < to_ts)
);
COMMENT ON TABLE candle_coverage IS
    'what the provider was asked for and what came of it; the ranges [from_ts, to_ts) of a series '
    'never overlap';
COMMENT ON COLUMN candle_coverage.state IS
    'filled: candles came; no_data: the provider confirmed that there are none; failed: it erred';
COMMENT ON COLUMN candle_coverage.rows IS
    'candles of the range that were stored, intraday and derived ones apart; where candle_data '
    'now holds another number, its holes were not asked for';

-- @table request_log
-- needs request_id, endpoint, requested_at, finished_at
CREATE TABLE request_log (
    request_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    endpoint     text NOT NULL,
    requested_at timestamptz NOT NULL,
    finished_at  timestamptz
);
COMMENT ON TABLE request_log IS
    'requests of the last 30 minutes, from which all loaders on this database keep the '
    'provider''s rate limits together';
COMMENT ON COLUMN request_log.finished_at IS
    'when the answer was there: the latest moment at which the provider can have counted the '
    'request';

-- @table sync_job
-- needs job_id, segment, kind, instrument_id, timeframe, from_date, to_date, priority, state,
-- attempts, leased_by, leased_until, rows, error, created_at, finished_at
CREATE TABLE sync_job (
    job_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    segment       text NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('candles', 'intraday', 'expired_candles',
                      'expiries', 'contracts', 'ltp', 'instruments', 'calendar', 'indicators')),
    instrument_id integer,
    timeframe     text COLLATE "C",
    from_date     date,
    to_date       date,
    priority      integer NOT NULL DEFAULT 0,
    state         text NOT NULL DEFAULT 'queued'
                      CHECK (state IN ('queued', 'running', 'done', 'failed')),
    attempts      integer NOT NULL DEFAULT 0,
    leased_by     text,
    leased_until  timestamptz,
    rows          bigint,
    error         text,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at    timestamptz,
    finished_at   timestamptz,
    requested_at      timestamptz,
    CHECK (from_date <= to_date)
);
CREATE UNIQUE INDEX sync_job_open ON sync_job (
    kind, (coalesce(instrument_id, 0)), (coalesce(timeframe, '')),
    (coalesce(from_date, 'infinity'::date)), (coalesce(to_date, 'infinity'::date)))
    WHERE state = 'queued' OR state = 'running';
CREATE INDEX sync_job_queue ON sync_job (priority DESC, to_date DESC, job_id)
    WHERE state = 'queued';
CREATE INDEX sync_job_running ON sync_job (leased_until) WHERE state = 'running';
CREATE INDEX sync_job_series ON sync_job (instrument_id, timeframe)
    WHERE state = 'queued' OR state = 'running';
CREATE INDEX sync_job_intraday ON sync_job (instrument_id, timeframe, requested_at)
    WHERE kind = 'intraday';
CREATE INDEX sync_job_finished ON sync_job (finished_at) WHERE finished_at IS NOT NULL;
COMMENT ON TABLE sync_job IS
    'what the loaders are to fetch: one row a request, and tasks that take several; the database '
    'plans, loaders claim';
COMMENT ON COLUMN sync_job.segment IS 'for what it was planned: backfill, equity, fo_current, ...';
COMMENT ON COLUMN sync_job.kind IS
    'candles, intraday and expired_candles store candles of the series; expiries and contracts '
    'find expired contracts of an underlying; ltp, instruments, calendar and indicators are whole '
    'tasks';
COMMENT ON COLUMN sync_job.leased_until IS
    'a running job whose lease is over goes to whoever comes first';
COMMENT ON COLUMN sync_job.requested_at IS
    'the moment of the market (pg_candle.now in replays) at which it was done';

-- @table data_sync_status
-- needs segment, scope, timeframe, synced_through, rows, last_success_at, last_attempt_at,
-- last_error
CREATE TABLE data_sync_status (
    segment         text NOT NULL,
    scope           text NOT NULL,
    timeframe       text COLLATE "C" NOT NULL,
    synced_through  date,
    rows            bigint NOT NULL DEFAULT 0,
    last_success_at timestamptz,
    last_attempt_at timestamptz,
    last_error      text,
    PRIMARY KEY (segment, scope, timeframe)
);
COMMENT ON TABLE data_sync_status IS
    'how far each segment is: a row per segment, symbol (for F&O the underlying) and timeframe';
COMMENT ON COLUMN data_sync_status.synced_through IS 'last date that was fetched';
COMMENT ON COLUMN data_sync_status.last_error IS 'of the last attempt; NULL after a success';

-- @table sync_run
-- needs run_id, worker, started_at, finished_at, requests, failed
CREATE TABLE sync_run (
    run_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    command     text NOT NULL,
    worker      text NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    requests    bigint NOT NULL DEFAULT 0,
    retries     bigint NOT NULL DEFAULT 0,
    too_many    bigint NOT NULL DEFAULT 0,
    failed      bigint NOT NULL DEFAULT 0,
    bytes       bigint NOT NULL DEFAULT 0,
    rows        bigint NOT NULL DEFAULT 0,
    latency_p50 real,
    latency_p95 real,
    latency_p99 real,
    error_rate  real,
    error       text
);
CREATE INDEX sync_run_started ON sync_run (started_at);
COMMENT ON TABLE sync_run IS 'what each run of a loader cost; those of the last 90 days';
COMMENT ON COLUMN sync_run.latency_p50 IS 'milliseconds';
COMMENT ON COLUMN sync_run.error_rate IS 'share of the attempts that got no usable answer';

-- @table sync_alert
-- needs alert_id, kind, subject, message, raised_at, last_seen_at, cleared_at
CREATE TABLE sync_alert (
    alert_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text NOT NULL,
    subject      text NOT NULL DEFAULT '',
    message      text NOT NULL,
    raised_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    cleared_at   timestamptz
);
CREATE UNIQUE INDEX sync_alert_open ON sync_alert (kind, subject) WHERE cleared_at IS NULL;
COMMENT ON TABLE sync_alert IS
    'what somebody should look at, also sent by NOTIFY pg_candle_alert; open until cleared_at';
COMMENT ON COLUMN sync_alert.kind IS
    'stale_data, failed_sync, error_rate, long_run, no_fo_instruments, token_expired, '
    'price_adjusted, isin_changed, bad_calendar, bad_series, bad_rows, unavailable, '
    'calendar_doubt, expiry_moved';
