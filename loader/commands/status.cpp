// pgcandle status: on one screen what goes on, what went wrong and what to do about it; with names, all about those.
#include <cstdio>

#include "commands/context.hpp"
#include "commands/instrument_status.hpp"
#include "ingest/completeness_matrix.hpp"

namespace pg_candle::commands {
namespace {

using Json = nlohmann::ordered_json;

// One JSON document, made where the data is. Nothing here reads candles, however many there are.
constexpr const char* overview_query = R"(
WITH named AS (
    SELECT instrument_id, format('%s:%s', exchange, trading_symbol) AS name FROM instrument_master),
failing AS (
    SELECT instrument_id, timeframe, 'failed' AS what,
        format('%s ranges, the last on %s: %s', count(*), to_char(max(checked_at), 'YYYY-MM-DD HH24:MI'),
               (array_agg(error ORDER BY checked_at DESC))[1]) AS text, 1 AS rank
    FROM candle_coverage WHERE state = 'failed' GROUP BY 1, 2
    UNION ALL
    SELECT instrument_id, timeframe, 'failed', format('indicators, %s times: %s', failures, error), 2
    FROM indicator_state WHERE failures > 0
    UNION ALL
    SELECT instrument_id, '1m', 'stale', format('newest candle %s, expected %s',
               coalesce(to_char(candle_at, 'YYYY-MM-DD HH24:MI'), 'none'),
               to_char(expected_at, 'YYYY-MM-DD HH24:MI')), 3
    FROM data_freshness WHERE candle_stale),
run AS (
    SELECT started_at, round(extract(epoch FROM finished_at - started_at), 1) AS seconds, requests, retries, too_many,
        failed, bytes, rows, latency_p50, latency_p95, latency_p99, error_rate, error
    FROM sync_run ORDER BY started_at DESC LIMIT 5)
SELECT json_build_object(
    'instruments', (SELECT json_build_object('active', count(*) FILTER (WHERE is_active),
        'inactive', count(*) FILTER (WHERE NOT is_active), 'last_seen', max(last_seen)) FROM instrument_master),
    'watched', (SELECT count(*) FROM watchlist),
    'ltp', (SELECT json_build_object('instruments', count(DISTINCT instrument_id), 'newest', max(ts)) FROM ltp_data),
    'freshness', (SELECT json_build_object('stale_candles', count(*) FILTER (WHERE candle_stale),
        'stale_ltp', count(*) FILTER (WHERE ltp_stale), 'watched', count(*)) FROM data_freshness),
    'requests', (SELECT json_build_object('last_30_minutes', count(*),
        'last_minute', count(*) FILTER (WHERE requested_at > now() - interval '1 minute'))
        FROM request_log WHERE requested_at > now() - interval '30 minutes'),
    'queue', (SELECT json_build_object('queued', count(*) FILTER (WHERE state = 'queued'),
        'running', count(*) FILTER (WHERE state = 'running'),
        'failed', count(*) FILTER (WHERE state = 'failed' AND finished_at > now() - interval '1 day'),
        'since', min(created_at) FILTER (WHERE state = 'queued')) FROM sync_job),
    'alerts', (SELECT coalesce(json_agg(json_build_object('kind', kind, 'subject', subject, 'message', message,
        'raised_at', raised_at) ORDER BY raised_at DESC), '[]') FROM sync_alert WHERE cleared_at IS NULL),
    'segments', (SELECT coalesce(json_agg(s ORDER BY segment), '[]') FROM (
        SELECT segment, count(*) AS scopes, max(synced_through) AS synced_through,
            max(last_success_at) AS last_success_at, max(last_attempt_at) AS last_attempt_at,
            (array_agg(last_error ORDER BY last_attempt_at DESC) FILTER (WHERE last_error IS NOT NULL))[1] AS last_error
        FROM data_sync_status GROUP BY 1) s),
    'runs', (SELECT coalesce(json_agg(r ORDER BY r.started_at DESC), '[]') FROM run r),
    'problems', (SELECT coalesce(json_agg(json_build_object('instrument', coalesce(n.name, instrument_id::text),
            'timeframe', timeframe, 'what', what, 'text', text) ORDER BY rank, n.name, timeframe), '[]')
        FROM failing LEFT JOIN named n USING (instrument_id)))
)";

// NSE:RELIANCE → timeframe → what is stored and what was asked for.
constexpr const char* series_query = R"(
WITH candles AS (
    SELECT instrument_id, timeframe, count(*) AS candles, min(ts) AS first, max(ts) AS last
    FROM candle_data GROUP BY 1, 2),
coverage AS (
    SELECT instrument_id, timeframe, min(from_ts) FILTER (WHERE state = 'filled') AS filled_from,
        max(to_ts) FILTER (WHERE state = 'filled') AS filled_to,
        count(*) FILTER (WHERE state = 'no_data') AS no_data_ranges,
        count(*) FILTER (WHERE state = 'failed') AS failed_ranges, max(checked_at) AS checked_at,
        (array_agg(error ORDER BY checked_at DESC) FILTER (WHERE state = 'failed'))[1] AS error
    FROM candle_coverage GROUP BY 1, 2),
series AS (
    SELECT instrument_id, timeframe, coalesce(candles, 0) AS candles, first, last, filled_from, filled_to,
        coalesce(no_data_ranges, 0) AS no_data_ranges, coalesce(failed_ranges, 0) AS failed_ranges, checked_at, error
    FROM candles FULL JOIN coverage USING (instrument_id, timeframe)),
instrument AS (
    SELECT coalesce(format('%s:%s', m.exchange, m.trading_symbol), s.instrument_id::text) AS name,
        json_object_agg(s.timeframe, to_jsonb(s) - 'instrument_id' - 'timeframe' ORDER BY s.timeframe) AS timeframes,
        -- A symbol that was of several instruments: the others go by their keys.
        row_number() OVER (PARTITION BY m.exchange, m.trading_symbol ORDER BY m.is_active DESC, s.instrument_id) AS n,
        format('%s %s', m.instrument_key, m.expiry_date) AS key
    FROM series s LEFT JOIN instrument_master m USING (instrument_id)
    GROUP BY s.instrument_id, m.exchange, m.trading_symbol, m.is_active, m.instrument_key, m.expiry_date)
SELECT coalesce(json_object_agg(CASE WHEN n = 1 THEN name ELSE key END, timeframes ORDER BY name, n), '{}')
FROM instrument
)";

