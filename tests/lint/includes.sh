#!/usr/bin/env bash
# The architecture: a file includes from its own room and from those that its room may see, which are below it.
. "$(dirname "$0")/../tap.sh"
cd "$(dirname "$0")/../.." || exit 1
rooms='kernels
market
backend/postgres: kernels market
backend/catalog: kernels market backend/postgres
backend/rows: kernels market backend/postgres backend/catalog
backend/candles: kernels market backend/postgres backend/catalog backend/rows
backend/freshness: kernels market backend/postgres backend/catalog backend/rows backend/candles
backend/workers: market backend/postgres backend/catalog backend/freshness
backend/functions: kernels market backend/postgres backend/catalog backend/rows backend/candles backend/freshness backend/workers
model: market
text: market model
store: market model text
upstox: market model text
ingest: market model text store upstox
daemon: model store upstox ingest
commands: model text store upstox ingest daemon
replay: market model text'
arrows=$(grep -rE '^#include "[a-z_/]+\.hpp"' extension loader --include='*.[ch]pp' |
    sed -E 's#^(extension|loader)/##; s#/[^/]*:\#include "# #; s#/[^/]*"$##; s#kernels/shared#kernels#g' | sort -u)
bad=$(awk 'NR == FNR { room = $1; sub(":", "", room); known[room]; for (i = 2; i <= NF; ++i) may[room, $i]; next }
    $1 in known && $1 != $2 && !(($1, $2) in may)' <(echo "$rooms") <(echo "$arrows"))
is "$bad" "" "no arrow runs up between the rooms: $(wc -l <<<"$arrows") arrows"
folders=$(cd extension && ls -d kernels market backend/*/; cd ../loader && ls -d */)
is "$(sort <(tr -d / <<<"${folders//backend\//backend}") | tr '\n' ' ')" \
    "$(sort <(cut -d: -f1 <<<"$rooms" | tr -d /) | tr '\n' ' ')" "and each room has a rule"
done_testing
