#include "commands/instrument_status.hpp"

#include <algorithm>
#include <cstdio>

#include "ingest/completeness_matrix.hpp"

namespace pg_candle::commands {
namespace {

using Json = nlohmann::ordered_json;

// $1 instrument; $2, $3 the dates that are looked through for what is missing.
constexpr const char* query = R"(
WITH instrument AS (
    SELECT * FROM instrument_master WHERE instrument_id = $1),
timeframe AS (
    SELECT unnest(timeframes) AS timeframe FROM watchlist WHERE instrument_id = $1
    UNION SELECT timeframe FROM candle_coverage WHERE instrument_id = $1
    UNION SELECT timeframe FROM sync_job WHERE instrument_id = $1 AND timeframe IS NOT NULL
    UNION (WITH RECURSIVE held AS (
               (SELECT timeframe FROM candle_data WHERE instrument_id = $1 ORDER BY timeframe LIMIT 1)
               UNION ALL
               SELECT (SELECT d.timeframe FROM candle_data d WHERE d.instrument_id = $1 AND d.timeframe > h.timeframe
                       ORDER BY d.timeframe LIMIT 1) FROM held h WHERE h.timeframe IS NOT NULL)
           SELECT timeframe FROM held WHERE timeframe IS NOT NULL)),
series AS (
    SELECT t.timeframe, s.candles, s.first, s.last, s.derived,
        greatest(v.checked_at, running_day.requested_at) AS requested_at, v.no_data_ranges, v.failed_ranges, v.error,
        j.queued, j.running, j.queued_since, i.through AS indicators_through,
        i.failures AS indicator_failures, i.error AS indicator_error, c.earliest AS changed_from,
        CASE WHEN series_problem($1, t.timeframe) IS NULL THEN (
            SELECT json_agg(json_build_object(
                'state', g.state, 'candles', g.candles, 'from', g.from_date, 'to', g.to_date,
                'command', CASE WHEN g.state <> 'no_data'
                                 AND t.timeframe = ANY (timeframes_to_fetch(ARRAY[t.timeframe]))
                                THEN backfill_command($1, t.timeframe, g.from_date, g.to_date) END) ORDER BY g.state)
            FROM (SELECT state, sum(missing) AS candles, min(gap_start)::date AS from_date,
                      max(gap_end)::date AS to_date
                  FROM detect_gaps($1, t.timeframe, $2::date::timestamptz,
                                   least(($3::date + 1)::timestamptz, candle_now()))
                  GROUP BY 1) g) END AS missing,
        series_problem($1, t.timeframe) AS problem
    FROM timeframe t
    CROSS JOIN LATERAL (SELECT count(*) AS candles, min(ts) AS first, max(ts) AS last,
                            count(*) FILTER (WHERE source = 'd') AS derived
                        FROM candle_data d WHERE d.instrument_id = $1 AND d.timeframe = t.timeframe) s
    CROSS JOIN LATERAL (SELECT max(checked_at) AS checked_at,
                            count(*) FILTER (WHERE state = 'no_data') AS no_data_ranges,
                            count(*) FILTER (WHERE state = 'failed') AS failed_ranges,
                            (array_agg(error ORDER BY checked_at DESC) FILTER (WHERE state = 'failed'))[1] AS error
                        FROM candle_coverage v WHERE v.instrument_id = $1 AND v.timeframe = t.timeframe) v
    CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE state = 'queued') AS queued,
                            count(*) FILTER (WHERE state = 'running') AS running,
                            min(created_at) FILTER (WHERE state = 'queued') AS queued_since
                        FROM sync_job j WHERE j.instrument_id = $1 AND j.timeframe = t.timeframe
                            AND j.state IN ('queued', 'running')) j
    CROSS JOIN LATERAL (SELECT max(requested_at) AS requested_at FROM sync_job j
                        WHERE j.instrument_id = $1 AND j.timeframe = t.timeframe AND j.kind = 'intraday') running_day
    LEFT JOIN LATERAL (SELECT computed_through AS through, failures, error FROM indicator_state i
                       WHERE i.instrument_id = $1 AND i.timeframe = t.timeframe) i ON true
    CROSS JOIN LATERAL (SELECT min(earliest) AS earliest FROM candle_change c
                        WHERE c.instrument_id = $1 AND c.timeframe = t.timeframe) c)
SELECT json_build_object(
    'instrument', (SELECT format('%s:%s', exchange, trading_symbol) FROM instrument),
    'instrument_id', $1::int,
    'instrument_key', (SELECT instrument_key FROM instrument),
    'name', (SELECT name FROM instrument),
    'type', (SELECT instrument_type FROM instrument),
    'expiry', (SELECT expiry_date FROM instrument),
    'active', (SELECT is_active FROM instrument),
    'watched', (SELECT timeframes FROM watchlist WHERE instrument_id = $1),
    'ltp', (SELECT json_build_object('price', ltp, 'at', ts)
            FROM ltp_data WHERE instrument_id = $1 ORDER BY ts DESC LIMIT 1),
    'freshness', (SELECT json_build_object('stale', candle_stale, 'newest', candle_at, 'expected', expected_at)
                  FROM data_freshness WHERE instrument_id = $1),
    'looked_through', json_build_object('from', $2::date, 'to', $3::date),
    'alerts', (SELECT coalesce(json_agg(json_build_object('kind', kind, 'message', message, 'raised_at', raised_at)
                   ORDER BY raised_at DESC), '[]')
               FROM sync_alert, instrument m
               WHERE cleared_at IS NULL AND (subject = m.trading_symbol OR subject LIKE '% ' || m.isin
                   OR starts_with(subject || ' ', format('%s:%s ', m.exchange, m.trading_symbol)))),
    'timeframes', (SELECT coalesce(json_object_agg(timeframe, to_jsonb(s) - 'timeframe'), '{}') FROM series s))
)";

