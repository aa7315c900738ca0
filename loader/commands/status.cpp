// pgcandle status: what the database holds, what is missing, what goes on, what went wrong.
#include <cstdio>

#include "commands/context.hpp"
#include "commands/matrix.hpp"

namespace pg_candle::commands {
namespace {

using Json = nlohmann::ordered_json;

// One JSON document, made where the data is. Coverage is looked up per series, never per candle.
constexpr const char* query = R"(
WITH candles AS (
    SELECT instrument_id, timeframe, count(*) AS candles, min(ts) AS first, max(ts) AS last FROM candle_data GROUP BY 1, 2),
coverage AS (
    SELECT instrument_id, timeframe, min(from_ts) FILTER (WHERE state = 'filled') AS filled_from, max(to_ts) FILTER (WHERE state = 'filled') AS filled_to,
        count(*) FILTER (WHERE state = 'no_data') AS no_data, count(*) FILTER (WHERE state = 'failed') AS failed, max(checked_at) AS checked_at,
        (array_agg(error ORDER BY checked_at DESC) FILTER (WHERE state = 'failed'))[1] AS error
    FROM candle_coverage GROUP BY 1, 2),
series AS (
    SELECT m.trading_symbol AS symbol, timeframe, coalesce(candles, 0) AS candles, first, last, filled_from, filled_to,
        coalesce(no_data, 0) AS no_data_ranges, coalesce(failed, 0) AS failed_ranges, checked_at, error
    FROM candles FULL JOIN coverage USING (instrument_id, timeframe) LEFT JOIN instrument_master m USING (instrument_id))
SELECT json_build_object(
    'instruments', (SELECT json_build_object('active', count(*) FILTER (WHERE is_active), 'inactive', count(*) FILTER (WHERE NOT is_active),
        'last_seen', max(last_seen)) FROM instrument_master),
    'watched', (SELECT count(*) FROM watchlist),
    'ltp', (SELECT json_build_object('instruments', count(DISTINCT instrument_id), 'newest', max(ts)) FROM ltp_data),
    'freshness', (SELECT json_build_object('stale_candles', count(*) FILTER (WHERE candle_stale), 'stale_ltp', count(*) FILTER (WHERE ltp_stale), 'watched', count(*)) FROM data_freshness),
    'requests', (SELECT json_build_object('last_30_minutes', count(*), 'last_minute', count(*) FILTER (WHERE requested_at > now() - interval '1 minute'))
        FROM request_log WHERE requested_at > now() - interval '30 minutes'),
    'queue', (SELECT json_build_object('queued', count(*) FILTER (WHERE state = 'queued'), 'running', count(*) FILTER (WHERE state = 'running'),
        'failed', count(*) FILTER (WHERE state = 'failed' AND finished_at > now() - interval '1 day')) FROM sync_job),
    'alerts', (SELECT coalesce(json_agg(json_build_object('kind', kind, 'subject', subject, 'message', message, 'raised_at', raised_at) ORDER BY raised_at DESC), '[]')
        FROM sync_alert WHERE cleared_at IS NULL),
    'segments', (SELECT coalesce(json_agg(s ORDER BY segment), '[]') FROM (
        SELECT segment, count(*) AS scopes, max(synced_through) AS synced_through, max(last_success_at) AS last_success_at, max(last_attempt_at) AS last_attempt_at,
            (array_agg(last_error ORDER BY last_attempt_at DESC) FILTER (WHERE last_error IS NOT NULL))[1] AS last_error FROM data_sync_status GROUP BY 1) s),
    'runs', (SELECT coalesce(json_agg(r ORDER BY r.started_at DESC), '[]') FROM (
        SELECT started_at, round(extract(epoch FROM finished_at - started_at), 1) AS seconds, requests, retries, too_many, failed, bytes, rows, latency_p50, latency_p95, latency_p99, error_rate, error
        FROM sync_run ORDER BY started_at DESC LIMIT 5) r),
    'series', (SELECT coalesce(json_agg(s ORDER BY symbol, timeframe), '[]') FROM series s))
)";

std::string text(const Json& value) { return value.is_null() ? "-" : value.is_string() ? value.get<std::string>() : value.dump(); }
std::string moment(const Json& value) { return text(value).substr(0, 16); }

void print(const Json& status) {
    const auto show = [](const Json& value) { return text(value); };
    printf("instruments   %s active, %s inactive, synced %s\n", show(status["instruments"]["active"]).c_str(), show(status["instruments"]["inactive"]).c_str(),
           moment(status["instruments"]["last_seen"]).c_str());
    printf("watched       %s, %s of them with stale candles\n", show(status["watched"]).c_str(), show(status["freshness"]["stale_candles"]).c_str());
    printf("last prices   of %s instruments, newest %s\n", show(status["ltp"]["instruments"]).c_str(), moment(status["ltp"]["newest"]).c_str());
    printf("requests      %s in the last minute, %s in the last 30\n", show(status["requests"]["last_minute"]).c_str(), show(status["requests"]["last_30_minutes"]).c_str());
    printf("queue         %s queued, %s running, %s failed within a day\n", show(status["queue"]["queued"]).c_str(), show(status["queue"]["running"]).c_str(),
           show(status["queue"]["failed"]).c_str());
    if (!status["alerts"].empty()) printf("\nalerts\n");
    for (const Json& one : status["alerts"])
        printf("  %s  %s %s: %s\n", moment(one["raised_at"]).c_str(), show(one["kind"]).c_str(), show(one["subject"]).c_str(), show(one["message"]).c_str());
    if (!status["segments"].empty()) printf("\n%-14s %7s  %-10s  %-16s  %-16s\n", "segment", "scopes", "through", "last success", "last attempt");
    for (const Json& one : status["segments"]) {
        printf("%-14s %7s  %-10s  %-16s  %-16s\n", show(one["segment"]).c_str(), show(one["scopes"]).c_str(), show(one["synced_through"]).c_str(),
               moment(one["last_success_at"]).c_str(), moment(one["last_attempt_at"]).c_str());
        if (!one["last_error"].is_null()) printf("               %s\n", show(one["last_error"]).c_str());
    }
    if (!status["runs"].empty()) printf("\n%-16s %8s %9s %8s %5s %7s %12s %9s\n", "run", "seconds", "requests", "retries", "429s", "failed", "rows", "p95 ms");
    for (const Json& one : status["runs"])
        printf("%-16s %8s %9s %8s %5s %7s %12s %9s\n", moment(one["started_at"]).c_str(), show(one["seconds"]).c_str(), show(one["requests"]).c_str(), show(one["retries"]).c_str(),
               show(one["too_many"]).c_str(), show(one["failed"]).c_str(), show(one["rows"]).c_str(), show(one["latency_p95"]).c_str());
    if (!status["series"].empty())
        printf("\n%-24s %-4s %12s  %-16s  %-16s  %-10s  %-10s %8s %7s\n", "symbol", "", "candles", "first", "last", "asked from", "to", "no data", "failed");
    for (const Json& one : status["series"]) {
        printf("%-24s %-4s %12s  %-16s  %-16s  %-10s  %-10s %8s %7s\n", show(one["symbol"]).c_str(), show(one["timeframe"]).c_str(), show(one["candles"]).c_str(),
               moment(one["first"]).c_str(), moment(one["last"]).c_str(), show(one["filled_from"]).substr(0, 10).c_str(), show(one["filled_to"]).substr(0, 10).c_str(),
               show(one["no_data_ranges"]).c_str(), show(one["failed_ranges"]).c_str());
        if (!one["error"].is_null()) printf("                 %s\n", show(one["error"]).c_str());
    }
    printf("\n");
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
    const auto json = std::make_shared<bool>(false);
    CLI::App* command = app.add_subcommand("status", "What is stored, what is missing, what goes on, what went wrong");
    command->add_flag("--json", *json, "As JSON");
    command->callback([&context, json] {
        store::Connection connection = context.connect();
        connection.run("SET timezone = 'Asia/Kolkata'");
        Json status = Json::parse(connection.run(query).str(0, 0));
        const Date today = india_date(now());
        const Matrix matrix = read_matrix(connection, {today - std::chrono::days{29}, today}, {}, {});
        status["completeness"] = matrix.json();
        if (*json) {
            printf("%s\n", status.dump(2).c_str());
            return;
        }
        print(status);
        matrix.print();
    });
}

}  // namespace pg_candle::commands
