#!/usr/bin/env bash
# Writers, refreshers, DDL and a session that holds series, all at once and under all isolation levels, with the worker and a standby that
# streams. Whatever comes in between: at the end one refresh leaves what a rebuild leaves, and all B-trees are right on both servers.
#
# STORM_STEPS: how much each session does. STORM_SEED: what the sessions do; how they meet is left to the machine.
. "$(dirname "$0")/../tap.sh"
cd "$(dirname "$0")/../.." || exit 1
steps=${STORM_STEPS:-30} seed=${STORM_SEED:-$RANDOM}
folder=$(mktemp -d /tmp/pg_candle_storm.XXXXXX)
chmod 755 "$folder"
cluster=$folder/primary standby=$folder/standby
trap 'for one in "$folder"/{standby,primary}; do tests/cluster stop "$one" 2>/dev/null; done; rm -rf "$folder"' EXIT
tests/cluster start "$cluster" "shared_preload_libraries = 'pg_candle'" "pg_candle.databases = 'plain, parts'" "pg_candle.role = candle_worker" "pg_candle.verify_every = '5s'" \
    "max_worker_processes = 16" "max_wal_size = 4GB" "wal_keep_size = 4GB" "deadlock_timeout = '200ms'" "autovacuum_naptime = '2s'"
eval "$(tests/cluster env "$cluster")"
export PGOPTIONS="-c client_min_messages=warning"
sql "CREATE ROLE candle_worker LOGIN" >/dev/null
for database in plain parts; do
    new_database $database
    [ $database = plain ] || psql -X -q -f tests/faults/partitions.sql >/dev/null
    psql -X -q -v ON_ERROR_STOP=1 -f tests/faults/ddl.sql >/dev/null
    sql "CREATE EXTENSION amcheck; INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol)
             VALUES (3, 'C|3', 'C', 'CRYPTO', 'SPOT', 'THREE'), (4, 'NSE_EQ|4', 'NSE', 'NSE_EQ', 'EQ', 'FOUR');
         SELECT fill(3, '1m', 0, 900), fill(4, '1d', 0, 700); GRANT SELECT ON ALL TABLES IN SCHEMA public TO candle_worker;
         GRANT INSERT, UPDATE, DELETE ON indicator_data, indicator_state, indicator_checkpoint TO candle_worker" >/dev/null
done
tests/cluster standby "$standby" "$cluster"

