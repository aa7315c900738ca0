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
done_testing
