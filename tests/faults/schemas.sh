#!/usr/bin/env bash
# Where the tables and the extension stand, and how they move: schemas that are renamed or changed, the extension away and back, dumps
# that somebody restores who is no superuser, databases of other encodings.
. "$(dirname "$0")/../tap.sh"
export PGOPTIONS="-c client_min_messages=warning"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
said() { psql -X -q -A -t "$@" 2>&1; }
candles="SELECT id, '1d', '2026-01-01 00:00+05:30'::timestamptz + n * interval '1 day', 'h', 100, 102, 99, 100 + n % 3, n FROM generate_series(1, 2) id"
into="(instrument_id, timeframe, ts, source, open, high, low, close, volume)"
wrong() { # SCHEMA
    sql "SELECT count(*) FROM (SELECT * FROM $1.indicator_data WHERE timeframe = '1d') i FULL JOIN (SELECT f.* FROM generate_series(1, 2) id, $1.indicators(NULL::$1.indicator_data, id, '1d') f) f USING (instrument_id, timeframe, ts) WHERE (i.bars, i.sma_9, i.ema_21) IS DISTINCT FROM (f.bars, f.sma_9, f.ema_21)"
}

# A schema of its own
new_database pg_candle_schemas
psql -X -q -c "DROP EXTENSION pg_candle CASCADE" -c "DROP SCHEMA public CASCADE" -c "CREATE SCHEMA ta" -c "CREATE EXTENSION pg_candle SCHEMA ta" -c "SELECT ta.create_candle_tables()" >/dev/null
sql "INSERT INTO ta.instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol) SELECT i, 'C|' || i, 'C', 'CRYPTO', 'SPOT', 'S' || i FROM generate_series(1, 2) i;
    INSERT INTO ta.candle_data $into $candles, generate_series(0, 49) n" >/dev/null
is "$(said -c "SELECT ta.compute_indicators()" -c "CALL ta.refresh_timeframes()"; wrong ta)" $'100\n0' "tables in a schema of their own, without a search_path"
out=$(said -c "ALTER SCHEMA ta RENAME TO market")
like "$out" "ERROR.*ta" "the schema of the extension cannot be renamed"
like "$out" "HINT|DETAIL" "and what to do is said"
like "$(said -c "ALTER EXTENSION pg_candle SET SCHEMA information_schema")" "does not support SET SCHEMA" "nor can it be moved by ALTER EXTENSION"
is "$(said -c "INSERT INTO ta.candle_data $into $candles, generate_series(50, 54) n" -c "SELECT ta.compute_indicators() > 0"; wrong ta)" $'t\n0' "everything works as before"

# Move it as the message says: the extension is made anew where the tables are.
hint=$(sed -n 's/^.*HINT: *//p' <<<"$out")
echo "# $hint"
sql "DROP EXTENSION pg_candle" >/dev/null
is "$(said -c "ALTER SCHEMA ta RENAME TO market" -c "CREATE EXTENSION pg_candle SCHEMA market" -c "SELECT market.create_candle_tables()")" "" "without the extension it can, and the extension comes after"
is "$(said -c "INSERT INTO market.candle_data $into $candles, generate_series(55, 59) n" -c "SELECT market.compute_indicators() > 0" -c "SELECT market.compute_indicators()"; wrong market)" $'t\n0\n0' "then all works there"
is "$(said -c "DROP FUNCTION market.log_candle_changes() CASCADE" -c "DROP FUNCTION market.log_indicator_changes() CASCADE" -c "SELECT market.create_candle_tables()")" "" "functions of the log that somebody dropped come back"
is "$(said -c "INSERT INTO market.candle_data $into $candles, generate_series(60, 61) n" -c "SELECT market.compute_indicators() > 0"; wrong market)" $'t\n0' "and log"

# While the extension is away, changes are logged; while the tables are away, functions say where they are.
sql "DROP EXTENSION pg_candle" >/dev/null
is "$(said -c "INSERT INTO market.candle_data $into $candles, generate_series(62, 63) n" -c "UPDATE market.candle_data SET close = 99.5 WHERE ts < '2026-01-10'" -c "DELETE FROM market.candle_data WHERE ts > '2026-03-04'")" "" "candles are written while the extension is away"
is "$(said -c "CREATE EXTENSION pg_candle SCHEMA market" -c "SELECT market.compute_indicators() > 0"; wrong market)" $'t\n0' "and worked in when it is back"
sql "CREATE SCHEMA elsewhere; ALTER TABLE market.candle_data SET SCHEMA elsewhere" >/dev/null
like "$(said -c "SELECT market.compute_indicators()")" "table market.candle_data does not exist" "a table that was moved is missed"
like "$(said -c "SELECT market.compute_indicators()")" "elsewhere" "and found"
is "$(said -c "INSERT INTO elsewhere.candle_data $into $candles, generate_series(70, 71) n" -c "ALTER TABLE elsewhere.candle_data SET SCHEMA market" -c "SELECT market.compute_indicators() > 0"; wrong market)" $'t\n0' "moved back, everything is right"
is "$(said -c "DROP EXTENSION pg_candle" -c "CREATE SCHEMA third" -c "CREATE EXTENSION pg_candle SCHEMA third" -c "SELECT count(*) FROM market.candle_data" 2>&1 | tail -1)" "$(sql "SELECT count(*) FROM market.candle_data")" "the extension in another schema leaves the tables alone"
like "$(said -c "SELECT third.compute_indicators()")" "table third.indicator_data does not exist|table third.candle_change does not exist|table third.candle_data does not exist" "and says that it has none"
like "$(said -c "SELECT third.compute_indicators()")" "create_candle_tables" "and how to get them"

