#!/usr/bin/env bash
# Days of simulated time through pgcandle run: an ordinary one on which F&O trade ten minutes longer, a holiday, and a
# Muhurat evening. The right things are done at the right times, to the minute, and none at others.
. "$(dirname "$0")/loader.sh"
export PGTZ=Asia/Kolkata PGCANDLE_LIMITS=1000/1s
daemon=

# Runs the daemon through a day from 08:00 to 20:00, in a database in which days before it are complete.
day() { # DATE
    new_database "loader_day_${1//-/_}"
    sql "ALTER DATABASE loader_day_${1//-/_} SET timezone = 'Asia/Kolkata'" >/dev/null
    export UPSTOX_ACCESS_TOKEN=x PGCANDLE_NOW=@$clock
    set_clock "$1T07:30:00+05:30"
    start_replay --limits none --today "$1"
    run instruments
    run watch add RELIANCE NIFTY --timeframes 1m,5m,1d
    future=$(sql "SELECT instrument_key FROM future_master JOIN instrument_master USING (instrument_id) WHERE underlying = 'NIFTY' AND is_active ORDER BY future_master.expiry_date LIMIT 1")
    sql "INSERT INTO watchlist SELECT instrument_id, '{1m}' FROM instrument_master WHERE instrument_key = '$future' AND is_active" >/dev/null
    # Segments are for other tests; the watchlist is enough.
    sql "UPDATE sync_timetable SET segments = '{backfill}' WHERE task = 'fetch'" >/dev/null
    run backfill --days 63
    is "$code" 0 "$1: the days before are complete"
    set_clock "$1T08:00:00+05:30"
    "$loader" run >"$work/run.log" 2>&1 &
    daemon=$!
    local began=$SECONDS
    pass_time "$1T08:00:00+05:30" "$1T20:00:00+05:30"
    ok $? "$1: what is due is done in each minute"
    echo "# twelve hours in $((SECONDS - began)) s"
    kill -TERM $daemon
    wait $daemon
    is "$?" 0 "$1: SIGTERM ends it with 0"
}
# First and last minute at which jobs of a kind were done from 08:00 on, how many, and in how many minutes.
span() { # KIND DATE
    sql "SELECT concat_ws(' ', to_char(min(requested_at), 'HH24:MI'), to_char(max(requested_at), 'HH24:MI'), count(*),
                          count(DISTINCT requested_at))
         FROM sync_job WHERE kind = '$1' AND state = 'done' AND requested_at >= '$2 08:00'"
}
served() { sql "SELECT to_char(last_due, 'MM-DD HH24:MI') FROM sync_timetable WHERE name = '$1'"; }

day 2026-10-30
read -r first last jobs minutes < <(span ltp 2026-10-30)
is "$first" 09:15 "last prices from the open on"
is "$last" 15:39 "to the close of F&O"
is "$jobs in $minutes" "385 in 385" "every minute"
stock=$(sql "SELECT to_char(max(l.ts), 'HH24:MI') FROM ltp_data l JOIN instrument_master USING (instrument_id) WHERE trading_symbol = 'RELIANCE'")
is "$stock" 15:29 "of stocks to 15:30 only"
read -r first last jobs minutes < <(span intraday 2026-10-30)
is "$first" 09:20 "gaps of the day are looked for from the open on"
is "$last" 16:25 "the last time 45 minutes after the closes"
# Every five minutes to 15:25 for two of NSE and to 15:35 for one of F&O, and once more after their closes.
is "$jobs in $minutes" "227 in 78" "every five minutes"
is "$(served today_nse) $(served today_nfo) $(served instruments) $(served yesterday) $(served two_months)" "10-30 16:15 10-30 16:25 10-30 06:30 10-30 07:10 " "what is due once is served once; Sunday's task is not"
is "$(sql "SELECT trading_symbol || ' ' || count(*) FROM candle_data JOIN instrument_master USING (instrument_id) WHERE timeframe = '1m' AND ts >= '2026-10-30' GROUP BY trading_symbol ORDER BY 1")" \
    $'NIFTY 375\nNIFTY FUT 23 NOV 26 385\nRELIANCE 375' "every minute of the day is there"
is "$(sql "SELECT count(*) FROM indicator_data WHERE timeframe = '5m' AND ts >= '2026-10-30 15:25' AND ts < '2026-10-31'")" 5 "and its indicators"
is "$(sql "SELECT count(*) FROM sync_alert WHERE cleared_at IS NULL")" 0 "no alert is open"
is "$(grep -c ' error ' "$work/run.log")" 0 "no error was logged"

day 2026-11-10
is "$(sql "SELECT count(*) FROM sync_job
           WHERE kind IN ('ltp', 'intraday', 'candles') AND requested_at >= '2026-11-10 08:00'")" 0 \
    "a holiday: nothing is fetched"
is "$(sql "SELECT string_agg(name, ' ' ORDER BY name) FROM sync_timetable WHERE last_due >= '2026-11-10'")" "calendar freshness instruments today_mcx yesterday" "but the instruments and the calendar, and MCX's evening of the day before is looked after"
is "$(sql "SELECT count(*) FROM sync_alert WHERE kind = 'stale_data'")" 0 "and nothing is stale"

day 2026-11-08
read -r first last jobs minutes < <(span ltp 2026-11-08)
is "$first" 18:00 "Muhurat: last prices in the evening"
is "$last" 19:09 "for an hour and ten minutes"
is "$jobs in $minutes" "70 in 70" "every minute"
is "$(served today_nse) $(served today_nfo) $(served two_months)" "11-08 19:45 11-08 19:55 11-08 10:00" "the rest 45 minutes after the closes, and Sunday's task"
is "$(sql "SELECT count(*) FROM candle_data WHERE timeframe = '1m' AND ts >= '2026-11-08' AND instrument_id = instrument_id('RELIANCE')")" 60 "the hour is stored"
done_testing
