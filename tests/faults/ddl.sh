#!/usr/bin/env bash
# Whatever people do to the tables, by DDL or past the triggers: the next refresh leaves what a rebuild leaves, without force.
. "$(dirname "$0")/../tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
export PGOPTIONS="-c client_min_messages=warning"
query() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@" 2>&1; }

# A template for plain tables, and one for candles and indicators in partitions.
template() { # NAME SQL-BEFORE
    psql -X -q -d postgres -c "DROP DATABASE IF EXISTS $1" -c "CREATE DATABASE $1" 2>/dev/null
    query -d "$1" -c "CREATE EXTENSION pg_candle; SELECT create_candle_tables(); $2" >/dev/null
    query -d "$1" -f "$root/tests/faults/ddl.sql" >/dev/null
}
template pg_candle_plain ""
template pg_candle_parts "$(cat "$root/tests/faults/partitions.sql")"

# After the statements: refreshed once, equal to a rebuild; refreshed again, nothing to do; and later changes are noticed as before.
check() { # TEMPLATE NAME STATEMENTS [SQL-AFTERWARDS]
    local said
    psql -X -q -d postgres -c "DROP DATABASE IF EXISTS pg_candle_case" -c "CREATE DATABASE pg_candle_case TEMPLATE pg_candle_$1" 2>/dev/null
    said=$(printf '%s\n' "$3" | query -d pg_candle_case -f - >/tmp/pg_candle_case.$$ 2>&1 || cat /tmp/pg_candle_case.$$)
    said+=$(query -d pg_candle_case -c "CALL refresh_timeframes()" -c "SELECT 'rows' WHERE compute_indicators() < 0" -c "SELECT wrong() LIMIT 3" -c "CALL refresh_timeframes()" \
        -c "SELECT 'a second refresh writes ' || n FROM compute_indicators() n WHERE n > 0")
    said+=$(query -d pg_candle_case -c "UPDATE candle_data SET close = high WHERE instrument_id = 1 AND timeframe = '1d' AND ts = (SELECT min(ts) + interval '200 days' FROM candle_data WHERE instrument_id = 1 AND timeframe = '1d')" \
        -c "UPDATE candle_data SET volume = 5 WHERE instrument_id = 2 AND timeframe = '1m' AND ts = '2026-01-05 12:00+05:30'" \
        -c "CALL refresh_timeframes()" -c "SELECT 'rows' WHERE compute_indicators() < 0" -c "SELECT 'later: ' || wrong() LIMIT 3")
    is "$said" "" "$1: $2"
}
prices="ALTER TABLE candle_data DROP CONSTRAINT IF EXISTS candle_data_prices; DROP VIEW IF EXISTS data_freshness;"

