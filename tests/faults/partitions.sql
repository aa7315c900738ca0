-- Candles and indicators in partitions, in place of the tables that create_candle_tables() made.
DROP VIEW data_freshness; DROP TABLE candle_data, indicator_data;
CREATE TABLE candle_data (
    instrument_id int NOT NULL, timeframe text COLLATE "C" NOT NULL, source "char" NOT NULL DEFAULT 'h',
    ts timestamptz NOT NULL,
    open float8 NOT NULL, high float8 NOT NULL, low float8 NOT NULL, close float8 NOT NULL, volume float8, oi float8,
        PRIMARY KEY (instrument_id, timeframe, ts)) PARTITION BY RANGE (ts);
CREATE TABLE c_2024 PARTITION OF candle_data FOR
    VALUES
    FROM ('2024-01-01 00:00+05:30') TO ('2025-01-01 00:00+05:30') PARTITION BY LIST (instrument_id);
CREATE TABLE c_2024_1 PARTITION OF c_2024 FOR VALUES IN (1);
CREATE TABLE c_2024_n PARTITION OF c_2024 DEFAULT;
CREATE TABLE c_2025 PARTITION OF candle_data FOR VALUES FROM ('2025-01-01 00:00+05:30') TO ('2026-01-01 00:00+05:30');
CREATE TABLE c_2026 PARTITION OF candle_data FOR VALUES FROM ('2026-01-01 00:00+05:30') TO ('2027-01-01 00:00+05:30');
CREATE TABLE indicator_data (
    instrument_id int NOT NULL, timeframe text COLLATE "C" NOT NULL, ts timestamptz NOT NULL, bars bigint, sma_9 float8,
    ema_21 float8, vwap float8, pivot float8,
    PRIMARY KEY (instrument_id, timeframe, ts)) PARTITION BY HASH (instrument_id);
CREATE TABLE i_0 PARTITION OF indicator_data FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE i_1 PARTITION OF indicator_data FOR VALUES WITH (MODULUS 2, REMAINDER 1);
SELECT create_candle_tables();
