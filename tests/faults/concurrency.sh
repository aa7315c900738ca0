#!/usr/bin/env bash
# Sessions that compute the same or overlapping series at once wait for each other; none fails, none deadlocks, all are right.
. "$(dirname "$0")/../tap.sh"
new_database pg_candle_concurrency
sql "INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT id, '1m', '2020-01-03'::timestamptz + i * interval '1 min', p, p + 1, p - 1, p, i % 1000
    FROM (SELECT i, id, 100 + id + 10 * sin(i / 7.0) AS p FROM generate_series(0, 2999) i, generate_series(1, 20) id) s;
    SELECT compute_indicators(); CREATE TABLE expected AS SELECT * FROM indicator_data" >/dev/null
wrong="SELECT count(*) FROM (SELECT * FROM expected EXCEPT SELECT * FROM indicator_data) d"

together() { # STATEMENT...: each in its own session, at the same time; prints their output
    local i=0 clients=() out
    out=$(mktemp -d)
    for statement in "$@"; do
        i=$((i + 1))
        psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$statement" >"$out/$i" 2>&1 &
        clients+=($!)
    done
    wait "${clients[@]}"
    cat "$out"/*
    rm -rf "$out"
}

sql "DELETE FROM indicator_data" >/dev/null
is "$(together "SELECT compute_indicators()" "SELECT compute_indicators()" | sort -n | paste -sd' ')" "0 60000" "two whole computes: one writes, the other finds nothing to do"
is "$(sql "$wrong")" 0 "and the rows are right"

for round in 1 2 3; do
    sql "TRUNCATE indicator_data, indicator_state" >/dev/null
    out=$(together "SELECT compute_indicators()" "SELECT compute_indicators(7)" "SELECT compute_indicators(13, '1m')" "CALL refresh_indicators()" "SELECT compute_indicators(timeframe => '1m')")
    is "$(grep -E 'ERROR|deadlock' <<<"$out")" "" "round $round: five overlapping calls, no error"
    is "$(grep -E '^[0-9]+$' <<<"$out" | awk '{ n += $1 } END { print (n <= 60000) }')" 1 "round $round: no row was written twice"
    is "$(sql "$wrong")" 0 "round $round: the rows are right"
done

# A repeatable-read transaction whose snapshot is older than the other's work gets a serialization failure, not a wrong or double row.
sql "TRUNCATE indicator_data, indicator_state" >/dev/null
out=$(psql -X -q -A -t 2>&1 <<SQL
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM indicator_data;
\! psql -X -q -A -t -c 'SELECT compute_indicators(1)'
SELECT compute_indicators(1);
ROLLBACK;
SQL
)
like "$out" "could not serialize access" "repeatable read: serialization failure"
is "$(sql 'SELECT count(*) FROM indicator_data')" 3000 "repeatable read: the other's rows stand"

# A writer of candles that commits while a compute runs is not lost: the next call sees it.
together "SELECT compute_indicators()" "INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close) SELECT 1, '1m', '2020-01-03'::timestamptz - i * interval '1 min', 5, 5, 5, 5 FROM generate_series(1, 500) i" >/dev/null
sql "SELECT compute_indicators()" >/dev/null
is "$(sql "SELECT count(*) FROM (SELECT * FROM indicators(NULL::indicator_data, 1, '1m') EXCEPT SELECT * FROM indicator_data) d")" 0 "late candles from another session are worked in"

# The table changes its shape between two calls of one session.
out=$(psql -X -q -A -t -v ON_ERROR_STOP=1 2>&1 <<SQL
SELECT compute_indicators(2);
ALTER TABLE indicator_data ADD COLUMN ema_7 float8;
SELECT compute_indicators(2);
ALTER TABLE indicator_data DROP COLUMN ema_7, DROP COLUMN sma_9;
SELECT compute_indicators(2);
SQL
)
is "$(paste -sd' ' <<<"$out")" "0 2994 0" "ALTER TABLE between two calls of one session"

# Writers and refreshes of derived timeframes at once: nothing is lost, whoever comes when, also from transactions that commit late.
sql "INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
         SELECT i, 'NSE_EQ|' || i, 'NSE', 'NSE_EQ', 'EQ', 'S' || i FROM generate_series(1, 4) i;
     TRUNCATE candle_data, candle_change" >/dev/null
write() { # INSTRUMENT, LATENESS: thirty transactions that each add or change some minutes of three days
    for i in $(seq 30); do
        echo "BEGIN; INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
            SELECT DISTINCT ON (ts) $1, '1m', ts, p, p, p, p, 1 FROM (SELECT '2026-08-03 03:45Z'::timestamptz + (random() * 3)::int * interval '1 day' + (random() * 370)::int * interval '1 min' AS ts, random() AS p FROM generate_series(1, 20)) r ORDER BY ts
            ON CONFLICT (instrument_id, timeframe, ts) DO UPDATE SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close;
            SELECT pg_sleep($2 * random()); COMMIT;"
    done | psql -X -q -A -t -v ON_ERROR_STOP=1 >/dev/null
}
refresh() { for i in $(seq 12); do psql -X -q -c "$1"; done; }
out=$( { write 1 0.1 & write 2 0.02 & write 3 0.05 & write 3 0.1 & write 4 0 &
    refresh "CALL refresh_timeframes()" & refresh "CALL refresh_timeframes(targets => '{5m,1d}')" & refresh "CALL refresh_timeframes(3)" & refresh "BEGIN; CALL refresh_timeframes(); COMMIT" &
    wait; } 2>&1 | grep -E 'ERROR|deadlock' | sort | uniq -c)
is "$out" "" "timeframes: writers and refreshes at once, no error"
sql "CALL refresh_timeframes()" >/dev/null
is "$(sql "SELECT count(*) FROM generate_series(1, 4) id, (VALUES ('1m', '3m'), ('1m', '5m'), ('1m', '1h'), ('1m', '1d'), ('1d', '1w')) t (source, target)
    CROSS JOIN LATERAL (SELECT ts, open, high, low, close, volume FROM resample_candles(id, source, target)
                        EXCEPT SELECT ts, open, high, low, close, volume FROM candle_data WHERE instrument_id = id AND timeframe = target) d")" 0 "timeframes: every change has arrived"
is "$(sql "SELECT count(*) FROM candle_change WHERE consumer = 'timeframes'")" 0 "timeframes: and the log is empty"

# What means all series may be noted at any time: also after a refresh has looked for such notes, and before it lists
# series. The lock stops it there.
stale_rows="SELECT count(*) FROM (SELECT f.* FROM (SELECT DISTINCT instrument_id AS id, timeframe AS tf FROM candle_data) s,
        indicators(NULL::indicator_data, id, tf) f EXCEPT SELECT * FROM indicator_data) d"
stale_candles="SELECT count(*) FROM (SELECT ts, open, high, low, close, volume FROM resample_candles(1, '1m', '5m')
        EXCEPT SELECT ts, open, high, low, close, volume FROM candle_data
        WHERE instrument_id = 1 AND timeframe = '5m') d"
waiting="SELECT count(*) FROM pg_stat_activity WHERE application_name = 'refreshes' AND wait_event_type = 'Lock'"
for pair in "watchlist:CALL refresh_indicators()" "dropped_candles:CALL refresh_timeframes()"; do
    locked=${pair%%:*} refresh=${pair#*:}
    sql "CALL refresh_timeframes(); SELECT compute_indicators()" >/dev/null
    open_session
    tell "BEGIN; LOCK $locked"
    psql -X -q -c "SET application_name = 'refreshes'" -c "$refresh" &
    becomes "$waiting" 1 "$refresh has begun"
    sql "ALTER TABLE candle_data DISABLE TRIGGER USER; UPDATE candle_data SET close = (close + low) / 2;
        ALTER TABLE candle_data ENABLE TRIGGER USER" >/dev/null
    tell "COMMIT"
    wait $!
    close_session
    sql "CALL refresh_timeframes(); SELECT compute_indicators()" >/dev/null
    is "$(sql "$stale_rows") $(sql "$stale_candles")" "0 0" "a note of all series that comes meanwhile is not lost"
done

# A transaction that began before the tables were replaced is told to begin again: what it would note, it cannot.
folder=$(mktemp -d /tmp/pg_candle_concurrency.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/replace.sql" <<'SQL'
CREATE TABLE other (LIKE candle_data INCLUDING ALL);
INSERT INTO other SELECT * FROM candle_data;
DROP VIEW data_freshness;
DROP TABLE candle_data;
ALTER TABLE other RENAME TO candle_data;
SELECT create_candle_tables();
SQL
out=$(psql -X -q -A -t 2>&1 <<SQL
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT 1 FROM instrument_master LIMIT 1;
\! psql -X -q -f "$folder/replace.sql" >/dev/null
INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close)
VALUES (1, '1m', '2020-01-02', 1, 1, 1, 1);
ROLLBACK;
SQL
)
like "$out" "ERROR: +public.candle_data, its triggers or its log were replaced since the transaction began" \
    "a writer older than the table is told to begin again"

# A partition that is just being detached CONCURRENTLY is out of sight before anything notes it.
new_database pg_candle_detach
psql -X -q -f tests/faults/partitions.sql >/dev/null
sql "INSERT INTO instrument_master
        (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
    VALUES (1, 'C|1', 'C', 'CRYPTO', 'SPOT', 'ONE');
    INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT 1, '1d', '2024-11-01 00:00+05:30'::timestamptz + n * interval '1 day', 9, 9 + n % 3, 8, 9, n
    FROM generate_series(0, 120) n;
    CALL refresh_timeframes(); SELECT compute_indicators()" >/dev/null
open_session
tell "BEGIN; SELECT count(*) FROM c_2025"
psql -X -q -c "SET application_name = 'detaches'" \
    -c "ALTER TABLE candle_data DETACH PARTITION c_2025 CONCURRENTLY" 2>/dev/null &
becomes "SELECT count(*) FROM pg_inherits WHERE inhdetachpending" 1 "a partition is being detached"
sql "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'detaches'" >/dev/null
wait $!
tell "COMMIT"
close_session
sql "CALL refresh_timeframes(); SELECT compute_indicators()" >/dev/null
is "$(sql "SELECT (SELECT max(ts) < '2025-01-01' FROM candle_data WHERE timeframe = '1d'),
        (SELECT count(*) FROM candle_data WHERE timeframe = '1mo' AND ts > '2025-01-01'),
        (SELECT count(*) FROM indicator_data WHERE ts > '2025-01-01')")" "t|0|0" \
    "what an unfinished DETACH CONCURRENTLY took away goes from what was made of it"
# PostgreSQL's own pruning at run time skips other partitions than it should then.
week="SELECT count(*) FROM candle_data WHERE timeframe = '1w' AND ts = '2026-12-28 00:00+05:30'"
sql "CREATE TABLE c_2027 PARTITION OF candle_data
        FOR VALUES FROM ('2027-01-01 00:00+05:30') TO ('2028-01-01 00:00+05:30');
    INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close)
    VALUES (1, '1d', '2027-01-01 00:00+05:30', 1, 1, 1, 1);
    CALL refresh_timeframes()" >/dev/null
is "$(sql "$week"; sql "DROP TABLE c_2027; CALL refresh_timeframes()" >/dev/null; sql "$week")" $'1\n0' \
    "meanwhile, no partition is missed"
like "$(sql "SELECT compute_indicators()")" "DETAIL: +DETACH PARTITION .. CONCURRENTLY has not ended" \
    "and refreshes say what is unfinished"
sql "ALTER TABLE candle_data DETACH PARTITION c_2025 FINALIZE" >/dev/null
is "$(sql "SELECT compute_indicators()")" 0 "until it is"
done_testing