check plain "nothing" "SELECT 1"
check plain "a price rewritten by USING" "$prices ALTER TABLE candle_data ALTER close TYPE float8 USING greatest(low, close - 0.5)"
check plain "a volume to bigint and doubled" "ALTER TABLE candle_data ALTER volume TYPE bigint USING volume * 2"
check plain "a price to real and back" "$prices ALTER TABLE candle_data ALTER close TYPE real; ALTER TABLE candle_data ALTER close TYPE float8"
check plain "prices as numeric" "$prices ALTER TABLE candle_data ALTER open TYPE numeric(12,3), ALTER high TYPE numeric(12,3), ALTER low TYPE numeric(12,3), ALTER close TYPE numeric(12,3)"
check plain "columns that change places" "$prices ALTER TABLE candle_data RENAME open TO x; ALTER TABLE candle_data RENAME close TO open; ALTER TABLE candle_data RENAME x TO close"
check plain "a volume that is dropped and comes back empty" "ALTER TABLE candle_data DROP COLUMN volume; ALTER TABLE candle_data ADD COLUMN volume float8"
check plain "a column that has nothing to do with it" "ALTER TABLE candle_data ADD COLUMN trades int DEFAULT 3"
check plain "one that is rewritten in another session after a refresh" "SELECT compute_indicators();
\\! psql -X -q -d pg_candle_case -c 'ALTER TABLE candle_data ALTER volume TYPE float8 USING volume + 1'"
new_table="CREATE TABLE candle_new (LIKE candle_data INCLUDING ALL); INSERT INTO candle_new SELECT instrument_id, timeframe, source, ts, open / 5, high / 5, low / 5, close / 5, volume * 5, oi FROM candle_data WHERE source <> 'd'"
check plain "another table under the name, by RENAME" "$new_table; DROP VIEW data_freshness; ALTER TABLE candle_data RENAME TO candle_old; ALTER TABLE candle_new RENAME TO candle_data"
check plain "the same within a transaction, the old one dropped" "$new_table; BEGIN; DROP VIEW data_freshness; ALTER TABLE candle_data RENAME TO candle_old; ALTER TABLE candle_new RENAME TO candle_data; DROP TABLE candle_old; COMMIT"
check plain "the old one dropped first" "$new_table; DROP VIEW data_freshness; DROP TABLE candle_data; ALTER TABLE candle_new RENAME TO candle_data"
check plain "another table under the name, by SET SCHEMA" "$new_table; CREATE SCHEMA elsewhere; ALTER TABLE candle_new SET SCHEMA elsewhere; ALTER TABLE elsewhere.candle_new RENAME TO candle_data;
    DROP VIEW data_freshness; ALTER TABLE candle_data RENAME TO candle_old; ALTER TABLE elsewhere.candle_data SET SCHEMA public"
check plain "a table that is away while it changes" "ALTER TABLE candle_data RENAME TO away; ALTER TABLE away DISABLE TRIGGER USER; UPDATE away SET close = low; ALTER TABLE away ENABLE TRIGGER USER; ALTER TABLE away RENAME TO candle_data"
check plain "a view over candles of one's own" "ALTER TABLE candle_data RENAME TO mine; DROP VIEW data_freshness; DELETE FROM mine WHERE source = 'd'; CREATE VIEW candle_data AS SELECT * FROM mine"
check plain "triggers that are off for a correction" "ALTER TABLE candle_data DISABLE TRIGGER USER; UPDATE candle_data SET close = low WHERE ts < '2024-05-01'; UPDATE candle_data SET close = high WHERE timeframe = '1m'; ALTER TABLE candle_data ENABLE TRIGGER USER"
check plain "triggers that stay off" "ALTER TABLE candle_data DISABLE TRIGGER log_candle_update; SELECT compute_indicators(); UPDATE candle_data SET close = low WHERE timeframe = '1d'"
check plain "triggers that are dropped and made anew" "DROP TRIGGER log_candle_update ON candle_data; UPDATE candle_data SET close = low WHERE timeframe IN ('1d', '1m'); SELECT create_candle_tables()"
check plain "triggers that are off on both tables" "ALTER TABLE indicator_data DISABLE TRIGGER USER; UPDATE indicator_data SET sma_9 = 1; DELETE FROM indicator_data WHERE ts < '2024-02-01'; ALTER TABLE indicator_data ENABLE TRIGGER USER"
check plain "an indicator to real and back" "ALTER TABLE indicator_data ALTER sma_20 TYPE real; ALTER TABLE indicator_data ALTER sma_20 TYPE float8"
check plain "an indicator set to 0 by USING" "ALTER TABLE indicator_data ALTER sma_20 TYPE float8 USING 0"
check plain "indicators that go and come back" "ALTER TABLE indicator_data DROP COLUMN ema_21, DROP COLUMN bars; ALTER TABLE indicator_data ADD COLUMN ema_21 real, ADD COLUMN bars bigint"
check plain "indicators that change places" "ALTER TABLE indicator_data RENAME sma_9 TO x; ALTER TABLE indicator_data RENAME sma_50 TO sma_9; ALTER TABLE indicator_data RENAME x TO sma_50"
check plain "another table of indicators under the name" "CREATE TABLE i (LIKE indicator_data INCLUDING ALL); INSERT INTO i SELECT * FROM indicator_data; UPDATE i SET sma_9 = 7 WHERE ts < '2024-06-01'; DROP TABLE indicator_data; ALTER TABLE i RENAME TO indicator_data"
check plain "a child that has candles" "CREATE TABLE child () INHERITS (candle_data);
    INSERT INTO child SELECT instrument_id, timeframe, source, ts - interval '30 seconds', open, high, low, close, volume, oi FROM ONLY candle_data WHERE instrument_id = 2 AND timeframe = '1m' ORDER BY ts LIMIT 10;
    SELECT compute_indicators(); UPDATE child SET close = low; DELETE FROM child WHERE ts < '2026-01-05 09:18+05:30'"
