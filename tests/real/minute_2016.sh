#!/usr/bin/env bash
# The main job on real candles: all 178 files of minute-2016 load and compute in one call; dump and restore keep everything;
# DROP EXTENSION leaves all tables and rows.
. "$(dirname "$0")/../tap.sh"
folder=$SHARED_DATA/candles/minute-2016
[ -d "$folder" ] || skip_all "real candles are not here (../shared/data)"
new_database pg_candle_minute

for file in "$folder"/*.csv.gz; do
    symbol=$(basename "$file" .csv.gz)
    printf 'NSE_EQ|%s,NSE,NSE_EQ,EQ,"%s"\n' "$symbol" "$symbol"
done | psql -X -q -c "COPY instrument_master (instrument_key, exchange, segment, instrument_type, trading_symbol) FROM STDIN (FORMAT csv)"
is "$(sql 'SELECT count(*) FROM instrument_master')" 178 "178 instruments"
{
    id=0
    for file in "$folder"/*.csv.gz; do
        id=$((id + 1))
        zcat "$file" | tail -n +2 | sed "s/^/$id,1m,/"
    done
} | psql -X -q -v ON_ERROR_STOP=1 -c "COPY candle_data (instrument_id, timeframe, ts, open, high, low, close, volume) FROM STDIN (FORMAT csv)"
candles=$(sql 'SELECT count(*) FROM candle_data')
is "$([ "$candles" -gt 1190000 ] && echo enough)" enough "$candles candles"
is "$(sql 'SELECT compute_indicators()')" "$candles" "one call computes them all"
is "$(sql 'SELECT compute_indicators()')" 0 "a second one writes nothing"
is "$(sql "SELECT count(*) FROM indicator_data WHERE instrument_id = instrument_id('M&M') AND sma_200 IS NOT NULL")" 6551 "M&M has its sma_200"
is "$(sql "SELECT count(*) FROM indicator_data i JOIN candle_data c USING (instrument_id, timeframe, ts) WHERE vwap NOT BETWEEN 0 AND 1e6 OR rsi_14 NOT BETWEEN 0 AND 100 OR bb_upper_20_2 < bb_lower_20_2 OR atr_14 < 0 OR adx_14 NOT BETWEEN 0 AND 100")" 0 "every value within its bounds"
is "$(sql "SELECT count(DISTINCT pivot) FROM indicator_data WHERE instrument_id = 1")" 17 "pivots change with each of 18 sessions"

fingerprint="SELECT count(*) || ' ' || sum(('x' || substr(md5(i::text), 1, 8))::bit(32)::bigint) FROM"
before="$(sql "$fingerprint indicator_data i") $(sql "$fingerprint candle_data i") $(sql "$fingerprint instrument_master i")"
dump=$(mktemp /tmp/pg_candle_dump.XXXXXX)
pg_dump -Fc -Z1 -f "$dump" pg_candle_minute
psql -X -q -d postgres -c "DROP DATABASE IF EXISTS pg_candle_restored" -c "CREATE DATABASE pg_candle_restored" 2>/dev/null
is "$(pg_restore -d pg_candle_restored "$dump" 2>&1)" "" "a dump restores without a word"
rm -f "$dump"
PGDATABASE=pg_candle_restored
is "$(sql "$fingerprint indicator_data i") $(sql "$fingerprint candle_data i") $(sql "$fingerprint instrument_master i")" "$before" "and holds the same"
is "$(sql 'SELECT compute_indicators()')" 0 "computing in the restored database finds nothing to do"
PGDATABASE=postgres sql "DROP DATABASE pg_candle_restored" >/dev/null

PGDATABASE=pg_candle_minute
sql "DROP EXTENSION pg_candle" >/dev/null
is "$(sql "$fingerprint indicator_data i") $(sql "$fingerprint candle_data i") $(sql "$fingerprint instrument_master i")" "$before" "DROP EXTENSION leaves all tables and rows"
sql "CREATE EXTENSION pg_candle" >/dev/null
# RELCAPITAL has a file, but no candles in it.
is "$(sql 'CALL refresh_indicators()' | grep -cE '177 of 177 series, 0 rows')" 1 "after CREATE EXTENSION everything is fresh, and refresh says so"
done_testing
