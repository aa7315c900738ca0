// pgcandle instruments: brings the instrument master up to date with the provider's file.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "commands/context.hpp"
#include "ingest/instrument_refresh.hpp"

namespace pg_candle::commands {
namespace {

struct Options {
    ingest::InstrumentSource from;
    bool json = false;
};

nlohmann::ordered_json to_json(const store::SyncReport& report) {
    using Json = nlohmann::ordered_json;
    const auto segment = [](const store::SyncReport::Segment& one) {
        return Json{{"records", one.records},
                    {"added", one.added},
                    {"changed", one.changed},
                    {"deactivated", one.deactivated},
                    {"reactivated", one.reactivated}};
    };
    Json counts = Json::array(), segments = Json::object();
    for (const auto& [key, count] : report.counts)
        counts.push_back({{"segment", key.first},
                          {"instrument_type", key.second},
                          {"before", count.before},
                          {"after", count.after}});
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
    for (const auto& [key, count] : report.counts)
        active[key.first].before += count.before, active[key.first].after += count.after;
    printf("%-16s %10s %10s %10s %10s %12s %12s\n", "segment", "before", "after", "added", "changed", "deactivated",
           "reactivated");
    for (const auto& [name, one] : report.segments)
        printf("%-16s %10lld %10lld %10lld %10lld %12lld %12lld\n", name.c_str(),
               static_cast<long long>(active[name].before), static_cast<long long>(active[name].after),
               static_cast<long long>(one.added), static_cast<long long>(one.changed),
               static_cast<long long>(one.deactivated), static_cast<long long>(one.reactivated));
    printf("\n%-16s %10s %10s %10s\n", "segment", "type", "before", "after");
    for (const auto& [key, count] : report.counts)
        if (report.segments.contains(key.first))
            printf("%-16s %10s %10lld %10lld\n", key.first.c_str(), key.second.c_str(),
                   static_cast<long long>(count.before), static_cast<long long>(count.after));
    printf(
        "\n%lld records, %lld errors, %lld duplicates: %lld added, %lld changed, %lld deactivated, %lld reactivated in "
        "%.1f s\n",
        static_cast<long long>(report.total.records + report.duplicates + report.bad_records),
        static_cast<long long>(report.bad_records), static_cast<long long>(report.duplicates),
        static_cast<long long>(report.total.added), static_cast<long long>(report.total.changed),
        static_cast<long long>(report.total.deactivated), static_cast<long long>(report.total.reactivated),
        report.seconds);
}

}  // namespace

void add_instruments(Command& program, Context& context) {
    const auto options = std::make_shared<Options>();
    Command command = program.subcommand("instruments", "Syncs the instrument master with the provider's file");
    command.option("--file", options->from.file, "A file instead of the download, gzip or plain; - is standard input");
    command.option("--exchange", options->from.exchange, "Which of the provider's files")
        .one_of({"complete", "NSE", "BSE", "MCX"})
        .show_default();
    command.flag("--force", options->from.force, "Even if more than half of a segment vanishes");
    command.flag("--json", options->json, "Prints the report as JSON");
    command.callback([&context, options] {
        const store::SyncReport report = ingest::refresh_instruments(context, options->from);
        if (options->json)
            printf("%s\n", to_json(report).dump(2).c_str());
        else
            print(report);
    });
}

}  // namespace pg_candle::commands