check plain "a child that comes, full, and goes" "CREATE TABLE child (LIKE candle_data INCLUDING ALL); INSERT INTO child SELECT instrument_id, timeframe, source, ts - interval '30 seconds', open, high, low, close, volume, oi FROM candle_data WHERE instrument_id = 2 AND timeframe = '1m';
    ALTER TABLE child INHERIT candle_data; CALL refresh_timeframes(); SELECT compute_indicators(); ALTER TABLE child NO INHERIT candle_data"
check plain "an older state put back" "CREATE TABLE kept AS SELECT * FROM indicator_state; CREATE TABLE kept_checkpoints AS SELECT * FROM indicator_checkpoint;
    UPDATE candle_data SET close = low WHERE timeframe = '1d' AND ts = '2024-02-01 00:00+05:30'; SELECT compute_indicators();
    TRUNCATE indicator_state, indicator_checkpoint; INSERT INTO indicator_state SELECT * FROM kept; INSERT INTO indicator_checkpoint SELECT * FROM kept_checkpoints;
    SELECT fill(1, '1d', 401, 402); UPDATE candle_data SET volume = volume + 1 WHERE timeframe = '1m' AND ts = '2026-01-05 13:00+05:30'"
check plain "states of all series exchanged" "UPDATE indicator_state a SET state = b.state, signature = b.signature, computed_through = b.computed_through FROM indicator_state b WHERE b.timeframe = a.timeframe AND b.instrument_id = 3 - a.instrument_id; SELECT fill(1, '1d', 401, 410)"
check plain "a log that somebody updates" "UPDATE candle_data SET close = low WHERE ts < '2024-03-01'; UPDATE candle_change SET earliest = '2030-01-01'"
check plain "a log that a trigger empties" "UPDATE candle_data SET close = low WHERE ts < '2024-03-01'; CREATE FUNCTION tr() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM candle_change; RETURN NULL; END'; CREATE TABLE x (a int);
    CREATE TRIGGER t AFTER INSERT ON x EXECUTE FUNCTION tr(); INSERT INTO x VALUES (1)"
check plain "another log for a while" "ALTER TABLE candle_change RENAME TO cc; CREATE TABLE candle_change (LIKE cc INCLUDING ALL); UPDATE candle_data SET close = low WHERE ts < '2024-03-01'; DROP TABLE candle_change; ALTER TABLE cc RENAME TO candle_change"
check plain "no log for a while" "ALTER TABLE candle_change RENAME TO cc; UPDATE candle_data SET close = low WHERE ts < '2024-03-01'; ALTER TABLE cc RENAME TO candle_change"
check plain "a log in another schema for a while" "CREATE SCHEMA other; ALTER TABLE candle_change SET SCHEMA other; UPDATE candle_data SET close = low WHERE ts < '2024-03-01'; ALTER TABLE other.candle_change SET SCHEMA public"
check plain "a log dropped and made anew" "UPDATE candle_data SET close = low WHERE ts < '2024-03-01'; DROP TABLE candle_change; SELECT create_candle_tables()"
check plain "a log rewritten by USING" "UPDATE candle_data SET close = low WHERE ts < '2024-03-01'; ALTER TABLE candle_change ALTER earliest TYPE timestamptz USING 'infinity'"
check plain "a trigger that keeps notes out of the log" "CREATE FUNCTION sup() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER sup BEFORE INSERT ON candle_change FOR EACH ROW EXECUTE FUNCTION sup();
    UPDATE candle_data SET close = low WHERE ts < '2024-03-01'; DROP TRIGGER sup ON candle_change"
