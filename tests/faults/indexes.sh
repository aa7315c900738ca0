#!/usr/bin/env bash
# What the engine writes to B-trees itself, a page at a time, against what PostgreSQL knows of them: amcheck after random changes, with
# indexes of several orders, after crashes, and on a standby that streams; each record that is replayed is compared with the page that it
# had made. The same with pg_candle.bulk_index_entries off. INDEXES_SEED repeats a run.
. "$(dirname "$0")/../tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 1
folder=$(mktemp -d /tmp/pg_candle_indexes.XXXXXX)
chmod 755 "$folder"
trap 'for one in "$folder"/*; do tests/cluster stop "$one" 2>/dev/null; done; rm -rf "$folder"' EXIT
export PGOPTIONS="-c client_min_messages=warning"
seed=${INDEXES_SEED:-$((RANDOM % 10000))}
damage() { # 0 if all B-trees are right, and hold what a rebuild gives
    sql "SELECT bt_index_parent_check(i.indexrelid, true, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam AND a.amname = 'btree'
         WHERE i.indrelid = 'indicator_data'::regclass" | grep .
    sql "SELECT count(*) FROM wrong_rows()"
}
crash() {
    tests/cluster crash "$cluster" 2>/dev/null || grep -E 'FATAL|PANIC' -A 1 "$cluster/run/log"
    damage
}
has_replayed() { [ "$(PGHOST=$standby/run sql "SELECT pg_last_wal_replay_lsn() >= '$1'")" = t ] || ! [ -f "$standby/data/postmaster.pid" ] || grep -qE 'FATAL|PANIC' "$standby/run/log"; }
of_standby() { # 0 if it has replayed all, its B-trees are right, and its rows are the primary's
    local contents="SELECT count(*) || ' ' || md5(string_agg(i::text, ',' ORDER BY instrument_id, timeframe, ts)) FROM indicator_data i"
    await has_replayed "$(sql "SELECT pg_current_wal_insert_lsn()")"
    grep -E 'inconsistent|PANIC' -A 1 "$standby/run/log"
    PGHOST=$standby/run sql "SELECT bt_index_check(i.indexrelid, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam AND a.amname = 'btree'
         WHERE i.indrelid = 'indicator_data'::regclass" | grep .
    [ "$(sql "$contents")" != "$(PGHOST=$standby/run sql "$contents")" ]
    echo $((1 - $?))
}