/// Why candles are missing, and what to do about it.
std::string reason(const Json& gap, const Json& series) {
    if (gap["state"] == "no_data") return "the provider said that it has none";
    if (!gap["command"].is_string()) return "made from 1m by \"CALL refresh_timeframes()\", where those are complete";
    if (series["running"] != 0) return "being asked for";
    if (series["queued"] != 0) return "queued";
    if (gap["state"] == "failed") return "failed: " + shown(series["error"]) + "; again: " + shown(gap["command"]);
    return "not asked for yet: " + shown(gap["command"]);
}

}  // namespace

std::string shown(const Json& value) {
    return value.is_null() ? "-" : value.is_string() ? value.get<std::string>() : value.dump();
}

std::string moment(const Json& value) {
    std::string text = shown(value).substr(0, 16);
    if (text.size() == 16) text[10] = ' ';
    return text;
}

Json instrument_status(store::Connection& connection, const store::Instrument& instrument) {
    const Date today = india_date(now());
    Json status = Json::parse(
        connection
            .run(query, {std::to_string(instrument.id), format_date(today - std::chrono::days{29}), format_date(today)})
            .str(0, 0));
    std::vector<std::string> names;
    for (const auto& [timeframe, series] : status["timeframes"].items()) names.push_back(timeframe);
    std::sort(names.begin(), names.end(), ingest::shorter);
    Json sorted = Json::object();
    for (const std::string& timeframe : names) sorted[timeframe] = status["timeframes"][timeframe];
    status["timeframes"] = sorted;
    return status;
}

void print_instrument(const Json& status) {
    printf("%s  %s  %s  %s%s%s\n", shown(status["instrument"]).c_str(), shown(status["name"]).c_str(),
           shown(status["type"]).c_str(), shown(status["instrument_key"]).c_str(),
           status["expiry"].is_null() ? "" : (", expires " + shown(status["expiry"])).c_str(),
           status["active"] == true ? "" : ", not active");
    std::string watched;
    if (status["watched"].is_array())
        for (const Json& one : status["watched"]) watched += (watched.empty() ? "" : " ") + shown(one);
    printf("watched       %s\n",
           watched.empty() ? ("no: pgcandle watch add " + shown(status["instrument"])).c_str() : watched.c_str());
    if (status["ltp"].is_object())
        printf("last price    %s of %s\n", shown(status["ltp"]["price"]).c_str(), moment(status["ltp"]["at"]).c_str());
    if (status["freshness"].is_object() && status["freshness"]["stale"] == true)
        printf("stale         newest 1m candle %s, expected %s\n", moment(status["freshness"]["newest"]).c_str(),
               moment(status["freshness"]["expected"]).c_str());
    if (status["timeframes"].empty()) {
        printf("Nothing is stored, and nothing was asked for. To begin: pgcandle backfill --symbols %s\n\n",
               shown(status["instrument"]).c_str());
        return;
    }
    printf("\n%-5s %11s  %-16s  %-16s  %-16s %7s  %s\n", "", "candles", "first", "last", "last asked", "queued",
           "indicators through");
    for (const auto& [timeframe, one] : status["timeframes"].items()) {
        std::string indicators = moment(one["indicators_through"]);
        if (one["indicator_failures"].is_number() && one["indicator_failures"] > 0)
            indicators += ", failing: " + shown(one["indicator_error"]);
        else if (!one["changed_from"].is_null())
            indicators += ", changes from " + moment(one["changed_from"]) + " wait for a refresh";
        printf("%-5s %11s  %-16s  %-16s  %-16s %7s  %s\n", timeframe.c_str(), shown(one["candles"]).c_str(),
               moment(one["first"]).c_str(), moment(one["last"]).c_str(),
               one["requested_at"].is_null() && one["derived"] != 0 ? "derived" : moment(one["requested_at"]).c_str(),
               std::to_string(one["queued"].get<int>() + one["running"].get<int>()).c_str(), indicators.c_str());
    }
    printf("\n");
    bool complete = true;
    for (const auto& [timeframe, one] : status["timeframes"].items()) {
        if (!one["problem"].is_null()) {
            printf("%-5s what should be there cannot be told: %s\n", timeframe.c_str(), shown(one["problem"]).c_str());
            complete = false;
        }
        if (!one["missing"].is_array()) continue;
        for (const Json& gap : one["missing"]) {
            printf("%-5s %s missing, %s to %s: %s\n", timeframe.c_str(), shown(gap["candles"]).c_str(),
                   shown(gap["from"]).c_str(), shown(gap["to"]).c_str(), reason(gap, one).c_str());
            complete = false;
        }
    }
    if (complete) printf("Nothing is missing between %s and now.\n", shown(status["looked_through"]["from"]).c_str());
    for (const Json& one : status["alerts"])
        printf("alert %s  %s: %s\n", moment(one["raised_at"]).c_str(), shown(one["kind"]).c_str(),
               shown(one["message"]).c_str());
    printf("\n");
}

}  // namespace pg_candle::commands