/// What is known of the token that requests would go out with.
Json login(const Context& context) {
    const auto record = upstox::token_record(context.token_path());
    if (!record) return nullptr;
    Json json{{"place", record->place}};
    if (!record->kind.empty()) json["kind"] = record->kind;
    if (record->issued_at) json["since"] = format_instant(*record->issued_at);
    if (record->expires_at) json["until"] = format_instant(*record->expires_at);
    json["expired"] = record->expires_at && *record->expires_at <= now();
    return json;
}

void print_login(const Json& login, bool refused) {
    if (login.is_null()) {
        printf("login         none: \"pgcandle login\", or set UPSTOX_ACCESS_TOKEN\n");
        return;
    }
    std::string text = shown(login["place"]);
    if (login.contains("kind")) text += ", " + shown(login["kind"]);
    if (login.contains("since")) text += ", since " + moment(login["since"]);
    if (login.contains("until")) text += (login["expired"] ? ", ended " : ", until ") + moment(login["until"]);
    if (refused || login["expired"]) text += refused ? "; REFUSED: \"pgcandle login\"" : ": \"pgcandle login\"";
    printf("login         %s\n", text.c_str());
}

void print_first(const char* title, const Json& list, std::size_t most,
                 const std::function<std::string(const Json&)>& line) {
    if (list.empty()) return;
    printf("\n%s\n", title);
    for (std::size_t i = 0; i < std::min(most, list.size()); ++i) printf("  %s\n", line(list[i]).c_str());
    if (list.size() > most) printf("  and %zu more: pgcandle status --json\n", list.size() - most);
}

