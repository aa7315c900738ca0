#!/usr/bin/env bash
# What goes wrong in a trader's hour: a wrong symbol, an expired token, no network, Ctrl-C, a full disk, two terminals. Each
# time the program ends with the exit code of what failed, `status` says in words what is wrong and what cures it, and the
# cure works.
. "$(dirname "$0")/loader.sh"
new_database loader_hour
export PGTZ=Asia/Kolkata PGCANDLE_LIMITS=1000/1s UPSTOX_ACCESS_TOKEN=todays-token
start_replay --limits none --token todays-token
run instruments
range=(--from 2026-09-01 --to 2026-10-29)
series() { sql "SELECT count(*) FROM candle_data WHERE instrument_id = instrument_id('$1') AND timeframe = '$2'"; }
open_alerts() { sql "SELECT string_agg(kind, ' ' ORDER BY kind) FROM sync_alert WHERE cleared_at IS NULL"; }

# 9:00, a wrong symbol.
run backfill --symbols RELIENCE --timeframes 1d "${range[@]}"
like "$code $output" "^1 .*RELIENCE.* does not exist.*pgcandle search RELIENCE" "a wrong symbol"
run search RELIENCE
like "$code $output" "^0 Nothing is called .RELIENCE.; these come near:.*NSE:RELIANCE" "search names what was meant"
run search reliance
like "$code $output" "^0 NSE:RELIANCE" "in whatever case"
run search "$(sql "SELECT isin FROM instrument_master WHERE instrument_id = instrument_id('NSE_EQ:RELIANCE')")" --json
is "$code $(jq -r '.[0].symbol' <<<"$output")" "0 RELIANCE" "and by ISIN, as JSON"
run search qqqqqqqqq
is "$code" 1 "nothing is found"
run watch add RELIANCE TSC INFY --timeframes 1m,1d
like "$code $output" "^1 .*TSC is not watched.*2 watched" "a list with a wrong symbol: the others are watched"
run bakfill
like "$code $output" "^2 .*Did you mean .pgcandle backfill" "a wrong command"
run status RELIANCE
like "$code $output" "^0 .*NSE:RELIANCE.*watched +1m 1d.*not asked for yet: pgcandle backfill --symbols NSE:RELIANCE --timeframes 1m" \
    "status says what is missing, and the command"
run backfill --symbols RELIANCE --timeframes 1m --from 2016-01-01 --to 2016-02-01
like "$code $output" "^2 .*no candles of 1m before 2022-01-03" "dates before the provider's first day"
run backfill --symbols RELIANCE --timeframes 1m,1d "${range[@]}" --dry-run
like "$code $output" "^0 .*1m +2 requests +[0-9]+ candles.*3 requests, at least .* s under the rate limits" "what it would take"
is "$(sql "SELECT count(*) FROM sync_job") $(replay stats | jq .requests)" "0 0" "and nothing was queued or asked"

# 9:10, yesterday's token.
UPSTOX_ACCESS_TOKEN=yesterdays-token run backfill --symbols RELIANCE,INFY --timeframes 1m,1d "${range[@]}"
like "$code $output" "^3 .*UPSTOX_ACCESS_TOKEN of the environment" "a token that expired: which one"
run status
like "$output" "REFUSED.*alerts.*token_expired: .*UPSTOX_ACCESS_TOKEN of the environment" "status says so, and where a new one goes"
like "$output" "queue +[1-9][0-9]* queued.*start .pgcandle run" "and what waits"
run queue
like "$code $output" "^0 .*backfill +candles +1m +4 .*requests wait" "the queue shows it"
run queue cancel INFY
like "$code $output" "^0 3 jobs taken off" "from which an instrument is taken"
run backfill --symbols RELIANCE --timeframes 1m,1d "${range[@]}"
is "$code $(open_alerts)" "0 " "with today's token it works, and the alert ends"
run status RELIANCE
like "$output" "1m +[1-9][0-9]+ .*1m .* missing, .*2026-10-30: not asked for yet" "status shows what is there, and what is not"

# 9:20, no network.
PGCANDLE_API_URL=http://127.0.0.1:1 run backfill --symbols INFY,TCS,ITC --timeframes 1m "${range[@]}" --attempts 1
like "$code $output" "^1 .*in a row" "no network ends the run"
is "$(grep -o 'error=' <<<"$output" | wc -l)" 5 "after five requests"
run status
like "$output" "alerts.*unavailable.*pgcandle run.*stale or failing.*1m  failed: .*onnect" "status says that, and of which series"
run status INFY
like "$output" "1m .*(failed: .*onnect.*again: pgcandle backfill --symbols NSE:INFY --timeframes 1m|queued)" "and of one, with the command"
run backfill --symbols INFY,TCS,ITC --timeframes 1m "${range[@]}"
is "$code $(open_alerts)" "0 " "the network is back, and no alert is left"

