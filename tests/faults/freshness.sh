#!/usr/bin/env bash
# After any history of candles, indicator_data equals a rebuild bit for bit: random histories of one session, writers and refreshes
# at once, and crashes of backends and of the server in the middle. FRESHNESS_STEPS and FRESHNESS_SEEDS repeat or lengthen it.
. "$(dirname "$0")/../tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
definitions=$root/tests/faults/freshness.sql
instruments="INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
    SELECT i, 'NSE_EQ|' || i, 'NSE', 'NSE_EQ', 'EQ', 'S' || i FROM generate_series(1, 4) i"
prepare() { # DATABASE
    new_database "$1"
    psql -X -q -v ON_ERROR_STOP=1 -f "$definitions"
    sql "$instruments"
}

# Random histories, two at a time.
steps=${FRESHNESS_STEPS:-700}
history() { # SEED
    prepare "pg_candle_history_$1"
    PGOPTIONS="-c client_min_messages=warning" sql "CALL random_history($1, $steps)"
    psql -X -q -d postgres -c "DROP DATABASE pg_candle_history_$1"
}
out=$(mktemp -d)
trap 'tests/cluster stop "$cluster" 2>/dev/null; rm -rf "$out" "$cluster"' EXIT
cluster=
running=0
seeds=${FRESHNESS_SEEDS:-1 2 $((RANDOM % 10000)) $((RANDOM % 10000))}
for seed in $seeds; do
    (history "$seed") >"$out/$seed" 2>&1 &
    running=$((running + 1))
    [ $((running % 2)) -eq 1 ] || wait
done
wait
for seed in $seeds; do is "$(cat "$out/$seed")" "" "history of seed $seed: $steps steps, after each the table equals a rebuild, and a second refresh writes nothing"; done

# Writers and refreshes of every kind at once. Transactions commit late, and out of order.
export PGOPTIONS="-c client_min_messages=warning"
write() { # INSTRUMENT COUNT SECONDS: transactions of several changes, open for up to so long
    for ((i = 0; i < $2; i++)); do echo "BEGIN; SELECT write_some($1), pg_sleep(random() * $3), write_some($1 % 3 + 1); COMMIT;"; done | psql -X -q >/dev/null 2>&1
}
# Writers of one series may deadlock with each other; refreshes may not.
refresh() { for ((i = 0; i < $1; i++)); do psql -X -q -A -t "${@:3}" -c "$2" 2>&1 | grep -E 'ERROR|FATAL|PANIC|server closed'; done; }
settled() { # NAME: everything is refreshed once more, and right
    sql "SELECT compute_indicators()" >/dev/null
    is "$(sql "SELECT count(*) FROM wrong_rows()")" 0 "$1: the table equals a rebuild"
    is "$(sql "SELECT compute_indicators()")" 0 "$1: a second refresh writes nothing"
    is "$(sql "SELECT count(*) FROM candle_change WHERE consumer = 'indicators'")" 0 "$1: and the log is empty"
}
prepare pg_candle_freshness
errors=$(
    write 1 60 0.02 & write 2 60 0.1 & write 3 200 0 & write 1 20 0.3 &
    refresh 40 "SELECT compute_indicators()" &
    refresh 40 "CALL refresh_indicators()" &
    refresh 8 "CALL refresh_indicators(workers => 2)" &
    refresh 40 "SELECT compute_indicators(1); SELECT compute_indicators(2, '1m')" &
    wait
)
is "$errors" "" "writers and refreshes at once: no refresh fails"
settled "writers and refreshes at once"
errors=$(
    write 1 60 0.02 & write 2 60 0.1 & write 3 200 0 &
    refresh 30 "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM candle_data; SELECT pg_sleep(0.05); SELECT compute_indicators(); COMMIT" &
    refresh 30 "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT compute_indicators(); SELECT pg_sleep(0.02); COMMIT" &
    refresh 30 "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT compute_indicators(3); COMMIT" &
    refresh 30 "SELECT compute_indicators()" &
    wait
)
is "$(grep -v 'could not serialize access' <<<"$errors")" "" "repeatable read and serializable: nothing fails but by serialization"
settled "repeatable read and serializable"

# One that is held open while others refresh and commit: its candles are older than all that was computed since.
psql -X -q <<SQL >/dev/null
BEGIN;
SELECT put_candles(1, '1m', 5, 8);
\! psql -X -q -A -t -c "SELECT put_candles(1, '1m', 3000, 3010)" -c "SELECT compute_indicators()" -c "SELECT compute_indicators()"
COMMIT;
SQL
settled "a transaction that commits late"

# The same through crashes, on a cluster of its own: kill -9 of a backend, which takes all others with it, and of the server.
cd "$root" || exit 1
cluster=$(mktemp -d /tmp/pg_candle_fresh.XXXXXX)
tests/cluster start "$cluster" "restart_after_crash = on" "max_worker_processes = 16"
eval "$(tests/cluster env "$cluster")"
up() { await answers "SELECT 1" 1; }
prepare pg_candle_crash
sql "SELECT put_candles(i, '1m', 0, 3000) FROM generate_series(1, 3) i; SELECT compute_indicators()" >/dev/null
killed=0
for round in 1 2 3 4 5 6; do
    (write 1 60 0.01 & write 2 60 0.02 & refresh 20 "SELECT compute_indicators()" & refresh 5 "CALL refresh_indicators(workers => 2)" & wait) >/dev/null 2>&1 &
    sleep "0.$((RANDOM % 9 + 1))"
    if [ $((round % 3)) -eq 0 ]; then
        tests/cluster crash "$cluster" 2>/dev/null && killed=$((killed + 1))
        wait
    else
        # Some moment in which one of them is at work.
        for _ in $(seq 100); do
            victim=$(psql -X -q -A -t -c "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND (state = 'active' AND query ~ 'compute_indicators|refresh_indicators' OR backend_type ~ 'pg_candle') ORDER BY random() LIMIT 1" 2>/dev/null)
            [ -z "$victim" ] || break
        done
        [ -z "$victim" ] || { kill -9 "$victim" 2>/dev/null && killed=$((killed + 1)); }
        wait
    fi
    up
    settled "crash $round"
done
is "$(sql "CREATE EXTENSION amcheck"; sql "SELECT bt_index_check('indicator_data_pkey', true)")" "" "the index knows every row"
is "$((killed >= 4))" 1 "$killed processes were killed in the middle of their work"
done_testing
