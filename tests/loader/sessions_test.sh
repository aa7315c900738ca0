#!/usr/bin/env bash
# The loader works the same whatever the server, the role or the environment set, in databases of other encodings, and behind
# a pooler that hands out sessions by the transaction, where it leaves nothing behind.
. "$(dirname "$0")/loader.sh"
export UPSTOX_ACCESS_TOKEN=a-secret-token PGCANDLE_LIMITS=1000/1s
start_replay --limits none
printf 'ts,open,high,low,close,volume\n' >file.csv
for minute in 15 16 17; do printf '2026-01-01T09:%s:00+05:30,1.25,2,0.5,1.1,10\n' "$minute"; done >>file.csv

# All that the loader does, and what is in the tables then.
everything() {
    "$loader" init &&
        "$loader" instruments --json | jq -c .added &&
        "$loader" watch add NSE_EQ:TCS NSE_EQ:INFY --timeframes 1m,1d &&
        "$loader" backfill --symbols NSE_EQ:TCS --timeframes 1m,1d --from 2026-10-01 --to 2026-10-29 -q &&
        "$loader" backfill --symbols NSE_EQ:TCS --timeframes 1m,1d --from 2026-10-01 --to 2026-10-29 --force -q &&
        "$loader" calendar -q --force && "$loader" ltp --once && "$loader" import --symbol NSE_EQ:INFY file.csv &&
        "$loader" sync --segment equity --days 5 --dry-run && "$loader" sync --segment indicators &&
        "$loader" export --symbols NSE_EQ:INFY,NSE_EQ:TCS --timeframe 1m --from 2026-01-01 --to 2026-10-29 | md5sum &&
        "$loader" export --symbols NSE_EQ:TCS --timeframe 1d --indicators | md5sum &&
        "$loader" status --json | jq -c 'keys'
}
run_everything() { # NAME
    output=$(everything 2>&1 | sed -E 's/[0-9.]+ s$/s/; s/in [0-9.]+ s/in s/')
    is "$output" "${expected:-$output}" "$1"
}
fresh() { # [CREATE-OPTION...]
    psql -X -q -d postgres -c "SET client_min_messages = warning" -c "DROP DATABASE IF EXISTS loader_sessions WITH (FORCE)" \
        -c "CREATE DATABASE loader_sessions $*"
    export PGDATABASE=loader_sessions
}
fresh
run_everything "as it is"
expected=$output
like "${output//$'\n'/ }" "3 rows: 3 inserted.*\"alerts\".*\"series\"" "all of it"
for setting in "datestyle = 'German, DMY'" "datestyle = 'SQL, MDY'" "datestyle = 'Postgres, DMY'" \
    "intervalstyle = sql_standard" "standard_conforming_strings = off" "extra_float_digits = -9" \
    "timezone = 'America/New_York'" "default_transaction_isolation = serializable" \
    "default_transaction_isolation = 'repeatable read'" "default_transaction_read_only = on" "statement_timeout = 20" \
    "lock_timeout = 1" "row_security = off" "search_path = nowhere" "client_encoding = LATIN1" "array_nulls = off" \
    "quote_all_identifiers = on" "bytea_output = escape" "client_min_messages = debug1" "jit_above_cost = 0" \
    "default_transaction_deferrable = on" "plan_cache_mode = force_generic_plan" "lc_messages = C"; do
    fresh
    psql -X -q -d postgres -c "ALTER DATABASE loader_sessions SET $setting"
    run_everything "$setting"
done
for encoding in SQL_ASCII LATIN1 EUC_JP; do
    fresh "ENCODING $encoding TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    run_everything "a database in $encoding"
done
fresh
PGOPTIONS="-c datestyle=German -c default_transaction_read_only=on -c search_path=nowhere" PGDATESTYLE="SQL, DMY" \
    PGTZ=Asia/Tokyo PGCLIENTENCODING=LATIN1 run_everything "settings of the environment"

# A pooler in transaction mode, with fewer sessions than the loader has connections.
if command -v pgbouncer >/dev/null; then
    fresh
    server=$PGHOST pooler=$(mktemp -d /tmp/pg_candle_pooler.XXXXXX)
    chmod 755 "$pooler"
    cat >"$pooler/ini" <<INI
