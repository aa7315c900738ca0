#!/usr/bin/env bash
# A hundred thousand short series, as a store of all listed instruments has them: one call goes through them all, and its
# memory does not grow with their number.
. "$(dirname "$0")/../tap.sh"
[ -r /proc/self/status ] || skip_all "needs /proc to see a backend's memory"
new_database pg_candle_many
sql "INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT id, '1d', '2020-01-03 00:00+05:30'::timestamptz + i * interval '1 day', p, p + 1, p - 1, p, i
    FROM (SELECT i, id, 100 + (id + i) % 17 AS p FROM generate_series(1, 100000) id, generate_series(0, 2) i) s" >/dev/null

# Own memory in MiB after the statement, within the same transaction, and its answer.
measure() { # STATEMENT
    psql -X -q -A -t -v ON_ERROR_STOP=1 2>&1 <<SQL
BEGIN;
$1;
SELECT pg_backend_pid() AS pid \gset
\setenv PID :pid
\! sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' /proc/\$PID/status
COMMIT;
SQL
}
check() { # STATEMENT ANSWER NAME
    local answer memory
    { read -r answer; read -r memory; } < <(measure "$1")
    is "$answer" "$2" "$3"
    echo "# the backend's own memory: $((${memory:-0} / 1024)) MiB"
    ok $((${memory:-999999} / 1024 > 96)) "$3: at most 96 MiB"
}
check "SELECT compute_indicators()" 300000 "compute 100,000 series"
check "SELECT compute_indicators()" 0 "compare them"
sql "UPDATE candle_data SET close = close + 0.5 WHERE ts = '2020-01-05 00:00+05:30'" >/dev/null
check "SELECT compute_indicators()" 100000 "change the last row of each"
done_testing
