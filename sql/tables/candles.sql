-- @table candle_data
-- needs instrument_id, timeframe, source, ts, open, high, low, close, volume, oi
CREATE TABLE candle_data (
    instrument_id integer NOT NULL,
    timeframe     text COLLATE "C" NOT NULL,
    source        "char" NOT NULL DEFAULT 'h',
    ts            timestamptz NOT NULL,
    open          float8 NOT NULL,
    high          float8 NOT NULL,
    low           float8 NOT NULL,
    close         float8 NOT NULL,
    volume        float8,
    oi            float8,
    PRIMARY KEY (instrument_id, timeframe, ts),
    CONSTRAINT candle_data_ts CHECK (ts > '-infinity' AND ts < 'infinity'),
    CONSTRAINT candle_data_prices CHECK (
        low > '-Infinity' AND high < 'Infinity'
        AND low <= open AND low <= close AND open <= high AND close <= high),
    CONSTRAINT candle_data_volume CHECK (volume >= 0 AND volume < 'Infinity'),
    CONSTRAINT candle_data_oi CHECK (oi >= 0 AND oi < 'Infinity')
);
CREATE INDEX candle_data_intraday ON candle_data (instrument_id, timeframe, ts) WHERE source = 'i';
COMMENT ON TABLE candle_data IS 'candles; one row per instrument, timeframe and start';
COMMENT ON COLUMN candle_data.timeframe IS
    '1m 3m 5m 15m 30m 1h 4h 1d 1w 1mo, and other minutes and hours in lowest terms';
COMMENT ON COLUMN candle_data.source IS
    'h historical, i intraday (may still change), d derived, f file';
COMMENT ON COLUMN candle_data.volume IS
    'NULL: not known. Whole numbers are exact up to 2^53; there are fractional volumes, too';
COMMENT ON COLUMN candle_data.ts IS
    'start of the candle; for 1d, 1w and 1mo local midnight of the date, of the Monday, of the 1st';

-- @table candle_change
-- needs consumer, instrument_id, timeframe, earliest
CREATE TABLE candle_change (
    consumer      text COLLATE "C" NOT NULL,
    instrument_id integer NOT NULL,
    timeframe     text COLLATE "C" NOT NULL,
    earliest      timestamptz NOT NULL
);
CREATE INDEX candle_change_series ON candle_change (consumer, instrument_id, timeframe);
ALTER TABLE candle_change REPLICA IDENTITY FULL;
COMMENT ON TABLE candle_change IS
    'what changed in candle_data and was not looked at yet: a row per consumer, statement and '
    'series, written in the transaction of the change and deleted by the consumer';
COMMENT ON COLUMN candle_change.instrument_id IS 'with timeframe *: 0, and all series are meant';
COMMENT ON COLUMN candle_change.consumer IS
    'timeframes: refresh_timeframes(); indicators: compute_indicators(), refresh_indicators() and '
    'the background worker';
COMMENT ON COLUMN candle_change.earliest IS 'candles from this start on may have changed';

-- @table dropped_candles
-- needs instrument_id, timeframe, kept_from, bars, state, dropped_at
CREATE TABLE dropped_candles (
    instrument_id integer NOT NULL,
    timeframe     text COLLATE "C" NOT NULL,
    kept_from     timestamptz NOT NULL,
    bars          bigint NOT NULL,
    state         bytea,
    dropped_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instrument_id, timeframe)
);
COMMENT ON TABLE dropped_candles IS
    'series whose first candles drop_candles() has deleted; what was made of them stays, and they '
    'are not missing';
COMMENT ON COLUMN dropped_candles.kept_from IS 'candles from this start on are kept';
COMMENT ON COLUMN dropped_candles.bars IS 'how many were dropped';
COMMENT ON COLUMN dropped_candles.state IS
    'what the kernels carried after the last of them; indicators go on from it';

-- @table ltp_data
-- needs instrument_id, ts, ltp, volume, last_quantity, previous_close, change, change_percent
CREATE TABLE ltp_data (
    instrument_id  integer NOT NULL,
    ts             timestamptz NOT NULL,
    ltp            float8 NOT NULL,
    volume         float8,
    last_quantity  float8,
    previous_close float8,
    change         float8,
    change_percent float8,
    PRIMARY KEY (instrument_id, ts)
);
COMMENT ON TABLE ltp_data IS
    'last traded prices; one row per instrument and minute, the minute''s last answer';
COMMENT ON COLUMN ltp_data.change IS 'ltp - previous_close';
COMMENT ON COLUMN ltp_data.change_percent IS '100 * change / previous_close';