[databases]
loader_sessions = host=$server dbname=loader_sessions
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = $pooler
auth_type = any
pool_mode = transaction
default_pool_size = 3
ignore_startup_parameters = options, extra_float_digits
logfile = $pooler/log
INI
    as_owner() { if [ "$(id -u)" -ne 0 ]; then "$@"; else runuser -u "${CLUSTER_USER:-postgres}" -- "$@"; fi; }
    [ "$(id -u)" -ne 0 ] || chown -R "${CLUSTER_USER:-postgres}" "$pooler"
    user=$(psql -X -A -t -c "SELECT current_user")
    sed -i "s/^loader_sessions = .*/& user=$user/" "$pooler/ini"
    as_owner pgbouncer "$pooler/ini" >"$pooler/out" 2>&1 &
    pooler_job=$!
    # Through the pooler: a TCP port would be needed without sockets; host names its folder.
    pooled() { PGHOST=$pooler PGPORT=6432 PGUSER=$user "$@"; }
    await pooled psql -X -q -c "SELECT 1" >/dev/null
    # As they are, loaded or not.
    settings="SELECT current_setting('search_path'), coalesce(nullif(current_setting('pg_candle.log_changes', true), ''), 'on'),
        current_setting('pg_candle.now', true)"
    pooled run_everything "behind a pooler"
    is "$(pooled psql -X -A -t -c "$settings" | sort -u)" "$(psql -X -A -t -c "$settings")" \
        "which hands on sessions without settings of the loader"
    is "$(psql -X -A -t -c "SELECT count(*) FROM pg_class WHERE relpersistence = 't'")" 0 "and without its tables"
    is "$(psql -X -A -t -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")" 0 "or locks"
    # A loader that was killed leaves its jobs to others when its lease ends.
    sql "TRUNCATE candle_data, candle_coverage, sync_job, request_log" >/dev/null
    pooled "$loader" backfill --symbols NSE_EQ:TCS --timeframes 1m --from 2026-01-01 --to 2026-10-29 --limits 3/1h -q 2>/dev/null &
    await answers "SELECT count(*) > 0 FROM candle_coverage" t
    kill -9 $! && wait $! 2>/dev/null
    sql "UPDATE sync_job SET leased_until = now() WHERE state = 'running'; TRUNCATE request_log" >/dev/null
    PGHOST=$pooler PGPORT=6432 PGUSER=$user run backfill --symbols NSE_EQ:TCS --timeframes 1m --from 2026-01-01 --to 2026-10-29 -q
    is "$code $(sql "SELECT string_agg(DISTINCT state, ',') FROM candle_coverage")" "0 filled" "what a killed loader held is done by the next"
    kill "$pooler_job" $(cat "$pooler/pid" 2>/dev/null) 2>/dev/null
    wait "$pooler_job" 2>/dev/null
    rm -rf "$pooler"
else
    echo "# skipped: no pgbouncer"
fi

# Strings for databases
fresh
"$loader" init >/dev/null
for url in "postgresql+psycopg2:///loader_sessions?host=$PGHOST" "postgres:///loader_sessions?host=$PGHOST" \
    "timescaledb:///loader_sessions?host=$PGHOST" "\"postgresql:///loader_sessions?host=$PGHOST\""; do
    DATABASE_URL=$url run status
    is "$code" 0 "${url%%://*}"
done
for url in "mysql://me:hidden-word@host/db" "postgresql://me:hidden-word@host:port/db" "postgresql://me:hidden@word@host/db" \
    "hidden-word" "postgresql://me:hidden-word@127.0.0.1:1/db" "postgresql://me:hidden-word@host/db?secret=hidden-word"; do
    DATABASE_URL=$url run status
    [[ $output != *hidden* && $code != 0 ]]
    ok $? "a database that cannot be reached, ${url%%:*}: $output"
done
psql -X -q -d postgres -c "DROP DATABASE loader_sessions" 2>/dev/null
done_testing
