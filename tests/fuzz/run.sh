#!/usr/bin/env bash
# libFuzzer on everything that reads what comes from outside, under ASan and UBSan, FUZZ_SECONDS (10) each, from the documented
# and recorded answers on. A seed is printed; what breaks a promise stays in build/fuzz/.
. "$(dirname "$0")/../tap.sh"
cd "$(dirname "$0")/../.." || exit 1
command -v clang++ >/dev/null || skip_all "clang++ is absent"
cmake -S . -B build/fuzz -DCMAKE_CXX_COMPILER=clang++ -DPG_CANDLE_FUZZ=ON -DCMAKE_BUILD_TYPE=Debug >build/fuzz.build.log 2>&1 &&
    cmake --build build/fuzz --target fuzzers -j 2 >>build/fuzz.build.log 2>&1 || { tail -30 build/fuzz.build.log; exit 1; }

seeds=build/fuzz/seeds
rm -rf $seeds && mkdir -p $seeds/{candles,quotes,errors,instruments,candle_files}
echo '{"status":"success","data":{"candles":[["2026-09-22T15:25:00+05:30",1244.5,1244.5,1240.4,1240.4,789257,0]]}}' >$seeds/candles/documented
echo '{"status":"success","data":{"NSE_FO:X":{"last_price":303.9,"instrument_token":"NSE_FO|51834","ltq":75,"volume":170325,"cp":29.0}}}' >$seeds/quotes/documented
echo '{"status":"error","errors":[{"errorCode":"UDAPI1148","message":"Invalid date range","propertyPath":null,"error_code":"UDAPI1148"}]}' >$seeds/errors/documented
echo '[{"weekly":true,"segment":"NSE_FO","name":"NIFTY","exchange":"NSE","expiry":1765909799000,"instrument_type":"CE","instrument_key":"NSE_FO|1","lot_size":75,"trading_symbol":"X","strike_price":1.0,"tick_size":5.0,"other":{"a":[1]}}]' >$seeds/instruments/documented
gzip -c $seeds/instruments/documented >$seeds/instruments/packed
printf 'Code,Date,Open,High,Low,Close,Volume\nX,2016-08-16 09:15:00, 1, 2, 0.5, 1, 5\n' >$seeds/candle_files/raw
if [ -d "$SHARED_DATA/upstox/responses" ]; then
    cp "$SHARED_DATA/upstox/responses/intraday_1minute_2024-06-10.json" $seeds/candles/
    sed -n '/"response"/,$p' "$SHARED_DATA/upstox/responses/market_quote/niftybees_ltp.json" | sed '1s/.*/{/; $d' >$seeds/quotes/recorded
    zcat "$SHARED_DATA/upstox/instruments-2025-12-09.json.gz" | head -c 20000 >$seeds/instruments/recorded
fi
seed=${FUZZ_SEED:-$RANDOM}
for target in candles quotes errors instruments candle_files; do
    log=build/fuzz/$target.log
    (cd build/fuzz && ./fuzz_$target -seed="$seed" -max_total_time="${FUZZ_SECONDS:-10}" -max_len=20000 -timeout=10 -rss_limit_mb=1024 \
        -artifact_prefix="$target." -print_final_stats=1 "seeds/$target") >"$log" 2>&1
    status=$?
    ok $status "$target: $(sed -nE 's/stat::number_of_executed_units: *//p' "$log") inputs, seed $seed"
    [ $status -eq 0 ] || tail -30 "$log" | sed 's/^/# /'
done
done_testing