# 9:30, Ctrl-C.
sql "DELETE FROM request_log" >/dev/null
"$loader" backfill --symbols INFY --timeframes 1m --from 2026-01-01 --to 2026-10-29 --limits 3/1h >interrupted.log 2>&1 &
await answers "SELECT count(*) >= 3 FROM sync_job WHERE state = 'done' AND from_date < '2026-09-01'" t
kill -INT $! && wait $!
is "$? $(grep -c 'Interrupted: what was stored stays; run it again' interrupted.log)" "0 1" "Ctrl-C: what was stored stays"
sql "DELETE FROM request_log" >/dev/null
run status INFY
like "$output" "1m .*queued" "the rest waits"
replay reset -d '' >/dev/null
run backfill --symbols INFY --timeframes 1m --from 2026-01-01 --to 2026-10-29
is "$code $(replay stats | jq .requests)" "0 5" "and the same command asks for that only"

# 9:40, a full disk: of the database on a small file system, and of what is written to.
disk=$(mktemp -d /tmp/pg_candle_disk.XXXXXX)
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=96m,mode=0777 tmpfs "$disk" 2>/dev/null; then
    trap 'stop_replay; umount -l "$disk"; rm -rf "$work" "$disk"' EXIT
    owner=$(stat -c %U "$(sql "SHOW data_directory")")
    install -d -o "$owner" "$disk/space"
    psql -X -q -d postgres -c "CREATE TABLESPACE small LOCATION '$disk/space'"
    sql "ALTER TABLE candle_data SET TABLESPACE small; ALTER INDEX candle_data_pkey SET TABLESPACE small" >/dev/null
    before=$(sql "SELECT count(*), sum(close), sum(volume) FROM candle_data")
    fallocate -l "$(($(df --output=avail -B1 "$disk" | tail -1) - 100000))" "$disk/full" 2>/dev/null ||
        head -c "$(($(df --output=avail -B1 "$disk" | tail -1) - 100000))" /dev/zero >"$disk/full"
    run backfill --symbols TCS --timeframes 1m --from 2026-01-01 --to 2026-08-31
    like "$code $output" "^5 .*PostgreSQL: .*No space left on device" "the database's disk is full"
    is "$(sql "SELECT count(*) FROM sync_job WHERE state = 'running'")" 0 "nothing stays claimed"
    run status TCS
    like "$output" "1m .*queued" "status: it waits"
    rm "$disk/full"
    run backfill --symbols TCS --timeframes 1m --from 2026-01-01 --to 2026-08-31
    is "$code $(sql "SELECT count(*) FROM candle_coverage WHERE state = 'failed'")" "0 0" "with room again the same command completes it"
    is "$(sql "SELECT count(*) > 0 FROM candle_data WHERE instrument_id = instrument_id('TCS') AND ts < '2026-02-01'")" t "all of it"
    psql -X -q -d postgres -c "DROP DATABASE loader_hour WITH (FORCE)" -c "DROP TABLESPACE small"
    umount "$disk"
    new_database loader_hour
    run instruments
else
    echo "# skipped: the database's disk, as no file system can be mounted"
fi
rm -rf "$disk"
run backfill --symbols TCS --timeframes 1d "${range[@]}"
run export --symbols TCS --timeframe 1d -o /dev/full
like "$code $output" "^1 .*No space left on device|^1 .*Cannot write" "an export onto a full disk fails"
run backfill --symbols TCS --timeframes 1d "${range[@]}" --report /dev/full
like "$code $output" "^1 .*Cannot write /dev/full" "so does a report"

# 9:50, two terminals.
replay reset -d '' >/dev/null
"$loader" backfill --symbols ITC,WIPRO --timeframes 1m,1d "${range[@]}" >one.log 2>&1 &
one=$!
"$loader" backfill --symbols WIPRO,ITC --timeframes 1m,1d "${range[@]}" >two.log 2>&1 &
two=$!
wait $one
first=$?
wait $two
is "$first $?" "0 0" "the same in two terminals"
is "$(replay stats | jq '[.candles[]] | max')" 1 "asks for nothing twice"
is "$(open_alerts)" "" "and there is nothing to be alarmed about"
run status
like "$code $output" "^0 instruments" "status"
[ "$("$loader" status | wc -l)" -le 40 ]
ok $? "fits on a screen"
run status ITC TCS --json
is "$code $(jq -c 'keys' <<<"$output")" '0 ["NSE:ITC","NSE:TCS"]' "of several, as JSON by instrument"
is "$(jq -c '."NSE:ITC".timeframes["1d"].candles | type' <<<"$output")" '"number"' "with numbers as numbers"
run queue cancel
like "$code $output" "^0 0 jobs taken off" "an empty queue is cancelled"
psql -X -q -d postgres -c "DROP DATABASE loader_hour" 2>/dev/null
done_testing
