#!/usr/bin/env bash
# The shipped calendars against three sources, and gaps of real candles against known answers.
. "$(dirname "$0")/../tap.sh"
calendar=$SHARED_DATA/calendar candles=$SHARED_DATA/candles
[ -d "$calendar" ] || skip_all "no calendar sources at $calendar"
new_database real_calendar
export PGTZ=Asia/Kolkata

# Sessions: the union of the sources, but for what docs/guides/calendars.md explains.
sources() { { tail -n +2 "$calendar/xbom-sessions.csv" | cut -c1-10; tail -n +2 "$calendar/observed_sessions.csv" | cut -d, -f1; tail -n +2 "$calendar/special_sessions.csv" | cut -d, -f1; } | sort -u | awk '$1 >= "2012-01-01" && $1 <= "2026-12-31"'; }
for exchange in NSE BSE; do
    is "$(diff <(sources) <(sql "SELECT DISTINCT session_date FROM trading_sessions('$exchange', '2012-01-01', '2026-12-31') ORDER BY 1") | grep '^[<>]')" \
        $'> 2012-04-28\n< 2013-11-15' "sessions of $exchange from 2012 to 2026"
done
is "$(diff <(tail -n +2 "$calendar/special_sessions.csv" | cut -d, -f1 | sort -u) <(sql "SELECT DISTINCT session_date FROM special_session WHERE calendar = 'NSE' ORDER BY 1") | grep '^[<>]')" \
    "> 2012-04-28" "special sessions"
is "$(sql "SELECT count(*) FROM trading_sessions('NSE', '2012-01-01', '2026-12-31') WHERE kind = 'assumed'")" 0 "all of it is known"
# Where the sources give minutes, the hours agree: a 1m label within the periods for every seen session.
is "$(tail -n +2 "$calendar/observed_sessions.csv" | awk -F, '$5 >= 300 { print $1 }' | sort | comm -23 - <(sql "SELECT session_date FROM trading_sessions('NSE', '2009-01-01', '2024-12-31') WHERE closes_at - opens_at >= '5 hours' ORDER BY 1"))" \
    "" "sessions with more than 300 candles are full ones"

load() { # ID SYMBOL YEAR
    zcat "$candles/index-minute/$2-$3.csv.gz" | tail -n +2 | awk -F, '!seen[$1]++' | sed "s/^/$1,1m,/" |
        psql -X -q -v ON_ERROR_STOP=1 -c "COPY candle_data (instrument_id, timeframe, ts, open, high, low, close, volume) FROM STDIN (FORMAT csv)"
}
sql "INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol) VALUES
    (1, 'NSE_INDEX|Nifty 50', 'NSE', 'NSE_INDEX', 'INDEX', 'NIFTY'), (2, 'NSE_INDEX|Nifty Bank', 'NSE', 'NSE_INDEX', 'INDEX', 'BANKNIFTY')" >/dev/null
for year in 2017 2024; do load 1 NIFTY $year; load 2 BANKNIFTY $year; done
# A missing day is a gap over its whole session.
truth=$(grep -vE ',(special_session|bars_outside_session|duplicate_bars|pause),' "$calendar/gaps-2017-2024.csv" | tail -n +2 |
    awk -F, '$2 == "missing_day" { print $1 "," $3 ",09:15,15:29,375"; next } { print $1 "," $3 "," $4 "," $5 "," $6 }' | sort)