one_of() { local all=("$@"); echo "${all[RANDOM % $#]}"; }
levels=("READ COMMITTED" "REPEATABLE READ" SERIALIZABLE)
series() { one_of "instrument_id = 1 AND timeframe = '1d'" "instrument_id = 2 AND timeframe = '1m'" "instrument_id = 3 AND timeframe = '1m'" "instrument_id = 4 AND timeframe = '1d'" "instrument_id = 1 AND timeframe = '1m'"; }
write() {
    one_of "SELECT fill($(one_of "1, '1d'" "2, '1m'" "3, '1m'" "4, '1d'"), $((RANDOM % 1200 + 1200)), $((RANDOM % 30 + 2400)), 1.5)" \
        "UPDATE candle_data SET close = close + (high - close) / 2 WHERE $(series) AND hashtext(ts::text || '$RANDOM') % 20 = 0" \
        "DELETE FROM candle_data WHERE $(series) AND hashtext(ts::text || '$RANDOM') % 40 = 0" \
        "UPDATE candle_data SET volume = volume + 1 WHERE $(series) AND ts = (SELECT max(ts) FROM candle_data c WHERE c.instrument_id = candle_data.instrument_id AND c.timeframe = candle_data.timeframe)" \
        "UPDATE indicator_data SET sma_9 = 0 WHERE $(series) AND hashtext(ts::text || '$RANDOM') % 20 = 0" \
        "DELETE FROM indicator_data WHERE $(series) AND hashtext(ts::text || '$RANDOM') % 20 = 0"
}
refresh() {
    one_of "SELECT compute_indicators()" "SELECT compute_indicators($((RANDOM % 4 + 1)))" "CALL refresh_timeframes()" "CALL refresh_timeframes($((RANDOM % 4 + 1)))" "SELECT compute_indicators(verify => true)" \
        "SELECT compute_indicators($((RANDOM % 4 + 1)), since => '2026-01-05 12:00+05:30')" "SELECT compute_indicators(force => true)"
}
# Statements that change what is there; whichever of them finds no more what it needs fails, and the storm goes on.
ddl_plain() {
    one_of "ALTER TABLE candle_data ALTER volume TYPE float8 USING volume + 1" "ALTER TABLE candle_data ALTER volume TYPE bigint; ALTER TABLE candle_data ALTER volume TYPE float8" \
        "ALTER TABLE candle_data DROP COLUMN oi; ALTER TABLE candle_data ADD COLUMN oi float8" "BEGIN; ALTER TABLE candle_data RENAME oi TO x; ALTER TABLE candle_data RENAME volume TO oi; ALTER TABLE candle_data RENAME x TO volume; COMMIT" \
        "BEGIN; ALTER TABLE candle_data DISABLE TRIGGER USER; UPDATE candle_data SET close = low WHERE $(series) AND hashtext(ts::text || '$RANDOM') % 10 = 0; ALTER TABLE candle_data ENABLE TRIGGER USER; COMMIT" \
        "ALTER TABLE candle_data DISABLE TRIGGER USER; UPDATE candle_data SET close = high WHERE $(series) AND hashtext(ts::text || '$RANDOM') % 10 = 0; ALTER TABLE candle_data ENABLE TRIGGER USER" \
        "BEGIN; LOCK candle_data; CREATE TABLE other_one (LIKE candle_data INCLUDING ALL); INSERT INTO other_one SELECT * FROM candle_data; UPDATE other_one SET close = low WHERE $(series); DROP VIEW IF EXISTS data_freshness;
         DROP TABLE candle_data; ALTER TABLE other_one RENAME TO candle_data; GRANT SELECT ON candle_data TO candle_worker; COMMIT; SELECT create_candle_tables()" \
        "ALTER TABLE indicator_data ALTER sma_9 TYPE real; ALTER TABLE indicator_data ALTER sma_9 TYPE float8" "ALTER TABLE indicator_data ALTER ema_21 TYPE float8 USING 0" "ALTER TABLE indicator_data DROP COLUMN bars; ALTER TABLE indicator_data ADD COLUMN bars bigint" \
        "ALTER TABLE indicator_data ADD COLUMN ema_$((RANDOM % 5 + 50)) float8" "BEGIN; CREATE TABLE child () INHERITS (candle_data); INSERT INTO child SELECT instrument_id, timeframe, source, ts + interval '30 s', open, high, low, close, volume, oi FROM ONLY candle_data WHERE $(series) LIMIT 5; COMMIT" \
        "DROP TABLE child" "BEGIN ISOLATION LEVEL $(one_of "${levels[@]}"); SELECT count(*) FROM candle_data; SELECT pg_sleep(0.1); TRUNCATE candle_data; SELECT fill(1, '1d', 0, 300), fill(2, '1m', 0, 900), fill(3, '1m', 0, 500); COMMIT" \
        "BEGIN; DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT * FROM indicator_state; SELECT pg_sleep(0.2); LOCK indicator_state; DELETE FROM indicator_state; INSERT INTO indicator_state SELECT * FROM kept; COMMIT" \
        "VACUUM FULL candle_data" "CLUSTER indicator_data USING indicator_data_pkey" "REINDEX TABLE CONCURRENTLY indicator_data" "DELETE FROM candle_change" "SELECT create_candle_tables()"
}
ddl_parts() {
    one_of "UPDATE c_2024_1 SET close = low WHERE hashtext(ts::text || '$RANDOM') % 10 = 0" "DELETE FROM c_2024_n WHERE hashtext(ts::text || '$RANDOM') % 20 = 0" "TRUNCATE c_2025" "TRUNCATE i_0" "UPDATE i_1 SET sma_9 = 5" \
        "ALTER TABLE candle_data DETACH PARTITION c_2025; UPDATE c_2025 SET close = low; ALTER TABLE candle_data ATTACH PARTITION c_2025 FOR VALUES FROM ('2025-01-01 00:00+05:30') TO ('2026-01-01 00:00+05:30')" \
        "ALTER TABLE candle_data DETACH PARTITION c_2025 CONCURRENTLY; ALTER TABLE candle_data ATTACH PARTITION c_2025 FOR VALUES FROM ('2025-01-01 00:00+05:30') TO ('2026-01-01 00:00+05:30')" \
        "ALTER TABLE candle_data ATTACH PARTITION c_2025 FOR VALUES FROM ('2025-01-01 00:00+05:30') TO ('2026-01-01 00:00+05:30')" \
        "BEGIN; CREATE TABLE c_2027 (LIKE candle_data INCLUDING ALL); INSERT INTO c_2027 SELECT instrument_id, timeframe, source, ts + interval '1096 days', open, high, low, close, volume, oi FROM candle_data WHERE ts < '2024-12-20' AND source = 'h';
         ALTER TABLE candle_data ATTACH PARTITION c_2027 FOR VALUES FROM ('2027-01-01 00:00+05:30') TO ('2028-01-01 00:00+05:30'); COMMIT" \
        "DROP TABLE c_2027" "UPDATE c_2027 SET close = high" "ALTER TABLE c_2024_1 DISABLE TRIGGER USER; UPDATE c_2024_1 SET close = low WHERE hashtext(ts::text || '$RANDOM') % 5 = 0; ALTER TABLE c_2024_1 ENABLE TRIGGER USER" \
        "BEGIN; DROP TABLE c_2024_1; CREATE TABLE c_2024_1 PARTITION OF c_2024 FOR VALUES IN (1); SELECT fill(1, '1d', 0, 200); COMMIT" "ALTER TABLE candle_data ALTER close TYPE float8 USING (close + low) / 2" \
        "BEGIN; ALTER TABLE indicator_data DETACH PARTITION i_0; UPDATE i_0 SET ema_21 = 1; ALTER TABLE indicator_data ATTACH PARTITION i_0 FOR VALUES WITH (MODULUS 2, REMAINDER 0); COMMIT"
}
hold() { echo "BEGIN; $(one_of "SELECT compute_indicators($((RANDOM % 4 + 1)))" "SELECT 1 FROM indicator_state WHERE $(series) FOR UPDATE" "SELECT 1 FROM candle_data WHERE $(series) FOR UPDATE"); SELECT pg_sleep(random() / 2); $(one_of COMMIT ROLLBACK)"; }
session() { # DATABASE KIND: what it said besides results
    RANDOM=$((seed + $3))
    for ((i = 0; i < steps; ++i)); do
        echo "SET lock_timeout = '$((RANDOM % 4 + 1))s';"
        case $2 in
            # Where DDL has its turn, a transaction that waits for it is a deadlock's victim now and then; that is PostgreSQL's way to go on.
            write) echo "BEGIN ISOLATION LEVEL $(one_of "${levels[@]}"); $(write); $(write); $(one_of COMMIT COMMIT COMMIT ROLLBACK); ROLLBACK;" ;;
            refresh) echo "BEGIN ISOLATION LEVEL $(one_of "${levels[@]}"); $(refresh); $(one_of COMMIT COMMIT ROLLBACK); ROLLBACK;" ;;
            refresh_all) one_of "CALL refresh_indicators(workers => $((RANDOM % 3)));" "CALL refresh_timeframes();" "SELECT compute_indicators();" ;;
            ddl) echo "$(ddl_"$1"); ROLLBACK;" ;;
            hold) echo "$(hold); ROLLBACK;" ;;
        esac
    done | psql -X -q -A -t -d "$1" -v VERBOSITY=verbose 2>&1 |
        grep -E '^(psql|ERROR|FATAL|PANIC|WARNING|server|connection)' | sort | uniq -c | sort -rn
}
meanwhile="55P03|40P01|40001|23505|23514|42P01|42703|42P07|42701|55006|0A000|55000|57014|25001|25P02|2BP01|42883|21000"
meanwhile+="|42P17|42809|42804|22023|42704|428C9"
# Which series those were, and why, refresh_indicators() says as warnings.
unrefreshed="[0-9]+ of [0-9]+ series could not be refreshed"
told="25P01: .*|01000: timeframes of instrument [0-9] are left as they are|01000: .* is held by another session"
told+="|01000: instrument [0-9], timeframe [0-9a-z]+( is left as it is)?: (duplicate key|could not serialize|deadlock"
told+="|canceling statement due to lock timeout|table public\.[a-z_]+ (has no column|does not exist)|column|relation)"
echo "# seed $seed, $steps steps of each session"
for database in plain parts; do
    export PGDATABASE=$database
    n=0 running=()
    for kind in write write write refresh refresh refresh_all ddl hold; do
        n=$((n + 1))
        session $database $kind $n >"$folder/$database.$n.$kind" &
        running+=($!)
    done
    wait "${running[@]}"
    said=$(cat "$folder/$database".*)
    # What others did in between: locks, deadlocks, serialization, duplicates, and objects that were just away or in use.
    is "$(grep -vE " (ERROR:  ($meanwhile): .*|ERROR:  22000: $unrefreshed|WARNING:  ($told))" <<<"$said")" "" \
        "$database: nothing fails but for what another session did: $(grep -oE '(ERROR|WARNING):  [0-9A-Z]{5}' \
            <<<"$said" | sort | uniq -c | awk '{ printf "%s%s x%d", n++ ? ", " : "", $3, $1 }' | head -c 300)"
    # What a statement of DDL left half done is made whole first, by hand as one would.
    psql -X -q -c "ALTER TABLE candle_data ADD COLUMN oi float8" -c "ALTER TABLE candle_data ADD COLUMN volume float8" -c "ALTER TABLE indicator_data ADD COLUMN bars bigint" -c "ALTER TABLE indicator_data ALTER sma_9 TYPE float8" \
        -c "ALTER TABLE candle_data DETACH PARTITION c_2025 FINALIZE" \
        -c "ALTER TABLE candle_data ATTACH PARTITION c_2025 FOR VALUES FROM ('2025-01-01 00:00+05:30') TO ('2026-01-01 00:00+05:30')" 2>/dev/null >&2
    refreshed=$(sql "CALL refresh_timeframes(); SELECT 'refreshed' FROM compute_indicators()")
    is "$refreshed" refreshed "$database: then a refresh"
    is "$(sql "SELECT count(*) FROM wrong()")" 0 "$database: leaves no stale row"
    sql "SELECT wrong() LIMIT 3" | sed 's/^/# /'
    is "$(sql "SELECT bt_index_parent_check(c.oid, true, true) FROM pg_class c JOIN pg_am a ON a.oid = c.relam AND a.amname = 'btree' WHERE c.relkind = 'i' AND c.relpersistence = 'p'" | grep .)" "" "$database: all B-trees are right"
    has_replayed() { [ "$(PGHOST=$standby/run sql "SELECT pg_last_wal_replay_lsn() >= '$1'")" = t ] || ! [ -f "$standby/data/postmaster.pid" ]; }
    contents="SELECT count(*) || ' ' || md5(string_agg(i::text, ',' ORDER BY instrument_id, timeframe, ts)) FROM indicator_data i"
    on_primary=$(sql "$contents; SELECT pg_current_wal_insert_lsn()")
    await has_replayed "$(tail -1 <<<"$on_primary")"
    is "$(PGHOST=$standby/run sql "SELECT bt_index_check(c.oid, true) FROM pg_class c JOIN pg_am a ON a.oid = c.relam AND a.amname = 'btree' WHERE c.relkind = 'i' AND c.relpersistence = 'p'" | grep .)" "" "$database: on the standby, too"
    is "$(PGHOST=$standby/run sql "$contents")" "$(head -1 <<<"$on_primary")" "$database: which has the same rows"
done
is "$(grep -E 'PANIC|terminated by signal|XX[0-9]{3}|TRAP' "$cluster/run/log" "$standby/run/log")" "" "no process crashed"
done_testing
