#!/usr/bin/env bash
# The background worker of shared_preload_libraries, on a cluster of its own: candles from psql become indicators by themselves, nothing
# is held open meanwhile, and it outlives everything that may happen to a database.
. "$(dirname "$0")/../tap.sh"
cd "$(dirname "$0")/../.." || exit 1
cluster=$(mktemp -d /tmp/pg_candle_launcher.XXXXXX)
trap 'tests/cluster stop "$cluster"; rm -rf "$cluster"' EXIT
tests/cluster start "$cluster" "shared_preload_libraries = 'pg_candle'" "pg_candle.databases = 'kept, \"Other one\"'" "pg_candle.role = candle_worker" \
    "log_min_messages = debug1" "autovacuum = off"
eval "$(tests/cluster env "$cluster")"
export PGOPTIONS="-c client_min_messages=warning"
log() { grep -c "$1" "$cluster/run/log"; }
logged() { grep -qE "$1" "$cluster/run/log"; }
rights="GRANT SELECT ON candle_data, watchlist, trading_calendar, instrument_master TO candle_worker;
    GRANT SELECT, INSERT, UPDATE, DELETE ON indicator_data, indicator_state, indicator_checkpoint, candle_change TO candle_worker"
candles() { # FIRST LAST of series 1/1m
    sql "INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume) SELECT 1, '1m', '2026-01-05 09:15+05:30'::timestamptz + i * interval '1 min', 5 + i % 7, 20, 1, 5 + i % 3, i FROM generate_series($1, $2) i"
}
missing="SELECT count(*) FROM candle_data c WHERE NOT EXISTS (SELECT FROM indicator_data i WHERE (i.instrument_id, i.timeframe, i.ts) = (c.instrument_id, c.timeframe, c.ts))"

# Nothing is there yet: no role, no database. It says so, and waits.
like "$(cat "$cluster/run/log")" 'database "kept" fresh: the role of pg_candle.role does not exist' "without its role it says so"
sql "CREATE ROLE candle_worker LOGIN" >/dev/null
new_database kept
sql "$rights" >/dev/null
candles 1 500
becomes "$missing" 0 "role and database that appear later are found"

# Fresh in a moment (the docs promise two seconds), whatever is done
candles 501 501
becomes "$missing" 0 "a candle inserted from psql has its indicators in a moment"
sql "DELETE FROM candle_data WHERE ts = (SELECT max(ts) FROM candle_data)" >/dev/null
becomes "SELECT count(*) FROM indicator_data" 500 "a deleted one has none"
sql "UPDATE candle_data SET close = 6 WHERE ts = (SELECT min(ts) FROM candle_data)" >/dev/null
becomes "SELECT count(*) FROM (SELECT * FROM indicators(NULL::indicator_data, 1, '1m') EXCEPT SELECT * FROM indicator_data) d" 0 "a correction at the start has arrived"
sql "ALTER TABLE indicator_data ADD COLUMN ema_34 float8" >/dev/null
becomes "SELECT count(ema_34) FROM indicator_data" 467 "a new column is filled"
sql "UPDATE trading_calendar SET timezone = 'America/New_York' WHERE calendar = '24x7'; INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol) VALUES (1, 'X|1', 'X', 'X', 'X', 'ONE');
    UPDATE trading_calendar SET timezone = 'Asia/Tokyo' WHERE calendar = '24x7'" >/dev/null
becomes "SELECT count(*) FROM (SELECT * FROM indicators(NULL::indicator_data, 1, '1m') EXCEPT SELECT * FROM indicator_data) d" 0 "sessions in another zone reach the columns that depend on them"

