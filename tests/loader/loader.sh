# For the tests of the loader: the program, a replay server of the test's own, and a clean environment. Source it.
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
loader=${PGCANDLE_PROGRAM:-$root/build/release/pgcandle}
work=$(mktemp -d /tmp/pg_candle_loader.XXXXXX)
cd "$work" || exit 1
unset DATABASE_URL PGCANDLE_API_URL PGCANDLE_ASSETS_URL PGCANDLE_LIMITS PGCANDLE_BACKOFF UPSTOX_ACCESS_TOKEN
export PGCANDLE_TOKEN_FILE=$work/token PGCANDLE_NOW=2026-10-30T20:00:00+05:30 PGOPTIONS="-c client_min_messages=warning"
replay_pid=

stop_replay() {
    [ -z "$replay_pid" ] || { kill "$replay_pid" && wait "$replay_pid"; } 2>/dev/null
    replay_pid=
}
# Starts the replay server; the API and assets of the loader are there then.
start_replay() { # OPTION...
    stop_replay
    rm -f "$work/replay.out"
    local today=(--today 2026-10-30)
    [[ " $* " != *" --today "* ]] || today=()
    "$root/build/release/replay_server" "${today[@]}" "$@" >"$work/replay.out" 2>"$work/replay.log" &
    replay_pid=$!
    for _ in $(seq 200); do [ -s "$work/replay.out" ] && break; sleep 0.05; done
    PGCANDLE_API_URL=$(head -1 "$work/replay.out")
    PGCANDLE_ASSETS_URL=$PGCANDLE_API_URL
    export PGCANDLE_API_URL PGCANDLE_ASSETS_URL
}
replay() { curl -sS "${@:2}" "$PGCANDLE_API_URL/_replay/$1"; } # PATH CURL-OPTION...

# Runs the loader; its output is in $output, on one line, its exit code in $code.
run() { # ARG...
    output=$("$loader" "$@" 2>&1)
    code=$?
    output=${output//$'\n'/ }
}
trap 'stop_replay; rm -rf "$work"' EXIT
[ -x "$loader" ] || { echo "# $loader is not built"; exit 1; }
