#!/usr/bin/env bash
# Memory is bounded by blocks: ten million candles in one series, computed and stored, on the fly, and in a window function,
# may not make the backend's own memory grow with the series.
. "$(dirname "$0")/../tap.sh"
new_database pg_candle_memory
[ -r /proc/self/status ] || skip_all "needs /proc to see a backend's memory"
sql "ALTER TABLE candle_data SET UNLOGGED; ALTER TABLE indicator_data SET UNLOGGED;
    DO \$\$ BEGIN EXECUTE (SELECT 'ALTER TABLE indicator_data ' || string_agg('DROP COLUMN ' || attname, ', ') FROM pg_attribute
        WHERE attrelid = 'indicator_data'::regclass AND attnum > 4 AND attname NOT IN ('sma_200', 'macd_12_26_9', 'adx_14', 'supertrend_10_3', 'vwap', 'pivot')); END \$\$;
    INSERT INTO candle_data (instrument_id, timeframe, ts, open, high, low, close, volume)
    SELECT 1, '1m', '2000-01-03'::timestamptz + i * interval '1 min', p, p + 1, p - 1, p, i % 1000
    FROM (SELECT i, 100 + i % 97 AS p FROM generate_series(0, 9999999) i) s" >/dev/null
is "$(sql 'SELECT count(*) FROM candle_data')" 10000000 "ten million candles in one series"

# Peak of the backend's anonymous memory in MiB (its own, not the shared buffers) while it runs a statement.
peak() { # STATEMENT
    # The sleep lets it be found before what may be over in a millisecond.
    PGAPPNAME=measured psql -X -q -A -t -v ON_ERROR_STOP=1 -c "DO 'BEGIN PERFORM pg_sleep(0.5); END'" -c "$1" >/tmp/pg_candle_memory.$$ 2>&1 &
    local client=$! pid= now most=0
    while kill -0 $client 2>/dev/null; do
        [ -n "$pid" ] || pid=$(sql "SELECT pid FROM pg_stat_activity WHERE application_name = 'measured' AND state = 'active'")
        now=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/${pid:-0}/status" 2>/dev/null)
        [ "${now:-0}" -le "$most" ] || most=$now
        sleep 0.02
    done
    answer=$(cat /tmp/pg_candle_memory.$$)
    rm -f /tmp/pg_candle_memory.$$
    peak=$((most / 1024))
}

check() { # STATEMENT ANSWER NAME
    peak "$1"
    is "$answer" "$2" "$3"
    echo "# peak of the backend's own memory: $peak MiB"
    ok $((peak > 64 || peak == 0)) "$3: at most 64 MiB"
}
check "SELECT compute_indicators()" 10000000 "compute and store"
check "SELECT compute_indicators()" 0 "nothing new"
check "DELETE FROM indicator_state; SELECT compute_indicators()" 0 "compute anew and compare"
check "SELECT count(vwap) FROM indicators(NULL::indicator_data, 1, '1m')" 9999999 "on the fly"
check "SELECT count(x) FROM (SELECT sma(close, 200) OVER (ORDER BY instrument_id, timeframe, ts) AS x FROM candle_data) s" 9999801 "window function"
# 05:30 in India: vwap changes for the 1,110 minutes that are left of the day.
check "UPDATE candle_data SET volume = 7 WHERE ts = '2019-01-01Z'; SELECT compute_indicators()" 1110 "one corrected candle"
check "DELETE FROM candle_data; SELECT compute_indicators()" 10000000 "every row deleted"
done_testing