check plain "a rule that does" "CREATE RULE r AS ON UPDATE TO candle_change DO ALSO DELETE FROM candle_change; UPDATE candle_data SET close = low WHERE ts < '2024-03-01'; UPDATE candle_change SET earliest = now(); DROP RULE r ON candle_change"
check plain "a log whose triggers are off for a while" "UPDATE candle_data SET close = low WHERE ts < '2024-03-01'; ALTER TABLE candle_change DISABLE TRIGGER USER; DELETE FROM candle_change; ALTER TABLE candle_change ENABLE TRIGGER USER"
check plain "a log of somebody else for a while" "CREATE ROLE other_owner; GRANT ALL ON SCHEMA public TO other_owner; ALTER TABLE candle_change OWNER TO other_owner; ALTER FUNCTION log_candle_changes() OWNER TO CURRENT_USER;
    UPDATE candle_data SET close = low WHERE ts < '2024-03-01'; ALTER TABLE candle_change OWNER TO CURRENT_USER; DROP OWNED BY other_owner; DROP ROLE other_owner"
check plain "candles of somebody else for a while" "CREATE ROLE other_owner; GRANT ALL ON SCHEMA public TO other_owner; ALTER TABLE candle_data OWNER TO other_owner; UPDATE candle_data SET close = low WHERE ts < '2024-03-01'; SELECT compute_indicators();
    UPDATE candle_data SET close = high WHERE ts < '2024-02-01'; ALTER TABLE candle_data OWNER TO CURRENT_USER; DROP OWNED BY other_owner; DROP ROLE other_owner"
check plain "a child with another parent, changed through that" "CREATE TABLE p2 (LIKE candle_data); CREATE TABLE g () INHERITS (candle_data, p2);
    INSERT INTO g SELECT instrument_id, timeframe, source, ts - interval '30 seconds', open, high, low, close, volume, oi FROM ONLY candle_data WHERE instrument_id = 2 AND timeframe = '1m' LIMIT 10; SELECT compute_indicators(); UPDATE p2 SET close = low"
check plain "a table above the candles, changed through that" "CREATE TABLE above (LIKE candle_data); ALTER TABLE candle_data INHERIT above; SELECT compute_indicators(); UPDATE above SET close = low WHERE ts < '2024-03-01'"
check plain "the same, and it goes" "CREATE TABLE above (LIKE candle_data); ALTER TABLE candle_data INHERIT above; SELECT compute_indicators(); UPDATE above SET close = low WHERE ts < '2024-03-01'; ALTER TABLE candle_data NO INHERIT above"
check plain "candles that are a partition of another table" "CREATE TABLE above (LIKE candle_data) PARTITION BY LIST (instrument_id); ALTER TABLE above ATTACH PARTITION candle_data DEFAULT; SELECT compute_indicators();
    UPDATE above SET close = low WHERE ts < '2024-03-01'; ALTER TABLE above DETACH PARTITION candle_data"
check plain "a temporary child" "CREATE TEMP TABLE mine () INHERITS (candle_data); INSERT INTO mine SELECT instrument_id, timeframe, source, ts - interval '30 seconds', open, high, low, close, volume, oi FROM ONLY candle_data WHERE instrument_id = 2 AND timeframe = '1m' LIMIT 10;
    DO \$\$ BEGIN PERFORM compute_indicators(); RAISE 'computed with candles of its own'; EXCEPTION WHEN object_not_in_prerequisite_state THEN NULL; END \$\$"
check plain "the log emptied by somebody" "UPDATE candle_data SET close = low WHERE timeframe IN ('1d', '1m') AND ts < '2026-01-05 10:00+05:30'; DELETE FROM candle_change; TRUNCATE candle_change"
check plain "an unlogged log" "ALTER TABLE candle_change SET UNLOGGED; UPDATE candle_data SET close = low WHERE timeframe = '1d'"
check plain "the extension away for a while" "DROP EXTENSION pg_candle; ALTER TABLE candle_data ALTER volume TYPE float8 USING volume + 7; ALTER TABLE candle_data DISABLE TRIGGER USER;
    UPDATE candle_data SET close = low WHERE ts < '2024-03-01'; UPDATE candle_data SET low = low - 1 WHERE timeframe = '1m'; ALTER TABLE candle_data ENABLE TRIGGER USER; CREATE EXTENSION pg_candle"
