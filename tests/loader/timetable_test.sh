#!/usr/bin/env bash
# Days at high speed through pgcandle run: an ordinary one on which F&O trade ten minutes longer, a holiday, and a Muhurat
# evening. The right things are done at the right times, and none at others.
. "$(dirname "$0")/loader.sh"
export PGTZ=Asia/Kolkata PGCANDLE_LIMITS=1000/1s
daemon=

# Runs the daemon through a day from 08:00 to 20:00, in a database in which days before it are complete.
day() { # DATE SPEED
    new_database "loader_day_${1//-/_}"
    sql "ALTER DATABASE loader_day_${1//-/_} SET timezone = 'Asia/Kolkata'" >/dev/null
    PGCANDLE_NOW=$1T07:30:00+05:30 start_replay --limits none --today "$1"
    export UPSTOX_ACCESS_TOKEN=x
    PGCANDLE_NOW=$1T07:30:00+05:30 run instruments
    PGCANDLE_NOW=$1T07:30:00+05:30 run watch add RELIANCE NIFTY --timeframes 1m,5m,1d
    future=$(sql "SELECT instrument_key FROM future_master JOIN instrument_master USING (instrument_id) WHERE underlying = 'NIFTY' AND is_active ORDER BY future_master.expiry_date LIMIT 1")
    sql "INSERT INTO watchlist SELECT instrument_id, '{1m}' FROM instrument_master WHERE instrument_key = '$future' AND is_active" >/dev/null
    # Segments are for other tests; the watchlist is enough.
    sql "UPDATE sync_timetable SET segments = '{backfill}' WHERE task = 'fetch'" >/dev/null
    PGCANDLE_NOW=$1T07:30:00+05:30 run backfill --days 63
    is "$code" 0 "$1: the days before are complete"
    stop_replay
    local clock
    clock="$1T08:00:00+05:30 x$2 @$(awk -v t="$(date +%s.%N)" 'BEGIN { printf "%.3f", t + 6 }')"
    # It walks its market first.
    PGCANDLE_NOW=$clock start_replay --limits none --today "$1"
    sleep 5
    PGCANDLE_NOW=$clock "$loader" run >"$work/run.log" 2>&1 &
    daemon=$!
    sleep "$(awk -v s="$2" 'BEGIN { print 1 + 12 * 3600 / s }')"
    kill -TERM $daemon
    wait $daemon
    is "$?" 0 "$1: SIGTERM ends it with 0"
}
# First and last minute at which a kind of job was done, and whether there were many.
span() { sql "SELECT to_char(min(asked_at), 'HH24:MI') || ' ' || to_char(max(asked_at), 'HH24:MI') || ' ' || (count(*) > $2) FROM sync_job WHERE kind = '$1' AND state = 'done' AND asked_at::date = '$3' AND asked_at::time > '08:05'"; }
within() { # TIME FROM TO
    [[ ! $1 < $2 && ! $1 > $3 ]]
}
served() { sql "SELECT to_char(last_due, 'MM-DD HH24:MI') FROM sync_timetable WHERE name = '$1'"; }

day 2026-10-30 1200
read -r first last many < <(span ltp 100 2026-10-30)
within "$first" 09:15 09:25; ok $? "last prices from the open on ($first)"
within "$last" 15:37 15:42; ok $? "to the close of F&O ($last)"
is "$many" true "every minute"
stock=$(sql "SELECT to_char(max(l.ts), 'HH24:MI') FROM ltp_data l JOIN instrument_master USING (instrument_id) WHERE trading_symbol = 'RELIANCE'")
within "$stock" 15:25 15:31; ok $? "of stocks to 15:30 only ($stock)"
read -r first last many < <(span intraday 50 2026-10-30)
within "$first" 09:15 09:30; ok $? "gaps of the day are looked for from the open on ($first)"
within "$last" 16:15 16:40; ok $? "the last time 45 minutes after the closes ($last)"
is "$(served today_nse) $(served today_nfo) $(served instruments) $(served yesterday) $(served two_months)" "10-30 16:15 10-30 16:25 10-30 06:30 10-30 07:10 " "what is due once is served once; Sunday's task is not"
is "$(sql "SELECT trading_symbol || ' ' || count(*) FROM candle_data JOIN instrument_master USING (instrument_id) WHERE timeframe = '1m' AND ts >= '2026-10-30' GROUP BY trading_symbol ORDER BY 1")" \
    $'NIFTY 375\nNIFTY FUT 23 NOV 26 385\nRELIANCE 375' "every minute of the day is there"
is "$(sql "SELECT count(*) FROM indicator_data WHERE timeframe = '5m' AND ts >= '2026-10-30 15:25' AND ts < '2026-10-31'")" 5 "and its indicators"
is "$(sql "SELECT count(*) FROM sync_alert WHERE cleared_at IS NULL")" 0 "no alert is open"
is "$(grep -c ' error ' "$work/run.log")" 0 "no error was logged"

day 2026-11-10 3600
is "$(sql "SELECT count(*) FROM sync_job WHERE kind IN ('ltp', 'intraday', 'candles') AND asked_at > '2026-11-10 08:00'")" 0 "a holiday: nothing is fetched"
is "$(sql "SELECT string_agg(name, ' ' ORDER BY name) FROM sync_timetable WHERE last_due >= '2026-11-10'")" "calendar freshness instruments today_mcx yesterday" "but the instruments and the calendar, and MCX's evening of the day before is looked after"
is "$(sql "SELECT count(*) FROM sync_alert WHERE kind = 'stale_data'")" 0 "and nothing is stale"

day 2026-11-08 1800
read -r first last many < <(span ltp 20 2026-11-08)
within "$first" 18:00 18:08; ok $? "Muhurat: last prices in the evening ($first)"
within "$last" 18:55 19:12; ok $? "for an hour and ten minutes ($last)"
is "$many" true "every minute"
is "$(served today_nse) $(served today_nfo) $(served two_months)" "11-08 19:45 11-08 19:55 11-08 10:00" "the rest 45 minutes after the closes, and Sunday's task"
is "$(sql "SELECT count(*) FROM candle_data WHERE timeframe = '1m' AND ts >= '2026-11-08' AND instrument_id = instrument_id('RELIANCE')")" 60 "the hour is stored"
done_testing
