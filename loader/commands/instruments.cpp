// pgcandle instruments: brings the instrument master up to date with the provider's file.
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "commands/tasks.hpp"
#include "store/instrument_sync.hpp"
#include "upstox/record_scanner.hpp"

namespace pg_candle::commands {
namespace {

struct Options {
    std::string file, exchange = "complete";
    bool force = false, json = false;
};

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// The provider's file, into a temporary one without a name: it is small, and a broken transfer can start again.
File download(const Context& context, store::Connection& connection, const std::string& exchange) {
    File file(std::tmpfile(), std::fclose);
    if (!file) throw Failure(Exit::failed, "No temporary file can be made.");
    const upstox::Token none;
    store::SharedLimiter limiter(connection, context.limits());
    upstox::Client client(context.client_options(), limiter, none);
    upstox::Request request;
    request.url = context.assets_url + "/market-quote/instruments/exchange/" + exchange + ".json.gz";
    request.endpoint = "instruments";
    request.with_token = false;
    request.into = file.get();
    request.receive = [&](upstox::Reply& reply) {
        if (reply.error) throw Failure(Exit::failed, "The instrument file cannot be fetched: " + reply.error->text() + "; nothing was changed.");
        return upstox::Parsed::taken;
    };
    client.submit(std::move(request));
    client.run({}, &Context::stop());
    if (Context::stop()) throw Failure(Exit::failed, "Interrupted; nothing was changed.");
    std::rewind(file.get());
    return file;
}

store::SyncReport sync(const Context& context, const Options& options) {
    const auto began = std::chrono::steady_clock::now();
    store::Connection connection = context.connect();
    store::InstrumentSync sync(connection);
    File downloaded(nullptr, std::fclose);
    std::string path = options.file;
    if (path.empty()) {
        store::Connection limiter_connection = context.connect();
        downloaded = download(context, limiter_connection, options.exchange);
        path = "/dev/fd/" + std::to_string(fileno(downloaded.get()));
    }
    ByteSource source(path);
    upstox::InstrumentParser parser;
    upstox::InstrumentRecord record;
    upstox::RecordScanner::scan(source, [&](simdjson::padded_string_view text, std::int64_t number, std::int64_t offset) {
        if (Context::stop()) throw Failure(Exit::failed, "Interrupted; nothing was changed.");
        if (const char* problem = parser.parse(text, record))
            sync.add_bad(number, offset, problem, parser.key_of(text));
        else
            sync.add(record);
    });
    store::SyncReport report = sync.finish(options.force);
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    connection.run("SELECT CASE WHEN EXISTS (SELECT FROM instrument_master WHERE is_active AND right(segment, 3) = '_FO') "
                   "THEN clear_sync_alert('no_fo_instruments', '') ELSE raise_sync_alert('no_fo_instruments', '', 'no F&O instrument is active after a sync of the master') END");
    if (const auto followed = connection.run("SELECT follow_isin_changes()").number(0, 0)) spdlog::warn("instruments isin_changed={}", followed);
    return report;
}

nlohmann::ordered_json to_json(const store::SyncReport& report) {
    using Json = nlohmann::ordered_json;
    const auto segment = [](const store::SyncReport::Segment& one) {
        return Json{{"records", one.records}, {"added", one.added}, {"changed", one.changed}, {"deactivated", one.deactivated}, {"reactivated", one.reactivated}};
    };
    Json counts = Json::array(), segments = Json::object();
    for (const auto& [key, count] : report.counts)
        counts.push_back({{"segment", key.first}, {"instrument_type", key.second}, {"before", count.before}, {"after", count.after}});
    for (const auto& [name, one] : report.segments) segments[name] = segment(one);
    Json result = segment(report.total);
    result["errors"] = report.bad_records;
    result["duplicates"] = report.duplicates;
    result["seconds"] = report.seconds;
    result["segments"] = std::move(segments);
    result["active"] = std::move(counts);
    result["problems"] = report.problems;
    return result;
}

void print(const store::SyncReport& report) {
    std::map<std::string, store::SyncReport::Count> active;
    for (const auto& [key, count] : report.counts) active[key.first].before += count.before, active[key.first].after += count.after;
    printf("%-16s %10s %10s %10s %10s %12s %12s\n", "segment", "before", "after", "added", "changed", "deactivated", "reactivated");
    for (const auto& [name, one] : report.segments)
        printf("%-16s %10lld %10lld %10lld %10lld %12lld %12lld\n", name.c_str(), static_cast<long long>(active[name].before),
               static_cast<long long>(active[name].after), static_cast<long long>(one.added), static_cast<long long>(one.changed),
               static_cast<long long>(one.deactivated), static_cast<long long>(one.reactivated));
    printf("\n%-16s %10s %10s %10s\n", "segment", "type", "before", "after");
    for (const auto& [key, count] : report.counts)
        if (report.segments.contains(key.first))
            printf("%-16s %10s %10lld %10lld\n", key.first.c_str(), key.second.c_str(), static_cast<long long>(count.before), static_cast<long long>(count.after));
    printf("\n%lld records, %lld errors, %lld duplicates: %lld added, %lld changed, %lld deactivated, %lld reactivated in %.1f s\n",
           static_cast<long long>(report.total.records + report.duplicates + report.bad_records), static_cast<long long>(report.bad_records),
           static_cast<long long>(report.duplicates), static_cast<long long>(report.total.added), static_cast<long long>(report.total.changed),
           static_cast<long long>(report.total.deactivated), static_cast<long long>(report.total.reactivated), report.seconds);
}

}  // namespace

void refresh_instruments(const Context& context) {
    const store::SyncReport report = sync(context, {});
    spdlog::info("instruments added={} changed={} deactivated={} reactivated={} errors={}", report.total.added, report.total.changed, report.total.deactivated,
                 report.total.reactivated, report.bad_records);
}

void add_instruments(Command& program, Context& context) {
    const auto options = std::make_shared<Options>();
    Command command = program.subcommand("instruments", "Syncs the instrument master with the provider's file");
    command.option("--file", options->file, "A file instead of the download, gzip or plain; - is standard input");
    command.option("--exchange", options->exchange, "Which of the provider's files")
        .one_of({"complete", "NSE", "BSE", "MCX"}).show_default();
    command.flag("--force", options->force, "Even if more than half of a segment vanishes");
    command.flag("--json", options->json, "Prints the report as JSON");
    command.callback([&context, options] {
        const store::SyncReport report = sync(context, *options);
        if (options->json)
            printf("%s\n", to_json(report).dump(2).c_str());
        else
            print(report);
    });
}

}  // namespace pg_candle::commands
