#!/usr/bin/env bash
# make bench works: a small run prints its table and its JSON. What the ratios are is not tested: times are no test.
. "$(dirname "$0")/../tap.sh"
cd "$(dirname "$0")/../.." || exit 1
[ ! -f build/bench.json ] || mv build/bench.json build/bench.json.kept
output=$(BENCH_ROUNDS=1 BENCH_CANDLES=20000 BENCH_TALIB=no BENCH_BUILD=build/release tests/bench/run 2>&1)
ok $? "a small benchmark runs"
is "$(grep -c '  ratio [0-9.]*, to reach' <<<"$output")" 14 "fourteen comparisons without TA-Lib"
like "$output" "TA-Lib is absent" "which it says"
is "$(psql -X -A -t -d postgres -v json="$(cat build/bench.json)" 2>&1 <<<"SELECT json_array_length(:'json'::json -> 'results')")" 14 "the JSON is JSON"
rm -f build/bench.json
[ ! -f build/bench.json.kept ] || mv build/bench.json.kept build/bench.json
done_testing