# Dumps: by a superuser, and restored by one who is none.
new_database pg_candle_dumped
sql "INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol) SELECT i, 'C|' || i, 'C', 'CRYPTO', 'SPOT', 'S' || i FROM generate_series(1, 2) i;
    INSERT INTO candle_data $into $candles, generate_series(0, 299) n; CALL refresh_timeframes(); SELECT compute_indicators()" >/dev/null
pg_dump -Fc -d pg_candle_dumped -f "$work/whole.dump" 2>"$work/dump.log"
is "$(cat "$work/dump.log")" "" "pg_dump has nothing to say"
psql -X -q -d postgres -c "DROP DATABASE IF EXISTS pg_candle_restored" -c "CREATE DATABASE pg_candle_restored" 2>/dev/null
pg_restore -d pg_candle_restored "$work/whole.dump" 2>"$work/restore.log"
is "$(cat "$work/restore.log")" "" "a superuser restores it without an error"
PGDATABASE=pg_candle_restored
is "$(said -c "SELECT compute_indicators() >= 0" -c "SELECT compute_indicators()"; wrong public)" $'t\n0\n0' "restored, it is right"
is "$(said -c "UPDATE candle_data SET close = 99.5 WHERE ts = '2026-02-01 00:00+05:30'" -c "SELECT compute_indicators() > 0"; wrong public)" $'t\n0' "and changes are logged"
psql -X -q -d postgres -c "DROP DATABASE IF EXISTS pg_candle_plain_owner" -c "DROP ROLE IF EXISTS plain_owner" 2>/dev/null
psql -X -q -d postgres -c "CREATE ROLE plain_owner LOGIN" -c "CREATE DATABASE pg_candle_plain_owner OWNER plain_owner"
PGDATABASE=pg_candle_plain_owner
PGUSER=plain_owner pg_restore --no-owner -d pg_candle_plain_owner "$work/whole.dump" >"$work/restore.log" 2>&1
is "$(grep -v 'COMMENT ON EXTENSION\|must be owner of extension' "$work/restore.log" | grep -c 'error:')" 0 "who is no superuser restores it"
as_owner() { PGUSER=plain_owner said "$@"; }
is "$(as_owner -c "SELECT compute_indicators() >= 0" -c "SELECT compute_indicators()"; wrong public)" $'t\n0\n0' "restored by him, it is right"
is "$(as_owner -c "UPDATE candle_data SET close = 99.5 WHERE ts = '2026-02-01 00:00+05:30'" -c "CALL refresh_timeframes()" -c "SELECT compute_indicators() > 0" -c "SELECT create_candle_tables()"; wrong public)" $'t\n\n0' "his changes are logged"
is "$(as_owner -c "DROP EXTENSION pg_candle" -c "CREATE EXTENSION pg_candle" -c "SELECT compute_indicators() >= 0"; wrong public)" $'t\n0' "he drops and creates the extension: it is trusted"
is "$(as_owner -c "ALTER TABLE candle_data ALTER volume TYPE numeric USING volume * 2" -c "SELECT compute_indicators() > 0"; wrong public)" $'t\n0' "and his DDL is seen"
is "$(sql "SELECT rolsuper FROM pg_roles WHERE rolname = 'plain_owner'")" f "he is no superuser after all that"
# Data only, into tables that are there
psql -X -q -d postgres -c "DROP DATABASE pg_candle_restored" -c "CREATE DATABASE pg_candle_restored" 2>/dev/null
PGDATABASE=pg_candle_restored
sql "CREATE EXTENSION pg_candle; SELECT create_candle_tables(); TRUNCATE trading_calendar, trading_holiday, special_session, sync_timetable" >/dev/null
pg_restore --data-only --disable-triggers -d pg_candle_restored "$work/whole.dump" 2>"$work/restore.log"
is "$(cat "$work/restore.log")" "" "its data go into tables that are there, past the triggers"
is "$(said -c "SELECT compute_indicators() >= 0" -c "SELECT compute_indicators()"; wrong public)" $'t\n0\n0' "and it is right"

# Encodings
for encoding in EUC_JP EUC_KR LATIN1 SQL_ASCII UTF8; do
    psql -X -q -d postgres -c "DROP DATABASE IF EXISTS pg_candle_encoded" -c "CREATE DATABASE pg_candle_encoded ENCODING $encoding LOCALE 'C' TEMPLATE template0" 2>/dev/null
    export PGDATABASE=pg_candle_encoded PGCLIENTENCODING=$encoding
    is "$(said -c "CREATE EXTENSION pg_candle" -c "SELECT create_candle_tables()" -c "INSERT INTO candle_data $into $candles, generate_series(0, 49) n" -c "SELECT compute_indicators()"; wrong public)" $'\n100\n0' "$encoding: created, computed"
    matrix=$(said -c "INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol) VALUES (1, 'NSE_EQ|1', 'NSE', 'NSE_EQ', 'EQ', 'ONE')" \
        -c "SET pg_candle.now = '2026-02-01'" -c "INSERT INTO watchlist VALUES (1, '{1d}')" -c "SELECT \"1d\" FROM completeness_matrix('2026-01-01', '2026-01-20')")
    case $encoding in UTF8) like "$matrix" "✓" "$encoding: the matrix has its marks" ;; *) is "$(LC_ALL=C grep -c '[^ -~]' <<<"$matrix")" 0 "$encoding: the matrix is ASCII: $matrix" ;; esac
done
unset PGCLIENTENCODING
for database in schemas dumped restored plain_owner encoded; do psql -X -q -d postgres -c "DROP DATABASE pg_candle_$database"; done
psql -X -q -d postgres -c "DROP ROLE plain_owner"
done_testing
