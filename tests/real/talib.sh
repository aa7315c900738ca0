#!/usr/bin/env bash
# Stored values against TA-Lib's outputs on real candles: 1e-9 relative (1e-9 absolute near zero), the first value at the same
# row, every column; and the same numbers from indicators() and from the window functions.
. "$(dirname "$0")/../tap.sh"
[ -d "$SHARED_DATA/reference/talib" ] || skip_all "TA-Lib outputs are not here (../shared/data)"
new_database pg_candle_talib

id=0
for reference in "$SHARED_DATA"/reference/talib/*.csv.gz; do
    id=$((id + 1))
    name=$(basename "$reference" .csv.gz)
    dataset=${name%%.*} rest=${name#*.}
    symbol=${rest%%.*}
    lines=$(sed -nE 's/.*\.head([0-9]+)$/\1/p' <<<"$rest")
    timeframe=1m
    [ "$dataset" != daily-2017-2022 ] || timeframe=1d
    load_candles $id $timeframe "$SHARED_DATA/candles/$dataset/$symbol.csv.gz" ${lines:+"$lines"}
    columns=$(zcat "$reference" | head -1 | cut -d, -f2-)
    sql "DROP TABLE IF EXISTS reference; CREATE TABLE reference (ts timestamptz PRIMARY KEY, ${columns//,/ float8, } float8)" >/dev/null
    zcat "$reference" | psql -X -q -v ON_ERROR_STOP=1 -c "COPY reference FROM STDIN (FORMAT csv, HEADER)"
    is "$(sql "SELECT compute_indicators($id) = count(*) AND count(*) > 1000 FROM reference")" t "$name: a row per reference row"
    for column in ${columns//,/ }; do
        is "$(sql "SELECT count(*) FILTER (WHERE (r.$column IS NULL) <> (i.$column IS NULL)) || ' misplaced, ' ||
                count(*) FILTER (WHERE abs(r.$column - i.$column) > greatest(1e-9, 1e-9 * abs(r.$column))) || ' wrong of ' || count(*)
            FROM reference r LEFT JOIN indicator_data i ON i.instrument_id = $id AND i.ts = r.ts")" \
            "0 misplaced, 0 wrong of $(sql 'SELECT count(*) FROM reference')" "$name: $column"
    done
    is "$(sql "SELECT count(*) FROM (SELECT i.*::text FROM indicators(NULL::indicator_data, $id, '$timeframe') i
            EXCEPT SELECT i.*::text FROM indicator_data i WHERE instrument_id = $id) d")" 0 "$name: the same on the fly"
    is "$(sql "SELECT count(*) FROM (
            SELECT i.*, sma(close, 200) OVER w AS a, ema(close, 50) OVER w AS b, rsi(close, 14) OVER w AS c, macd_hist(close, 12, 26, 9) OVER w AS d,
                bb_upper(close, 20, 2) OVER w AS e, adx(high, low, close, 14) OVER w AS f, obv(close, volume) OVER w AS g, atr(high, low, close, 14) OVER w AS h
            FROM candle_data JOIN indicator_data i USING (instrument_id, timeframe, ts) WHERE instrument_id = $id WINDOW w AS (ORDER BY ts)) x
        WHERE (a, b, c, d, e, f, g, h) IS DISTINCT FROM (sma_200, ema_50, rsi_14, macd_hist_12_26_9, bb_upper_20_2, adx_14, obv, atr_14)")" 0 \
        "$name: the same from window functions"
done
done_testing
