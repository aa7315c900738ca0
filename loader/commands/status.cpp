// pgcandle status: what the database holds, what is missing, what went wrong last.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "commands/context.hpp"

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
    'series', (SELECT coalesce(json_agg(s ORDER BY symbol, timeframe), '[]') FROM series s),
    'ltp', (SELECT json_build_object('instruments', count(DISTINCT instrument_id), 'newest', max(ts)) FROM ltp_data),
    'requests', (SELECT json_build_object('last_30_minutes', count(*), 'last_minute', count(*) FILTER (WHERE requested_at > now() - interval '1 minute'))
        FROM request_log WHERE requested_at > now() - interval '30 minutes'))
)";

std::string text(const Json& value) { return value.is_null() ? "-" : value.is_string() ? value.get<std::string>() : value.dump(); }

void print(const Json& status) {
    printf("instruments   %s active, %s inactive, synced %s\n", text(status["instruments"]["active"]).c_str(),
           text(status["instruments"]["inactive"]).c_str(), text(status["instruments"]["last_seen"]).substr(0, 16).c_str());
    printf("watched       %s\n", text(status["watched"]).c_str());
    printf("last prices   of %s instruments, newest %s\n", text(status["ltp"]["instruments"]).c_str(), text(status["ltp"]["newest"]).substr(0, 16).c_str());
    printf("requests      %s in the last minute, %s in the last 30\n\n", text(status["requests"]["last_minute"]).c_str(),
           text(status["requests"]["last_30_minutes"]).c_str());
    printf("%-16s %-4s %12s  %-16s  %-16s  %-10s  %-10s %8s %7s\n", "symbol", "", "candles", "first", "last", "asked from", "to", "no data", "failed");
    for (const Json& one : status["series"]) {
        printf("%-16s %-4s %12s  %-16s  %-16s  %-10s  %-10s %8s %7s\n", text(one["symbol"]).c_str(), text(one["timeframe"]).c_str(),
               text(one["candles"]).c_str(), text(one["first"]).substr(0, 16).c_str(), text(one["last"]).substr(0, 16).c_str(),
               text(one["filled_from"]).substr(0, 10).c_str(), text(one["filled_to"]).substr(0, 10).c_str(), text(one["no_data_ranges"]).c_str(),
               text(one["failed_ranges"]).c_str());
        if (!one["error"].is_null()) printf("                 %s\n", text(one["error"]).c_str());
    }
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
    const auto json = std::make_shared<bool>(false);
    CLI::App* command = app.add_subcommand("status", "What is stored, what is missing, what went wrong last");
    command->add_flag("--json", *json, "As JSON");
    command->callback([&context, json] {
        store::Connection connection = context.connect();
        connection.run("SET timezone = 'Asia/Kolkata'");
        const Json status = Json::parse(connection.run(query).str(0, 0));
        if (*json)
            printf("%s\n", status.dump(2).c_str());
        else
            print(status);
    });
}

}  // namespace pg_candle::commands