check plain "MERGE" "DO \$\$ BEGIN IF current_setting('server_version_num')::int >= 150000 THEN
    EXECUTE 'MERGE INTO candle_data c USING (SELECT * FROM candle_data WHERE timeframe IN (''1d'', ''1m'') AND extract(minute FROM ts) < 40) s ON (c.instrument_id, c.timeframe, c.ts) = (s.instrument_id, s.timeframe, s.ts)
        WHEN MATCHED AND c.volume < 1020 THEN DELETE WHEN MATCHED THEN UPDATE SET volume = c.volume + 1'; END IF; END \$\$"
check plain "UPDATE of the key" "UPDATE candle_data SET ts = ts + interval '20 seconds' WHERE instrument_id = 2 AND timeframe = '1m' AND ts < '2026-01-05 10:00+05:30'; UPDATE candle_data SET instrument_id = 1 WHERE instrument_id = 2 AND timeframe = '1m' AND ts > '2026-01-05 23:00+05:30'"

check parts "UPDATE, DELETE and INSERT of a leaf" "UPDATE c_2024_1 SET close = low WHERE ts = '2024-03-01 00:00+05:30'; DELETE FROM c_2024_n WHERE ts < '2024-01-10 00:00+05:30'; DELETE FROM c_2026 WHERE ts < '2026-01-05 10:00+05:30';
    INSERT INTO c_2026 (instrument_id, timeframe, ts, open, high, low, close, volume) VALUES (2, '1m', '2026-01-05 09:30+05:30', 1, 1, 1, 1, 1)"
check parts "COPY to a leaf" "COPY c_2024_1 (instrument_id, timeframe, ts, open, high, low, close) FROM STDIN;
1	1d	2024-01-01 12:00+05:30	1	2	1	2
\\."
check parts "UPDATE of a partitioned partition" "UPDATE c_2024 SET close = high WHERE ts < '2024-02-01 00:00+05:30'"
check parts "rows that move between leaves" "UPDATE candle_data SET ts = ts + interval '366 days' WHERE instrument_id = 1 AND timeframe = '1d' AND ts < '2024-01-20 00:00+05:30' AND ts > '2024-01-02 00:00+05:30' AND NOT EXISTS (SELECT FROM candle_data o WHERE o.instrument_id = 1 AND o.timeframe = '1d' AND o.ts = candle_data.ts + interval '366 days')"
check parts "MERGE into a leaf" "DO \$\$ BEGIN IF current_setting('server_version_num')::int >= 150000 THEN
    EXECUTE 'MERGE INTO c_2024_1 c USING (VALUES (1)) s ON true WHEN MATCHED AND c.ts < ''2024-01-05'' THEN DELETE WHEN MATCHED AND c.ts < ''2024-01-09'' THEN UPDATE SET close = low'; END IF; END \$\$"
