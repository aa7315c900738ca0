# For tests in bash: prints TAP. Source it, call is/ok/like, end with done_testing.
tap_count=0
tap_failed=0

ok() { # STATUS NAME
    tap_count=$((tap_count + 1))
    if [ "$1" -eq 0 ]; then echo "ok $tap_count - $2"; else echo "not ok $tap_count - $2"; tap_failed=$((tap_failed + 1)); fi
}
is() { # GOT EXPECTED NAME
    local same=0
    [ "$1" = "$2" ] || same=1
    ok $same "$3"
    [ $same -eq 0 ] || printf '#      got: %s\n# expected: %s\n' "${1//$'\n'/$'\n'#           }" "${2//$'\n'/$'\n'#           }"
}
like() { # GOT PATTERN NAME (an extended regular expression)
    local found=0
    grep -qE -- "$2" <<<"$1" || found=1
    ok $found "$3"
    [ $found -eq 0 ] || printf '#     got: %s\n# no match: %s\n' "${1//$'\n'/$'\n'#          }" "$2"
}

# Waiting, for what may take long on a slow machine: it ends as soon as that is there, and gives up after so many
# seconds only because it has to end some time. No clock decides a test; how long something took is a comment.
patience=${TEST_PATIENCE:-900}
await() { # COMMAND...: until it succeeds
    local end=$((SECONDS + patience))
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || { echo "# waited $patience s in vain for: $*"; return 1; }
        sleep 0.05
    done
}
answers() { # STATEMENT EXPECTED: whether it does; what it answered is in $answer
    answer=$(sql "$1")
    [ "$answer" = "$2" ]
}
becomes() { # STATEMENT EXPECTED NAME: a test that it answers so some time
    local began=${EPOCHREALTIME/[.,]/}
    await answers "$1" "$2"
    local took=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
    is "$answer" "$2" "$3"
    echo "# after $took ms"
}

skip_all() { echo "1..0 # SKIP $1"; exit 0; }
done_testing() { echo "1..$tap_count"; exit $((tap_failed > 0)); }

# A database of the test's own on the running server, with the extension and its tables.
new_database() { # NAME
    psql -X -q -d postgres -c "DROP DATABASE IF EXISTS $1" -c "CREATE DATABASE $1" 2>/dev/null
    export PGDATABASE=$1
    sql "CREATE EXTENSION pg_candle; SELECT create_candle_tables();" >/dev/null
}
sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1" 2>&1; }

# A session beside the test's own ones, which holds what it is told to.
open_session() { coproc holder { psql -X -q -A -t 2>&1; }; }
tell() { # STATEMENTS: returns when they are done
    echo "$1; SELECT 'told';" >&"${holder[1]}"
    local line
    while read -r line <&"${holder[0]}" && [ "$line" != told ]; do :; done
}
close_session() { echo '\q' >&"${holder[1]}"; wait "$holder_PID" 2>/dev/null; }

# Real market data; absent outside the project's own machines.
SHARED_DATA=${SHARED_DATA:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/../shared/data}

# A candle file (ts,open,high,low,close,volume; gz) as rows of a series.
load_candles() { # INSTRUMENT_ID TIMEFRAME FILE [LINES]
    zcat "$3" | tail -n +2 | head -n "${4:-999999999}" | sed "s/^/$1,$2,/" |
        psql -X -q -v ON_ERROR_STOP=1 -c "COPY candle_data (instrument_id, timeframe, ts, open, high, low, close, volume) FROM STDIN (FORMAT csv)"
}