for position in on off; do
    RANDOM=$seed
    echo "# bulk_index_entries $position, seed $seed"
    cluster=$folder/$position standby=$folder/${position}_standby
    tests/cluster start "$cluster" "wal_consistency_checking = all" "wal_log_hints = on" "max_wal_size = 8GB" "checkpoint_timeout = 1h" "autovacuum = off" "wal_keep_size = 8GB" "pg_candle.bulk_index_entries = $position"
    eval "$(tests/cluster env "$cluster")"
    new_database pg_candle_indexes
    psql -X -q -v ON_ERROR_STOP=1 -f tests/faults/freshness.sql
    sql "CREATE EXTENSION amcheck" >/dev/null
    tests/cluster standby "$standby" "$cluster"
    walinspect=$(sql "CREATE EXTENSION pg_walinspect")

    # Long series, the later ones first: PostgreSQL inserts one entry in each page, which splits it.
    sql "SELECT put_candles(id, '1m', 1, 20000) FROM generate_series(1, 6) id" >/dev/null
    from=$(sql "SELECT pg_current_wal_insert_lsn()")
    sql "SELECT compute_indicators(id) FROM generate_series(6, 1, -1) id" >/dev/null
    pages=$(sql "SELECT pg_relation_size('indicator_data_pkey') / 8192")
    if [ -z "$walinspect" ]; then
        records=$(sql "SELECT \"resource_manager/record_type\", count FROM pg_get_wal_stats('$from', pg_current_wal_flush_lsn()) WHERE \"resource_manager/record_type\" IN ('Generic', 'Btree')")
        expected="1 1 1"
        [ $position = on ] || expected="0 1 0"
        is "$(awk -F'|' -v pages="$pages" '{ n[$1] = $2 } END { print (n["Generic"] > pages), (n["Generic"] < 5 * pages), (n["Btree"] < 5 * pages) }' <<<"$records")" "$expected" \
            "$position: 120000 entries on $pages pages: $(tr '\n' ' ' <<<"$records")records"
    fi
    [ $position = off ] || is "$((pages < 120000 / 200))" 1 "the pages are as full as PostgreSQL makes them"
    is "$(damage)" 0 "$position: every page is where it belongs, and every row is known"
    is "$(of_standby)" 0 "$position: on the standby, too"

    # Series that begin and go on in any order.
    for step in $(seq 24); do
        sql "SELECT put_candles($((RANDOM % 9 + 11)), tf, last + 1, last + $((RANDOM % 900 + 1))) FROM (SELECT tf, (SELECT count(*)::int FROM candle_data WHERE timeframe = tf AND instrument_id > 10) AS last
             FROM (SELECT (ARRAY['1m', '5m', '15m'])[$((RANDOM % 3 + 1))] AS tf) t) l" >/dev/null
        [ $((step % 3)) -ne 0 ] || sql "CALL refresh_indicators(workers => $((RANDOM % 3)))" >/dev/null
    done
    sql "CALL refresh_indicators()" >/dev/null
    is "$(crash)" 0 "$position: series in any order, and a crash: what is replayed is what had been there"
    is "$(of_standby)" 0 "$position: on the standby, too"

    # All that can happen, with indexes of which the rows of a series are in another order, or in none.
    sql "TRUNCATE candle_data; SELECT compute_indicators();
         CREATE INDEX newest ON indicator_data (timeframe, instrument_id DESC, ts DESC);
         CREATE INDEX by_time ON indicator_data (ts, instrument_id);
         CREATE UNIQUE INDEX covering ON indicator_data (instrument_id, ts, timeframe) WITH (fillfactor = 60);
         CREATE INDEX by_instrument ON indicator_data (instrument_id) INCLUDE (ts);
         CREATE INDEX hashed ON indicator_data USING hash (ts)" >/dev/null
    problems=""
    for step in $(seq 40); do
        id=$((RANDOM % 9 + 1)) tf=$([ $((RANDOM % 2)) -eq 0 ] && echo 1m || echo 5m) place=$((RANDOM % 4000))
        case $((RANDOM % 11)) in
            0 | 1 | 2) what="SELECT put_candles($id, '$tf', $place, $place + $((RANDOM % 3000)))" ;;
            3) what="SELECT put_candles($id, '$tf', $place, $place + 2000, 0.05)" ;;
            4) what="SELECT put_candles(id, '$tf', 4000 + $step, 4000 + $step) FROM generate_series(1, 9) id" ;;
            5) what="DELETE FROM candle_data WHERE instrument_id = $id AND ts >= candle_at($place, '$tf')" ;;
            6) what="DELETE FROM candle_data WHERE random() < 0.3" ;;
            7) what="VACUUM indicator_data" ;;
            8) what="BEGIN; SELECT put_candles($id, '$tf', $place, $place + 1500); SELECT compute_indicators(); ROLLBACK" ;;
            9) what="DELETE FROM candle_data WHERE instrument_id BETWEEN $id AND $((id + 2))" ;;
            # Rows that are dead, looked up by every index: their entries are marked, which is not logged.
            10) what="DELETE FROM indicator_data WHERE random() < 0.3; SET enable_seqscan = off; SET enable_bitmapscan = off;
                      SELECT count(sma_20) FROM indicator_data WHERE instrument_id = $id; SELECT count(sma_20) FROM indicator_data WHERE timeframe = '$tf';
                      SELECT count(sma_20) FROM indicator_data WHERE ts > candle_at($place, '$tf')" ;;
        esac
        { echo "SELECT setseed(0.$((RANDOM % 10000)));"; echo "$what;"; } | psql -X -q -v ON_ERROR_STOP=1 >/dev/null 2>&1 || problems+="step $step: $what failed"$'\n'
        if [ $((RANDOM % 3)) -eq 0 ]; then out=$(sql "CALL refresh_indicators(workers => 2)"); else out=$(sql "SELECT compute_indicators()" | grep -vx '[0-9]*'); fi
        found=0
        [ $((step % 4)) -ne 0 ] || found=$(damage)
        [ "$out$found" = 0 ] || { problems+="step $step, after $what: $out $found"$'\n'; break; }
        [ $((step % 20)) -eq 0 ] || continue
        found=$(crash) found+=" $(of_standby)"
        [ "$found" = "0 0" ] || { problems+="step $step, after a crash, and on the standby: $found"$'\n'; break; }
    done
    is "$problems" "" "$position, seed $seed: 40 random changes and 2 crashes, and all indexes are right after each, on the standby, too"
    tests/cluster stop "$standby"
    tests/cluster stop "$cluster"
    rm -rf "$standby" "$cluster"
done
done_testing