check parts "TRUNCATE of a leaf" "TRUNCATE c_2025"
check parts "TRUNCATE of all" "TRUNCATE candle_data; SELECT fill(1, '1d', 10, 300), fill(2, '1m', 5, 700)"
check parts "a new leaf, and candles in it" "CREATE TABLE c_2027 PARTITION OF candle_data FOR VALUES FROM ('2027-01-01 00:00+05:30') TO ('2028-01-01 00:00+05:30'); SELECT fill(1, '1d', 1100, 1110); SELECT compute_indicators(); UPDATE c_2027 SET close = low; DELETE FROM c_2027 WHERE ts = '2027-01-10 00:00+05:30'"
full="CREATE TABLE c_2023 (LIKE candle_data INCLUDING ALL); INSERT INTO c_2023 SELECT instrument_id, timeframe, source, ts - interval '366 days', open, high, low, close, volume, oi FROM candle_data WHERE ts < '2024-12-01' AND timeframe = '1d'"
attach="ALTER TABLE candle_data ATTACH PARTITION c_2023 FOR VALUES FROM ('2022-01-01 00:00+05:30') TO ('2024-01-01 00:00+05:30')"
check parts "ATTACH of a full one" "$full; $attach; SELECT compute_indicators(); UPDATE c_2023 SET close = low WHERE ts < '2023-02-01'"
check parts "ATTACH and DETACH" "$full; $attach; CALL refresh_timeframes(); SELECT compute_indicators(); ALTER TABLE candle_data DETACH PARTITION c_2023"
check parts "DETACH, a change, ATTACH" "ALTER TABLE candle_data DETACH PARTITION c_2025; SELECT compute_indicators(); CALL refresh_timeframes(); UPDATE c_2025 SET close = low; ALTER TABLE candle_data ATTACH PARTITION c_2025 FOR VALUES FROM ('2025-01-01 00:00+05:30') TO ('2026-01-01 00:00+05:30')"
check parts "DETACH CONCURRENTLY" "ALTER TABLE candle_data DETACH PARTITION c_2025 CONCURRENTLY"
check parts "DROP of a leaf" "DROP TABLE c_2025"
check parts "DROP of a partitioned partition" "DROP TABLE c_2024 CASCADE; SELECT compute_indicators(); CREATE TABLE c_2024 PARTITION OF candle_data FOR VALUES FROM ('2024-01-01 00:00+05:30') TO ('2025-01-01 00:00+05:30'); SELECT fill(1, '1d', 0, 250)"
check parts "triggers of a leaf that are off for a while" "ALTER TABLE c_2024_1 DISABLE TRIGGER USER; UPDATE c_2024_1 SET close = low; ALTER TABLE c_2024_1 ENABLE TRIGGER USER"
check parts "triggers of a leaf that stay off" "ALTER TABLE c_2024_1 DISABLE TRIGGER USER; SELECT compute_indicators(); UPDATE c_2024_1 SET close = low"
check parts "a leaf's trigger that is dropped" "DROP TRIGGER log_candle_update ON c_2024_1; SELECT compute_indicators(); UPDATE c_2024_1 SET close = low"
check parts "a price rewritten by USING" "ALTER TABLE candle_data ALTER close TYPE float8 USING low"
check parts "a foreign hand in a leaf of indicators" "UPDATE i_0 SET sma_9 = 5; DELETE FROM i_1 WHERE ts < '2024-02-01'; TRUNCATE i_0"
check parts "a leaf of indicators exchanged" "CREATE TABLE i_other (LIKE indicator_data INCLUDING ALL); INSERT INTO i_other SELECT * FROM i_0; UPDATE i_other SET sma_9 = 7; ALTER TABLE indicator_data DETACH PARTITION i_0; ALTER TABLE indicator_data ATTACH PARTITION i_other FOR VALUES WITH (MODULUS 2, REMAINDER 0)"
check parts "the event triggers off" "ALTER EVENT TRIGGER pg_candle_ddl DISABLE; $full; $attach; SELECT compute_indicators(); UPDATE c_2023 SET close = low"

# TRUNCATE in a transaction that cannot see what it removes.
for isolation in "REPEATABLE READ" SERIALIZABLE; do
    check plain "TRUNCATE under $isolation beside a series that is committed meanwhile" "BEGIN ISOLATION LEVEL $isolation; SELECT count(*) FROM candle_data;
\\! psql -X -q -d pg_candle_case -c \"SELECT fill(7, '1d', 0, 299), fill(2, '1d', 100, 200)\" -c 'SELECT compute_indicators()' >/dev/null
TRUNCATE candle_data; SELECT fill(7, '1d', 150, 299); COMMIT"
done

psql -X -q -d postgres -c "DROP DATABASE pg_candle_case" -c "DROP DATABASE pg_candle_plain" -c "DROP DATABASE pg_candle_parts"
rm -f /tmp/pg_candle_case.$$
done_testing
