# For the tests of the loader: the program, a replay server of the test's own, and a clean environment. Source it.
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
loader=${PGCANDLE_PROGRAM:-$root/build/release/pgcandle}
work=$(mktemp -d /tmp/pg_candle_loader.XXXXXX)
cd "$work" || exit 1
unset DATABASE_URL PGCANDLE_API_URL PGCANDLE_ASSETS_URL PGCANDLE_LIMITS PGCANDLE_BACKOFF UPSTOX_ACCESS_TOKEN
export PGCANDLE_TOKEN_FILE=$work/token PGCANDLE_NOW=2026-10-30T20:00:00+05:30 PGCANDLE_BACKOFF=20 PGOPTIONS="-c client_min_messages=warning"
replay_pid=

stop_replay() {
    [ -z "$replay_pid" ] || { kill "$replay_pid" && wait "$replay_pid"; } 2>/dev/null
    replay_pid=
}
replay_has_begun() { [ -s "$work/replay.out" ] || ! kill -0 "$replay_pid" 2>/dev/null; }
# Starts the replay server; the API and assets of the loader are there then.
start_replay() { # OPTION...
    stop_replay
    rm -f "$work/replay.out"
    local today=(--today 2026-10-30)
    [[ " $* " != *" --today "* ]] || today=()
    "$root/build/release/replay_server" "${today[@]}" "$@" >"$work/replay.out" 2>"$work/replay.log" &
    replay_pid=$!
    await replay_has_begun
    PGCANDLE_API_URL=$(head -1 "$work/replay.out")
    PGCANDLE_ASSETS_URL=$PGCANDLE_API_URL
    export PGCANDLE_API_URL PGCANDLE_ASSETS_URL
}
replay() { curl -sS "${@:2}" "$PGCANDLE_API_URL/_replay/$1"; } # PATH CURL-OPTION...

# Simulated time. With PGCANDLE_NOW=@$clock the loader and the replay server read from a file what time it is; it stands
# until it is moved.
clock=$work/clock
set_clock() { echo "$1" >"$clock.new" && mv "$clock.new" "$clock"; } # MOMENT
# Moves the clock from minute to minute, each time after a daemon has done all that is due: nothing in the timetable
# waits, and no job is open. So what happens when does not depend on how fast the machine is.
pass_time() { # FROM TO, moments
    local at moment end
    end=$(date -d "$2" +%s)
    for ((at = $(date -d "$1" +%s); at <= end; at += 60)); do
        TZ=IST-5:30 printf -v moment '%(%Y-%m-%dT%H:%M:%S+05:30)T' "$at"
        cat <<SQL
\! echo $moment >"$clock.new" && mv "$clock.new" "$clock"
SET pg_candle.now = '$moment';
DO 'BEGIN
    WHILE EXISTS (SELECT FROM due_sync_tasks())
       OR EXISTS (SELECT FROM sync_job WHERE state IN (''queued'', ''running'')) LOOP
        PERFORM pg_sleep(0.01);
    END LOOP;
END';
SQL
    done | PGOPTIONS="$PGOPTIONS -c statement_timeout=${patience}s" psql -X -q -v ON_ERROR_STOP=1
}

# Runs the loader; its output is in $output, on one line, its exit code in $code.
run() { # ARG...
    output=$("$loader" "$@" 2>&1)
    code=$?
    output=${output//$'\n'/ }
}
trap 'stop_replay; rm -rf "$work"' EXIT
[ -x "$loader" ] || { echo "# $loader is not built"; exit 1; }