void print(const Json& status) {
    const Json& instruments = status["instruments"];
    printf("instruments   %s active, %s inactive, synced %s\n", shown(instruments["active"]).c_str(),
           shown(instruments["inactive"]).c_str(), moment(instruments["last_seen"]).c_str());
    printf("watched       %s, %s of them with stale candles\n", shown(status["watched"]).c_str(),
           shown(status["freshness"]["stale_candles"]).c_str());
    printf("last prices   of %s instruments, newest %s\n", shown(status["ltp"]["instruments"]).c_str(),
           moment(status["ltp"]["newest"]).c_str());
    bool refused = false;
    for (const Json& one : status["alerts"]) refused |= one["kind"] == "token_expired";
    print_login(status["login"], refused);
    printf("requests      %s in the last minute, %s in the last 30\n", shown(status["requests"]["last_minute"]).c_str(),
           shown(status["requests"]["last_30_minutes"]).c_str());
    const Json& queue = status["queue"];
    printf("queue         %s queued, %s running, %s failed within a day%s\n", shown(queue["queued"]).c_str(),
           shown(queue["running"]).c_str(), shown(queue["failed"]).c_str(),
           queue["queued"] != 0 && queue["running"] == 0
               ? (", waiting since " + moment(queue["since"]) + ": start \"pgcandle run\"").c_str()
               : "");
    if (!status["runs"].empty()) {
        const Json& run = status["runs"][0];
        printf("last run      %s, %s s, %s requests, %s failed, %s rows\n", moment(run["started_at"]).c_str(),
               shown(run["seconds"]).c_str(), shown(run["requests"]).c_str(), shown(run["failed"]).c_str(),
               shown(run["rows"]).c_str());
    }
    print_first("alerts", status["alerts"], 3, [](const Json& one) {
        return moment(one["raised_at"]) + "  " + shown(one["kind"]) + ": " + shown(one["message"]);
    });
    if (!status["segments"].empty())
        printf("\n%-14s %7s  %-10s  %-16s  %-16s\n", "segment", "scopes", "through", "last success", "last attempt");
    for (const Json& one : status["segments"]) {
        printf("%-14s %7s  %-10s  %-16s  %-16s%s\n", shown(one["segment"]).c_str(), shown(one["scopes"]).c_str(),
               shown(one["synced_through"]).c_str(), moment(one["last_success_at"]).c_str(),
               moment(one["last_attempt_at"]).c_str(),
               one["last_error"].is_null() ? "" : ("  " + shown(one["last_error"])).c_str());
    }
    print_first("stale or failing", status["problems"], 10, [](const Json& one) {
        return shown(one["instrument"]) + " " + shown(one["timeframe"]) + "  " + shown(one["what"]) + ": " +
               shown(one["text"]);
    });
    printf("\n\"pgcandle status SYMBOL\" tells what is stored of an instrument, what is missing, and why.\n");
}

void show_overview(const Context& context, store::Connection& connection, bool as_json) {
    Json status = Json::parse(connection.run(overview_query).str(0, 0));
    status["login"] = login(context);
    if (!as_json) return print(status);
    status["series"] = Json::parse(connection.run(series_query).str(0, 0));
    const Date today = india_date(now());
    status["completeness"] = ingest::read_matrix(connection, {today - std::chrono::days{29}, today}, {}, {}).ratios();
    printf("%s\n", status.dump(2).c_str());
}

}  // namespace

void add_status(Command& program, Context& context) {
    const auto json = std::make_shared<bool>(false);
    const auto symbols = std::make_shared<std::vector<std::string>>();
    Command command =
        program.subcommand("status", "What is stored, what is missing and why, what goes on, what went wrong");
    command.option("symbols", *symbols, "All about these instruments; default: an overview");
    command.flag("--json", *json, "As JSON");
    command.callback([&context, json, symbols] {
        store::Connection connection = context.connect();
        connection.use_timezone("Asia/Kolkata");
        if (symbols->empty()) return show_overview(context, connection, *json);
        Json all = Json::object();
        for (const std::string& symbol : *symbols) {
            const store::Instrument instrument = store::find_instrument(connection, symbol);
            const Json status = instrument_status(connection, instrument);
            if (!*json) print_instrument(status);
            all[shown(status["instrument"])] = status;
        }
        if (*json) printf("%s\n", all.dump(2).c_str());
    });
}

}  // namespace pg_candle::commands