found=$(sql "SELECT m.trading_symbol || ',' || gap_start::date || ',' || to_char(gap_start, 'HH24:MI') || ',' || to_char(gap_end, 'HH24:MI') || ',' || missing
    FROM instrument_master m, LATERAL (SELECT * FROM detect_gaps(instrument_id, '1m', '2017-01-01', '2018-01-01') UNION ALL SELECT * FROM detect_gaps(instrument_id, '1m', '2024-01-01', '2024-08-24')) g" | sort)
is "$found" "$truth" "the gaps of NIFTY and BANKNIFTY in 2017 and 2024 are the known ones"
is "$(sql "SELECT string_agg(expected_candles(1, '1m', d, d + 1)::text, ' ') FROM unnest('{2024-03-02,2024-05-18}'::date[]) d")" "105 105" "both Saturdays expect 45 + 60 candles"

# Minutes without trade are absent in these files: holes, until the provider confirms them.
id=10
for symbol in VIVIDHA ZICOM WHEELS; do
    id=$((id + 1))
    sql "INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol) VALUES ($id, 'NSE_EQ|$symbol', 'NSE', 'NSE_EQ', 'EQ', '$symbol')" >/dev/null
    zcat "$candles/illiquid-2015/$symbol.csv.gz" | tail -n +2 | awk -F, '!seen[$1]++' | sed "s/^/$id,1m,/" |
        psql -X -q -v ON_ERROR_STOP=1 -c "COPY candle_data (instrument_id, timeframe, ts, open, high, low, close, volume) FROM STDIN (FORMAT csv)"
    # By brute force: every minute of every session, less those that are stored.
    brute=$(sql "SELECT count(*) FROM trading_sessions('NSE', '2014-12-01', '2015-10-31') s, generate_series(opens_at, closes_at - interval '1 minute', '1 minute') ts
        WHERE NOT EXISTS (SELECT FROM candle_data c WHERE c.instrument_id = $id AND c.timeframe = '1m' AND c.ts = ts.ts)")
    is "$(sql "SELECT sum(missing) FROM detect_gaps($id, '1m', '2014-12-01', '2015-11-01')")" "$brute" "$symbol has $brute holes"
    sql "INSERT INTO candle_coverage (instrument_id, timeframe, from_ts, to_ts, state) VALUES ($id, '1m', '2014-12-01', '2015-11-01', 'no_data')" >/dev/null
    is "$(sql "SELECT count(*) FROM detect_gaps($id, '1m', '2014-12-01', '2015-11-01') WHERE state <> 'no_data'")" 0 "$symbol: confirmed, nothing is left to fetch"
done

# Half hours of real minutes: made by resampling (30), and by hand from rows of the file (31); indicators of both are equal.
zcat "$candles/minute-2016/RELIANCE.csv.gz" | tail -n +2 | sed "s/^/30,1m,/" |
    psql -X -q -v ON_ERROR_STOP=1 -c "COPY candle_data (instrument_id, timeframe, ts, open, high, low, close, volume) FROM STDIN (FORMAT csv)"
zcat "$candles/minute-2016/RELIANCE.csv.gz" | awk -F, -v OFS=, 'NR > 1 {
        minute = substr($1, 12, 2) * 60 + substr($1, 15, 2) - 555; if (minute < 0 || minute >= 375) next
        start = 555 + int(minute / 30) * 30; key = sprintf("%sT%02d:%02d:00+05:30", substr($1, 1, 10), int(start / 60), start % 60)
        if (key != last) { if (last) print 31, "30m", last, o, h, l, c, v; last = key; o = $2; h = $3; l = $4; v = 0 }
        if ($3 > h) h = $3; if ($4 < l) l = $4; c = $5; v += $6
    } END { print 31, "30m", last, o, h, l, c, v }' |
    psql -X -q -v ON_ERROR_STOP=1 -c "COPY candle_data (instrument_id, timeframe, ts, open, high, low, close, volume) FROM STDIN (FORMAT csv)"
sql "INSERT INTO instrument_master (instrument_id, instrument_key, exchange, segment, instrument_type, trading_symbol) VALUES (30, 'NSE_EQ|30', 'NSE', 'NSE_EQ', 'EQ', 'R30'), (31, 'NSE_EQ|31', 'NSE', 'NSE_EQ', 'EQ', 'R31');
    INSERT INTO candle_data (instrument_id, timeframe, source, ts, open, high, low, close, volume) SELECT 30, '30m', 'd', ts, open, high, low, close, volume FROM resample_candles(30, '1m', '30m')" >/dev/null
is "$(sql "SELECT DISTINCT count(*) || ' ' || to_char(min(ts), 'HH24:MI') || ' ' || to_char(max(ts), 'HH24:MI') FROM candle_data WHERE instrument_id = 30 AND timeframe = '30m' GROUP BY ts::date")" "13 09:15 15:15" \
    "13 half hours in each of $(sql "SELECT count(DISTINCT ts::date) FROM candle_data WHERE instrument_id = 30") sessions"
sql "SELECT compute_indicators(30, '30m'), compute_indicators(31, '30m')" >/dev/null
print() { sql "SELECT md5(string_agg((to_jsonb(i) - 'instrument_id')::text, ',' ORDER BY ts)) || ' ' || count(*) FROM indicator_data i WHERE instrument_id = $1 AND timeframe = '30m'"; }
is "$(print 30)" "$(print 31)" "resampling, then computing equals computing on candles made by hand"
psql -X -q -d postgres -c "DROP DATABASE real_calendar" 2>/dev/null
done_testing
