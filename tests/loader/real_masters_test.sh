#!/usr/bin/env bash
# Two real instrument masters, 15 days apart, one after the other. What has to come out is counted from the files by other means.
. "$(dirname "$0")/loader.sh"
masters=$SHARED_DATA/upstox
[ -f "$masters/instruments-2025-11-24.json.gz" ] || skip_all "no real instrument masters at $masters"
new_database loader_masters

# identity, then the whole record, by jq.
records() { zcat "$1" | jq -c '.[]' | jq -r '[(.instrument_key + " " + (.expiry // 0 | tostring)), .segment, (to_entries | sort_by(.key) | map(select(.value != "") | if (.value | type) == "string" then .value |= sub(" +$"; "") else . end) | from_entries | tojson)] | @tsv' | LC_ALL=C sort; }
records "$masters/instruments-2025-11-24.json.gz" >a.tsv
records "$masters/instruments-2025-12-09.json.gz" >b.tsv
segments() { cut -f2 "$1" | sort | uniq -c | awk '{ print $2 "|" $1 }'; }
in_database="SELECT segment, count(*) FROM instrument_master WHERE is_active GROUP BY 1 ORDER BY segment COLLATE \"C\""
peak() { tail -1 "$1" | grep -oE '^[0-9]+'; }

command time -f '%M KB' -o time.a "$loader" instruments --json --file "$masters/instruments-2025-11-24.json.gz" >a.report 2>a.log
is $? 0 "the master of 2025-11-24"
is "$(sql "$in_database")" "$(segments a.tsv | LC_ALL=C sort)" "its segments have as many instruments as the file"
is "$(jq '.errors + .duplicates' a.report)" 0 "no errors, no duplicates"
command time -f '%M KB' -o time.b "$loader" instruments --json --file "$masters/instruments-2025-12-09.json.gz" >b.report 2>b.log
is $? 0 "the master of 2025-12-09"
is "$(sql "$in_database")" "$(segments b.tsv | LC_ALL=C sort)" "its segments have as many active instruments as the file"

LC_ALL=C join -t $'\t' -j 1 a.tsv b.tsv >both.tsv
appeared=$(LC_ALL=C join -t $'\t' -v 2 a.tsv b.tsv | wc -l) vanished=$(LC_ALL=C join -t $'\t' -v 1 a.tsv b.tsv | wc -l)
changed=$(awk -F '\t' '$3 != $5' both.tsv | wc -l)
is "$(jq -c '[.added, .deactivated, .changed]' b.report)" "[$appeared,$vanished,$changed]" "added, deactivated and changed are what the files say"
reused=$(LC_ALL=C join <(LC_ALL=C join -t $'\t' -v 1 a.tsv b.tsv | cut -d' ' -f1 | LC_ALL=C sort -u) <(LC_ALL=C join -t $'\t' -v 2 a.tsv b.tsv | cut -d' ' -f1 | LC_ALL=C sort -u) | wc -l)
is "$(sql "SELECT count(*) FROM (SELECT FROM instrument_master GROUP BY instrument_key HAVING count(*) = 2 AND count(DISTINCT expiry_date) = 2
    AND count(*) FILTER (WHERE is_active) = 1 AND bool_or(is_active AND expiry_date > '2025-11-26')) s")" "$reused" "$reused keys were used again: two expiries, the old one inactive"
is "$(sql "SELECT string_agg(trading_symbol || ' ' || is_active, ', ' ORDER BY expiry_date) FROM instrument_master WHERE instrument_key = 'NCD_FO|1900'")" \
    "EURINR 98.25 CE 26 NOV 25 false, EURINR 101.25 PE 13 FEB 26 true" "one of them"
is "$(sql "SELECT o.strike_price || ' ' || o.lot_size || ' ' || m.trading_symbol FROM option_master o JOIN instrument_master m USING (instrument_id) WHERE instrument_key = 'NSE_FO|92669'")" \
    "2675 300 HDFCAMC 2675 CE 30 DEC 25" "a contract that was re-struck keeps its row"
is "$(sql "SELECT count(*) FROM instrument_master m WHERE instrument_type IN ('CE', 'PE') AND NOT EXISTS (SELECT FROM option_master o WHERE o.instrument_id = m.instrument_id)
    OR instrument_type = 'FUT' AND NOT EXISTS (SELECT FROM future_master f WHERE f.instrument_id = m.instrument_id)")" 0 "every option and future has its row"

# Ten times as long: every record ten times, with other keys.
ten_times() {
    printf '['
    for i in $(seq 10); do
        [ "$i" = 1 ] || printf ','
        zcat "$masters/instruments-2025-11-24.json.gz" | head -c -1 | tail -c +2 | sed "s/\"instrument_key\":\"[A-Z_]*|/&$i-/g"
    done
    printf ']'
}
new_database loader_masters
ten_times | command time -f '%M KB' -o time.ten "$loader" instruments --json --file - >ten.report 2>ten.log
is "$(jq .added ten.report)" "$(($(wc -l <a.tsv) * 10))" "a file ten times as long"
for file in a b ten; do echo "# peak memory $file: $(peak time.$file) KB"; ok "$([ "$(peak time.$file)" -le 65536 ]; echo $?)" "within 64 MiB: $file"; done
psql -X -q -d postgres -c "DROP DATABASE loader_masters" 2>/dev/null
done_testing