# Between rounds
becomes "SELECT count(*), count(xact_start) FROM pg_stat_activity WHERE backend_type ~ 'pg_candle'" "1|0" "between rounds only the launcher is there, without a transaction"
is "$(sql "SELECT datname IS NULL FROM pg_stat_activity WHERE backend_type = 'pg_candle launcher'")" t "and tied to no database"
launcher=$(sql "SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_candle launcher'")
ticks() { # user and system time of the launcher and of all it started, of which the postmaster is the parent
    local postmaster
    postmaster=$(head -1 "$cluster/data/postmaster.pid")
    cat "/proc/$launcher/stat" "/proc/$postmaster/stat" | awk '{ n += $14 + $15 + $16 + $17 } END { print n }'
}
# Rounds that still follow what was written above, and a checkpoint, may come in between: at a naptime of a second, five without a round show it.
quiet() {
    local rounds before
    before=$(ticks) rounds=$(log 'starting background worker process "pg_candle worker')
    sleep 5
    used=$(($(ticks) - before))
    [ "$(log 'starting background worker process "pg_candle worker')" = "$rounds" ]
}
await quiet
ok $? "where nothing is written, no round is started"
echo "# in 5 idle seconds: $used ms x 10 of CPU in the launcher, the postmaster and all that ended under it"

# Reload, errors, and a bad series beside a good one
sql "ALTER SYSTEM SET pg_candle.naptime = '3s'" >/dev/null
sql "SELECT pg_reload_conf()" >/dev/null
becomes "SHOW pg_candle.naptime" 3s "a reload is heard"
sql "ALTER SYSTEM RESET pg_candle.naptime" >/dev/null
sql "SELECT pg_reload_conf(); REVOKE SELECT ON candle_data FROM candle_worker" >/dev/null
candles 600 601
await logged "permission denied for table candle_data"
like "$(cat "$cluster/run/log")" "permission denied for table candle_data" "without a right it says which"
began=$SECONDS
sleep 4
# It waits twice as long each time, from a second on.
tries=$(log 'permission denied for table candle_data') most=3
for ((waited = 4; waited <= SECONDS - began; waited *= 2)); do most=$((most + 1)); done
ok $((tries > most)) "and tries again ever more rarely: $tries times in $((SECONDS - began)) s"
sql "GRANT SELECT ON candle_data TO candle_worker" >/dev/null
sql "SELECT pg_reload_conf()" >/dev/null
becomes "$missing" 0 "with the right back it goes on"
sql "ALTER TABLE candle_data DROP CONSTRAINT candle_data_prices; INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close) VALUES (2, '1m', now(), 'NaN', 1, 1, 1)" >/dev/null
candles 602 605
becomes "SELECT count(*) FROM indicator_data WHERE instrument_id = 1" 506 "a bad series does not hold up the others"
becomes "SELECT failures > 0 AND error ~ 'not finite' FROM indicator_state WHERE instrument_id = 2" t "and its state tells why"
sql "UPDATE candle_data SET open = 1 WHERE open = 'NaN'" >/dev/null
becomes "$missing" 0 "corrected, it is done"

# What no trigger sees is found by reading
sql "ALTER SYSTEM SET pg_candle.verify_every = '1s'" >/dev/null
sql "SELECT pg_reload_conf()" >/dev/null
sql "SET session_replication_role = replica; UPDATE candle_data SET high = 30, close = 25 WHERE instrument_id = 1 AND ts = (SELECT min(ts) FROM candle_data WHERE instrument_id = 1)" >/dev/null
becomes "SELECT count(*) FROM (SELECT * FROM indicators(NULL::indicator_data, 1, '1m') EXCEPT SELECT * FROM indicator_data) d" 0 "what changed unseen is right some time all the same"
await logged "instrument 1, timeframe 1m had changed unnoticed: [0-9]+ rows of indicators were put right"
ok $? "and the log tells so"
sql "SET session_replication_role = replica; DELETE FROM indicator_data WHERE ts = (SELECT max(ts) FROM indicator_data); UPDATE indicator_data SET ema_34 = 0 WHERE ema_34 IS NOT NULL" >/dev/null
becomes "SELECT count(*) FROM (SELECT * FROM indicators(NULL::indicator_data, 1, '1m') EXCEPT SELECT * FROM indicator_data) d" 0 "so are results that were changed unseen"
sql "ALTER SYSTEM SET pg_candle.verify_every = 0" >/dev/null
sql "SELECT pg_reload_conf()" >/dev/null

# What happens to databases and extensions
sql "DROP EXTENSION pg_candle" >/dev/null
candles 700 700
is "$(sql "SELECT count(*) FROM candle_change WHERE consumer = 'indicators'")" 1 "without the extension changes are logged all the same"
sql "CREATE EXTENSION pg_candle" >/dev/null
becomes "$missing" 0 "with the extension back they are worked in"
PGDATABASE=postgres sql 'CREATE DATABASE "Other one"' >/dev/null
ok "$(PGDATABASE=postgres sql 'DROP DATABASE "Other one"' >/dev/null; echo $?)" "a database of the list can be dropped at any time"
for _ in 1 2 3; do candles $((800 + _)) $((800 + _)) 2>/dev/null; done
ok "$(PGDATABASE=postgres sql "ALTER DATABASE kept RENAME TO renamed" >/dev/null; echo $?)" "and renamed"
PGDATABASE=postgres sql "ALTER DATABASE renamed RENAME TO kept" >/dev/null
becomes "$missing" 0 "under its old name it is found again"
kill -9 "$(sql "SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_candle launcher'")"
await answers "SELECT 1" 1
candles 900 901
becomes "$missing" 0 "after kill -9 of the launcher it is back"
tests/cluster restart "$cluster"
candles 902 903
becomes "$missing" 0 "after a crash and restart, too"

# Where not even a failure can be noted, the database waits longer each time, and says so in a line or two.
sql "REVOKE UPDATE ON indicator_state FROM candle_worker" >/dev/null
candles 904 904
sql "INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close) SELECT 1, tf, '2026-01-06 09:15+05:30', 5, 20, 1, 5
    FROM unnest('{5m,15m,1h}'::text[]) tf" >/dev/null
await logged "the failure of instrument .* could not be noted"
await logged "does not keep database \"kept\" fresh: its worker failed"
attempts() { grep -c "does not keep database \"kept\" fresh: its worker failed" "$cluster/run/log"; }
before=$(attempts)
three_more() { [ "$(attempts)" -ge $((before + 3)) ]; }
await three_more
ok "$([ "$(grep -c "could not be noted" "$cluster/run/log")" -le $(($(attempts) + 1)) ]; echo $?)" "an attempt that can note nothing tells of one series"
sql "GRANT UPDATE ON indicator_state TO candle_worker" >/dev/null
becomes "$missing" 0 "with the right it goes on"
sql "ALTER ROLE candle_worker SUPERUSER; SELECT pg_reload_conf()" >/dev/null
candles 905 905
await logged "the role of pg_candle.role is a superuser"
like "$(cat "$cluster/run/log")" "the role of pg_candle.role is a superuser" "as a superuser it says that it does not work"
is "$(sql "$missing")" 1 "and does not"
sql "ALTER ROLE candle_worker NOSUPERUSER; SELECT pg_reload_conf()" >/dev/null
becomes "$missing" 0 "as an ordinary role again it does"
like "$(sql "ALTER SYSTEM SET pg_candle.databases = 'a,,b'")" "invalid value for parameter" "a list that cannot be read is refused"
like "$(sql "SET pg_candle.napttime = 3")" "invalid configuration parameter name|unrecognized configuration parameter" "a setting that does not exist is refused"
done_testing
