#!/usr/bin/env bash
# The provider's holidays and hours in the calendar tables; the records are those that Upstox's own list of 2026 has.
. "$(dirname "$0")/loader.sh"
new_database loader_calendar
export UPSTOX_ACCESS_TOKEN=a-secret-token PGTZ=Asia/Kolkata PGCANDLE_NOW=2026-01-20T10:00:00+05:30
list='[{"date":"2026-01-15","description":"Before today","holiday_type":"TRADING_HOLIDAY","closed_exchanges":["MCX"],"open_exchanges":[]},
{"date":"2026-01-26","description":"Republic Day","holiday_type":"TRADING_HOLIDAY","closed_exchanges":["NSE","NFO","CDS","BSE","BFO","BCD","MCX","NSCOM"],"open_exchanges":[]},
{"date":"2026-02-01","description":"Budget Day Session","holiday_type":"SPECIAL_TIMING","closed_exchanges":["CDS","BCD"],"open_exchanges":[{"exchange":"NSE","start_time":1769917500000,"end_time":1769940000000}]},
{"date":"2026-03-26","description":"Ram Navami","holiday_type":"TRADING_HOLIDAY","closed_exchanges":["NSE","NFO","CDS","BSE","BFO","BCD"],"open_exchanges":[{"exchange":"NSCOM","start_time":1774524600000,"end_time":1774548000000}]},
{"date":"2026-08-26","description":"Id-E-Milad","holiday_type":"SETTLEMENT_HOLIDAY","closed_exchanges":["CDS","BCD"],"open_exchanges":[{"exchange":"NSE","start_time":1787715900000,"end_time":1787738400000}]},
{"date":"2026-11-08","description":"Diwali Laxmi Pujan","holiday_type":"SPECIAL_TIMING","closed_exchanges":[],"open_exchanges":[{"exchange":"NSE","start_time":1794141000000,"end_time":1794144600000},{"exchange":"NFO","start_time":1794141000000,"end_time":1794145200000}]}]'
start_replay --limits none --today 2026-01-20 --holidays "$list"
sessions() { sql "SELECT coalesce(string_agg(to_char(opens_at, 'HH24:MI') || '-' || to_char(closes_at, 'HH24:MI') || ' ' || kind, ', '), 'closed') FROM trading_sessions('$1', '$2', '$2')"; }
is "$(sessions MCX 2026-03-05) | $(sessions CDS 2026-01-26)" "09:00-23:55 assumed | 09:00-17:00 assumed" "before: by the weekly rule"
run calendar
like "$code $output" "^1 .*lacks [0-9]+ days that are known.*--force" "a list that takes many days away is refused"
is "$(sessions CDS 2026-01-26)" "09:00-17:00 assumed" "and nothing is changed"
run calendar --force
is "$code" 0 "calendar: $output"
like "$output" "CDS 2026-01-26: closed, was 09:00-17:00" "each day that changed is printed"
is "$(sessions CDS 2026-01-26) | $(sessions MCX 2026-01-26)" "closed | closed" "holidays of all exchanges"
is "$(sessions NSCOM 2026-03-26) | $(sessions CDS 2026-03-26) | $(sessions NSE 2026-03-26)" "17:00-23:30 special | closed | closed" "an evening session on a holiday"
is "$(sessions NSE 2026-08-26) | $(sessions CDS 2026-08-26)" "09:15-15:30 regular | closed" "a settlement holiday is a trading day"
is "$(sessions NSE 2026-02-01)" "09:15-15:30 budget" "what was known already stays"
is "$(sessions NFO 2026-11-08) | $(sessions NSE 2026-11-08)" "18:00-19:10 muhurat | 18:00-19:00 muhurat" "Muhurat"
is "$(sessions MCX 2026-03-05)" "09:00-23:55 regular" "the year is known now"
is "$(sql "SELECT count(*) FROM trading_holiday WHERE holiday = '2026-01-15' AND calendar = 'MCX'")" 0 "days before today are left alone"
is "$(sessions NSE 2026-06-26)" "09:15-15:30 regular" "a day that the list does not close any more is open"
is "$(sessions CDS 2026-01-20)" "09:00-17:00 regular" "hours of today as expected"
run calendar
like "$output" "0 holidays added, 0 removed, 0 sessions changed" "again: nothing changes"
sql "INSERT INTO trading_holiday (calendar, holiday, description) VALUES ('NSE', '2026-06-26', 'mine')" >/dev/null
run calendar
is "$(sessions NSE 2026-06-26)" "closed" "rows of your own stay"
start_replay --limits none --today 2026-01-20 --holidays '[{"date":"soon","holiday_type":"TRADING_HOLIDAY"}]'
before=$(sql "SELECT count(*) FROM trading_holiday")
run calendar --attempts 2 --backoff 10
is "$code $(sql "SELECT count(*) FROM trading_holiday")" "1 $before" "a list that cannot be read changes nothing"
start_replay --limits none --today 2026-01-20 --holidays '[{"date":"2025-03-14","description":"Holi","holiday_type":"TRADING_HOLIDAY","closed_exchanges":["NSE"],"open_exchanges":[]}]'
run calendar
like "$code $output" "^1 .*no day of this year.*nothing was changed" "the list of another year, too"
holidays=
for date in 02-02 02-03 02-04 02-05 02-06 02-09; do
    holidays+=",{\"date\":\"2026-$date\",\"description\":\"X\",\"holiday_type\":\"TRADING_HOLIDAY\",\"closed_exchanges\":[\"NSE\"],\"open_exchanges\":[]}"
done
start_replay --limits none --today 2026-01-20 --holidays "${list%]}$holidays]"
run calendar
like "$code $output $(sessions NSE 2026-02-03)" "^1 .*6 holidays that were not known.*--force .*09:15-15:30" "as are more new holidays than a year brings"
psql -X -q -d postgres -c "DROP DATABASE loader_calendar" 2>/dev/null
done_testing
