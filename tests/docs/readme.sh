#!/usr/bin/env bash
# Every SQL and shell block of the README and then of docs/, page by page: shell blocks here, SQL blocks in the demo that
# the first one starts. A block leans on what the demo leaves and on those before it on its page.
. "$(dirname "$0")/../tap.sh"
cd "$(dirname "$0")/../.." || exit 1
unset PGHOST PGDATABASE PGUSER PGPORT
blocks=$(mktemp -d)
export DEMO=$blocks/demo  # not the one that somebody may have
trap 'tests/demo stop; rm -rf "$blocks" /tmp/pg_candle_readme.csv.gz /tmp/pg_candle_readme.log' EXIT
pages=(README.md docs/tutorial.md docs/guides/*.md docs/reference/*.md docs/internals/*.md)
awk -v folder="$blocks" '
    /^```(sql|sh)$/ {
        if (file) close(file)
        language = substr($0, 4); page = FILENAME; gsub("/", "-", page)
        file = sprintf("%s/%03d-%s.%s", folder, ++n, page, language)
        next
    }
    /^```/ { language = ""; next }
    language { gsub("build/demo/", folder "/demo/"); print > file }' "${pages[@]}"

for block in "$blocks"/*.sql "$blocks"/*.sh; do echo "$(basename "$block") $block"; done | sort | while read -r name block; do
    echo "# --- $name: $(head -1 "$block")"
    # What a block leaves running ends with it.
    set -m
    case $name in
        *.sh) bash -e "$block" >"$blocks/output" 2>&1 </dev/null & ;;
        *.sql) (. "$DEMO/env" && psql -X -q -v ON_ERROR_STOP=1 -f "$block") >"$blocks/output" 2>&1 & ;;
    esac
    set +m
    wait $!
    status=$?
    kill -- -$! 2>/dev/null
    output=$(cat "$blocks/output")
    ok $status "block $name"
    [ $status -eq 0 ] || sed 's/^/# /' <<<"$output"
    [[ $output != *"(0 rows)"* ]]
    ok $? "block $name shows something"
    echo "$tap_count $tap_failed" >"$blocks/count"
done
read -r tap_count tap_failed <"$blocks/count"
is "$([ "$tap_count" -ge 200 ] && echo enough)" enough "the pages have their blocks"
done_testing
