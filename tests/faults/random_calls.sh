#!/usr/bin/env bash
# Random calls of all functions, with random arguments, between random writes, DDL and settings: no crash, no internal error, no hang,
# and at the end of each hundred a refresh leaves what a rebuild leaves, or is refused.
#
# The sample of make check has one seed, so that it says the same each time. CALLS=100000 is more than a sample, RANDOM_CALLS_SEED=$RANDOM another
# one; RANDOM_CALLS_FIRST says from which hundred on.
. "$(dirname "$0")/../tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
seed=${RANDOM_CALLS_SEED:-77}
hundreds=$((${CALLS:-2000} / 100)) first=${RANDOM_CALLS_FIRST:-1}
echo "# seed $seed"
folder=$(mktemp -d /tmp/pg_candle_calls.XXXXXX)
trap 'psql -X -q -d postgres -c "DROP DATABASE IF EXISTS pg_candle_calls_1" -c "DROP DATABASE IF EXISTS pg_candle_calls_2" 2>/dev/null; rm -rf "$folder"' EXIT
export PGOPTIONS="-c client_min_messages=error"
new_database pg_candle_calls
psql -X -q -v ON_ERROR_STOP=1 -f "$root/tests/faults/ddl.sql" -f "$root/tests/faults/random_calls.sql" >/dev/null
# What waits for a statement that hangs: longer than any of them takes, on whatever machine.
sql "ALTER DATABASE pg_candle_calls SET statement_timeout = '20min'" >/dev/null

hundred() { # NUMBER SESSION: what is wrong with it
    local database=pg_candle_calls_$2 log=$folder/$1 end
    psql -X -q -d postgres -c "DROP DATABASE IF EXISTS $database" -c "CREATE DATABASE $database TEMPLATE pg_candle_calls" -c "ALTER DATABASE $database SET statement_timeout = '20min'" || return 1
    {
        echo "\\set VERBOSITY verbose"
        echo "SELECT setseed($(awk -v s="$seed" -v n="$1" 'BEGIN { srand(s * 10007 + n); print 2 * rand() - 1 }'));"
        echo "\\o /dev/null"
        for ((i = 0; i < 100; ++i)); do
            [ $((i % 8)) -ne 7 ] || echo "ROLLBACK;"
            echo "SELECT random.statement($((1 + $1 % 4)) / 40.0) \\gexec"
        done
        # In another session, as nothing of what was set is meant to stay.
        echo "\\c -"
        echo "\\o"
        echo "SELECT random.refreshed();"
    } | psql -X -A -t -e -d "$database" >"$log" 2>&1
    end=$(tail -1 "$log")
    if grep -qE ' XX[0-9]{3}: | 57014: |P0004|server closed|terminated|crash|FATAL|PANIC|/\* pg_candle \*/|DIFFERS|refused: (XX|57)' "$log" || ! [[ $end =~ ^(is\ right|refused) ]]; then
        echo "hundred $1 of seed $seed: $(grep -E -m 3 -B 2 ' XX[0-9]{3}: | 57014: |P0004|server closed|terminated|FATAL|PANIC|/\* pg_candle \*/' "$log" | cut -c1-600) $(tail -c 600 "$log")"
        [ -z "${RANDOM_CALLS_LOGS:-}" ] || cp "$log" "$RANDOM_CALLS_LOGS"
    fi
    echo "$1 $(grep -c '^ERROR' "$log") $end" >>"$folder/ends.$2"
    rm -f "$log"
}
hundreds_of() { # SESSION
    for ((n = first + $1 - 1; n < first + hundreds; n += 2)); do hundred "$n" "$1"; done
}
hundreds_of 1 >"$folder/problems.1" 2>&1 &
hundreds_of 2 >"$folder/problems.2" 2>&1
wait
is "$(cat "$folder"/problems.* | head -c 6000)" "" "seed $seed: $hundreds hundreds of statements, no crash, internal error, hang or difference"
cat "$folder"/ends.* >"$folder/ends"
awk '{ errors += $2 } END { printf "# %d %% of the statements were refused; the ends:\n", errors / NR }' "$folder/ends"
cut -d' ' -f3- "$folder/ends" | sort | uniq -c | sort -rn | head -20 | sed 's/^/# /'
is "$(awk '$3 == "is" { n++ } END { print (n > NR / 5) }' "$folder/ends")" 1 "and often enough the tables were in order at the end"
psql -X -q -d postgres -c "DROP DATABASE pg_candle_calls"
done_testing
