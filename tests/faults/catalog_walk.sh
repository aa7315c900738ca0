#!/usr/bin/env bash
# Walks the catalog: every table, each column as NULL and as other types, the table without it or replaced by something else. Each
# time every SQL function is called: an error or a right answer, and the server lives.
#
# A run takes a random part of what could be done; WALK=all takes all of it, in half an hour.
. "$(dirname "$0")/../tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
seed=${WALK_SEED:-$RANDOM}
echo "# seed $seed"
export PGOPTIONS="-c client_min_messages=error -c pg_candle.now=2024-03-01"
new_database pg_candle_walk
ok "$(psql -X -q -v ON_ERROR_STOP=1 -f "$root/tests/faults/catalog_walk.sql" >/dev/null; echo $?)" "tables with rows"
is "$(sql "SELECT string_agg(statement, ' ') FROM call WHERE statement IS NULL OR statement ~ '=> *[,)]'")" "" \
    "$(sql "SELECT count(*) FROM call") calls, every function among them"
is "$(sql "SELECT name || ': ' || state || ' ' || coalesce(said, '') FROM walk(true)
           WHERE state NOT IN ('00000', '55000', '25001', '2D000', '0A000')")" "" "on sound tables all of them answer"
psql -X -q -d postgres -c "DROP DATABASE IF EXISTS pg_candle_walk_2" -c "CREATE DATABASE pg_candle_walk_2 TEMPLATE pg_candle_walk" 2>/dev/null

all="SELECT c.oid::regclass AS name FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'call'"
# What is read by C++; of the columns of indicators a few stand for all.
read="SELECT name::regclass AS name FROM unnest('{candle_data,candle_change,candle_coverage,dropped_candles,indicator_data,
    indicator_state,indicator_checkpoint,instrument_master,refresh_run,trading_calendar,trading_holiday,special_session,
    watchlist}'::text[]) AS t (name)"
columns_of() {
    echo "($1) t JOIN pg_attribute a ON a.attrelid = t.name AND a.attnum > 0 AND NOT a.attisdropped
          AND (a.attname !~ '_[0-9]' OR a.attname IN ('sma_9', 'ema_21'))"
}
types='text,numeric,real,bigint,bytea,timestamp,mood,whole,price,words,moment,varchar(40),name,float8,integer,smallint,timestamptz'
types+=',date,time,interval,boolean,jsonb,"integer[]"'

# Two sessions share the statements, each in a database of its own; each statement is rolled back.
in_turns() { # FILE
    local status=0
    awk 'NR % 2' "$1" | psql -X -q -A -t -d pg_candle_walk >"$1.1" 2>&1 &
    awk 'NR % 2 == 0' "$1" | psql -X -q -A -t -d pg_candle_walk_2 >"$1.2" 2>&1 || status=$?
    wait $! || status=$?
    echo "$status $(cat "$1.1" "$1.2")"
}
walk() { # NAME SHARE QUERY: the query yields statements, each of which yields problems; this share of them is run, in %
    local list out count
    list=$(mktemp)
    sql "SELECT 'BEGIN; ' || s.statement || ' ROLLBACK;' FROM ($3) s (statement)
         WHERE '${WALK:-}' = 'all' OR hashtext(s.statement || '$seed') & 1023 < 1024 * $2 / 100 ORDER BY hashtext(s.statement || '$seed')" >"$list"
    count=$(wc -l <"$list")
    out=$(in_turns "$list")
    is "${out:0:3000}" "0 " "$1: $count cases"
    rm -f "$list"*
}
walk "a column that is NULL in all rows" 50 "SELECT format('SELECT check_null(%L, %L, true);', t.name, a.attname) FROM $(columns_of "$all")"
walk "a column that is NULL in a row" 50 "SELECT format('SELECT check_null(%L, %L, false);', t.name, a.attname) FROM $(columns_of "$read")"
walk "columns as other types" 10 "SELECT format('SELECT check_type(%L, %L, %L);', t.name, a.attname, type)
    FROM $(columns_of "$read"), unnest('{$types}'::text[]) AS type WHERE format_type(a.atttypid, a.atttypmod) <> type"
walk "a column that is away" 50 "SELECT format('SELECT check_statements(%L, %L);', t.name || ' without ' || a.attname,
    format('ALTER TABLE %s DROP COLUMN %I CASCADE', t.name, a.attname)) FROM $(columns_of "$all")"
walk "a column with another name" 30 "SELECT format('SELECT check_statements(%L, %L);', t.name || '.' || a.attname || ' renamed',
    format('ALTER TABLE %s RENAME %I TO other', t.name, a.attname)) FROM $(columns_of "$all")"
aside="DROP VIEW data_freshness; ALTER TABLE @ RENAME TO old_one;"
walk "text in another order" 50 "SELECT format('SELECT check_statements(%L, %L);', t.name || '.' || a.attname || ' in another order',
    format('DROP VIEW data_freshness, refresh_progress; ALTER TABLE %s ALTER %I TYPE text COLLATE \"POSIX\"', t.name, a.attname))
    FROM $(columns_of "$read") WHERE a.atttypid = 'text'::regtype"
walk "a column that nobody can write" 50 "SELECT format('SELECT check_statements(%L, %L);', t.name || '.' || a.attname || ' generated',
    format('ALTER TABLE %s DROP COLUMN %I CASCADE, ADD COLUMN %2\$I %s GENERATED ALWAYS AS (NULL) STORED', t.name, a.attname,
        format_type(a.atttypid, a.atttypmod))) FROM $(columns_of "$read")"
walk "a table that is away, empty, or something else" 50 "SELECT format('SELECT check_statements(%L, %L);', t.name || ': ' || s, replace(s, '@', t.name::text))
    FROM ($all) t, unnest(ARRAY['DROP TABLE @ CASCADE', 'ALTER TABLE @ DISABLE TRIGGER USER; TRUNCATE @ CASCADE', '$aside SELECT 1', '$aside CREATE VIEW @ AS SELECT * FROM old_one',
    '$aside CREATE TABLE @ AS SELECT * FROM old_one', '$aside CREATE MATERIALIZED VIEW @ AS SELECT * FROM old_one', '$aside CREATE TABLE @ (nothing int)',
    '$aside CREATE SEQUENCE @', '$aside CREATE TYPE @ AS (a int)', 'CREATE TABLE child () INHERITS (@)', 'ALTER TABLE @ ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
    'CREATE RULE r AS ON INSERT TO @ DO INSTEAD NOTHING', 'CREATE RULE r AS ON DELETE TO @ DO INSTEAD NOTHING',
    'ALTER TABLE @ ADD COLUMN more int NOT NULL DEFAULT 1, ADD COLUMN even float8 GENERATED ALWAYS AS (2.0) STORED']) s"
walk "an unlogged table" 50 "SELECT format('SELECT check_statements(%L, %L);', t.name || ' unlogged', format('ALTER TABLE %s SET UNLOGGED', t.name))
    FROM ($all) t WHERE t.name::text <> 'instrument_master'"
psql -X -q -d postgres -c "DROP DATABASE pg_candle_walk" -c "DROP DATABASE pg_candle_walk_2"
done_testing
