#!/usr/bin/env bash
# Answers that err teach nothing. Whatever goes wrong with them, and whatever field of a candle, quote, instrument, holiday or
# session is of another type, away or beyond all measure, the tables hold only what the provider has, and when the fault has
# ended the next run completes them without --force. ANSWERS_SEED repeats a run.
. "$(dirname "$0")/loader.sh"
RANDOM=${ANSWERS_SEED:=$RANDOM}
echo "# seed $ANSWERS_SEED"
export UPSTOX_ACCESS_TOKEN=a-secret-token PGTZ=Asia/Kolkata PGCANDLE_LIMITS=1000/1s
new_database loader_answers
market=(--limits none --seed "$ANSWERS_SEED" --holes 0.1)
start_replay "${market[@]}"
run instruments
symbols=$(sql "SELECT string_agg('NSE_EQ:' || trading_symbol, ',' ORDER BY trading_symbol) FROM (
    SELECT trading_symbol FROM instrument_master WHERE segment = 'NSE_EQ' ORDER BY 1 LIMIT 3) s")
options=(--symbols "$symbols" --timeframes 1m,5m,1d --from 2026-09-01 --to 2026-10-29 --attempts 3 --stall 1)

# What there is, as lines that can be compared.
candles() {
    sql "SELECT instrument_id, timeframe, source, ts, open, high, low, close, volume, oi FROM candle_data ORDER BY 1, 2, 4"
}
# Rows of a file that the other one lacks.
beyond() { comm -23 <(sort "$1") <(sort "$2") | wc -l; }
forget() {
    sql "TRUNCATE candle_data, candle_coverage, candle_change, sync_job, data_sync_status, sync_alert" >/dev/null
}

run backfill "${options[@]}"
is "$code" 0 "a sound provider"
candles >truth
sql "CREATE TABLE known_empty AS SELECT instrument_id, timeframe, range_agg(tstzrange(from_ts, to_ts)) AS dates
     FROM candle_coverage WHERE state = 'no_data' GROUP BY 1, 2" >/dev/null
believed_empty="SELECT count(*) FROM candle_coverage c LEFT JOIN known_empty k USING (instrument_id, timeframe)
    WHERE c.state = 'no_data' AND (tstzrange(c.from_ts, c.to_ts) <@ k.dates) IS NOT TRUE"
is "$(sql "SELECT count(*) > 0 FROM known_empty") $(sql "$believed_empty")" "t 0" "which has not everything"

faults=$("$root/build/release/replay_server" --help | tr -s ' \n' ' ' | grep -oE 'also [a-z_ ]*unauthorized' | cut -c6-)
like "$faults" "^slow .*damaged" "the faults of the replay server: $faults"
for fault in $faults; do
    share=0.$((RANDOM % 6 + 2))
    start_replay "${market[@]}" --faults "$fault=$share,damaged=0.$((RANDOM % 3))" --chances "$RANDOM"
    forget
    run backfill "${options[@]}"
    code_then=$code
    candles >found
    # Derived ones are made of what there is.
    is "$(beyond <(grep -v '|d|' found) truth)" 0 "$fault=$share: nothing that the provider does not hold"
    is "$(sql "$believed_empty")" 0 "$fault=$share: no date is taken for empty"
    failed=$(sql "SELECT count(*) FROM candle_coverage WHERE state = 'failed'")
    told=$(sql "SELECT count(*) > 0 FROM sync_alert WHERE kind IN ('bad_rows', 'failed_sync') AND cleared_at IS NULL")
    complete=$(cmp -s found truth && echo yes || echo no)
    # Done and complete; or there is something left to ask for, perhaps only whether a hole is really one, and what failed is told.
    run backfill "${options[@]}" --dry-run
    left=$(grep -oE '[0-9]+ requests, at least' <<<"$output" | cut -d' ' -f1)
    if [ "$code_then" -eq 0 ]; then [ "$failed $complete $told $left" = "0 yes f 0" ]; else [ "$left" -gt 0 ] && { [ "$failed" -eq 0 ] || [ "$told" = t ]; }; fi
    ok $? "$fault=$share: exit $code_then, $failed ranges failed, complete: $complete, an alert: $told, requests left: $left"
    replay faults -d "" >/dev/null
    run backfill "${options[@]}"
    candles >found
    is "$code $(cmp -s found truth; echo $?)" "0 0" "$fault=$share: the next run completes the candles"
    is "$(sql "SELECT count(*) FROM candle_coverage WHERE state = 'failed'")" 0 "$fault=$share: nothing is failed any more"
    is "$(sql "SELECT string_agg(kind || ' ' || subject || ': ' || message, '; ') FROM sync_alert WHERE cleared_at IS NULL AND kind <> 'error_rate'")" "" \
        "$fault=$share: no alert is left"
done

# Instruments, prices, calendars.
instruments() {
    sql "SELECT to_jsonb(m) - 'instrument_id' - 'last_seen' - 'first_seen' - 'details' FROM instrument_master m ORDER BY instrument_key, expiry_date"
}
calendars() {
    sql "SELECT * FROM trading_holiday ORDER BY 1, 2"
    sql "SELECT * FROM special_session ORDER BY 1, 2, 3"
}
prices() { sql "SELECT instrument_id, ltp, previous_close, volume, last_quantity FROM ltp_data ORDER BY 1"; }
run instruments
instruments >truth_instruments
active=$(sql "SELECT count(*) FROM instrument_master WHERE is_active")
run ltp --once --symbols "$symbols"
prices >truth_prices
run calendar
calendars >truth_calendars
for round in $(seq "${ANSWERS_ROUNDS:-4}"); do
    replay faults -d "damaged=1" >/dev/null
    run instruments --force
    is "$(sql "SELECT count(*) FROM instrument_master WHERE is_active")" "$active" \
        "round $round: no instrument vanishes, and none is invented"
    sql "TRUNCATE ltp_data" >/dev/null
    run ltp --once --symbols "$symbols" --attempts 3
    prices >found
    is "$(comm -23 <(cut -d'|' -f1,2 found | sort) <(cut -d'|' -f1,2 truth_prices | sort) | wc -l)" 0 "round $round: prices are the provider's"
    run calendar --attempts 3
    replay faults -d "" >/dev/null
    run instruments
    instruments >found
    is "$(cmp -s found truth_instruments; echo $?)" 0 "round $round: then the instruments are as before"
    run ltp --once --symbols "$symbols"
    prices >found
    is "$(cmp -s found truth_prices; echo $?)" 0 "round $round: the prices, too"
    run calendar
    calendars >found
    is "$(cmp -s found truth_calendars; echo $?)" 0 "round $round: and the calendars"
done
psql -X -q -d postgres -c "DROP DATABASE loader_answers" 2>/dev/null
done_testing
