// pgcandle import: candle files into the tables.
#include <spdlog/spdlog.h>

#include <cstdio>

#include "commands/context.hpp"
#include "ingest/file_import.hpp"

namespace pg_candle::commands {
namespace {

struct Options {
    std::vector<std::string> files;
    std::string timeframe, date_order, decimal, times;
    ingest::ImportOptions import;
};

std::string list(const std::map<std::string, std::int64_t>& counts) {
    std::string text;
    for (const auto& [reason, count] : counts)
        text += (text.empty() ? "" : ", ") + std::to_string(count) + " x " + reason;
    return text;
}

/// Whether the file is in. A file without a single good row is not.
bool import_one(store::Connection& connection, const std::string& file, const ingest::ImportOptions& options) try {
    const ingest::ImportReport report = ingest::import_file(connection, file, options);
    const store::Stored& stored = report.stored;
    printf("%s: %s, %lld rows: %lld inserted, %lld updated, %lld equal", file.c_str(), report.timeframe.c_str(),
           static_cast<long long>(report.rows), static_cast<long long>(stored.inserted),
           static_cast<long long>(stored.updated), static_cast<long long>(stored.unchanged));
    if (stored.kept > 0)
        printf(", %lld kept as the provider has them (--replace)", static_cast<long long>(stored.kept));
    if (!report.rejected.empty()) printf("; left out: %s", list(report.rejected).c_str());
    if (!report.altered.empty()) printf("; repaired: %s", list(report.altered).c_str());
    if (report.outside_hours > 0)
        printf("; outside the trading hours, but stored: %lld", static_cast<long long>(report.outside_hours));
    if (report.guessed) printf("; the timeframe is by the times");
    for (std::size_t i = 0; i < report.unread.size(); ++i)
        printf("%s%s", i == 0 ? "; columns not read: " : ", ", report.unread[i].c_str());
    printf("\n");
    return stored.inserted + stored.updated + stored.unchanged + stored.kept > 0;
} catch (const Failure& failure) {
    if (failure.exit == Exit::authentication) throw;
    fprintf(stderr, "pgcandle: %s: %s %s\n", file.c_str(), failure.what(), failure.hint.c_str());
    return false;
} catch (const store::SqlError& error) {
    if (error.state.empty()) throw;
    fprintf(stderr, "pgcandle: %s: PostgreSQL: %s\n", file.c_str(), error.what());
    return false;
}

}  // namespace

void add_import(Command& program, Context& context) {
    const auto options = std::make_shared<Options>();
    Command command = program.subcommand("import", "Loads candle files: CSV or recorded JSON bodies, plain or gzip");
    command.option("files", options->files, "One transaction each; - is standard input").required();
    command.option("--symbol", options->import.symbol,
                   "Whose candles; default: the file's symbol column, else its name");
    command.option("--timeframe", options->timeframe, "Their timeframe; default: what the times show");
    command.option("--date-order", options->date_order, "Of dates in numbers; default: what they show")
        .one_of({"dmy", "mdy", "ymd"});
    command.option("--decimal", options->decimal, "The decimal sign; default: what the numbers show")
        .one_of({"point", "comma"});
    command
        .option(
            "--times", options->times,
            "Which moment of a candle of minutes or hours its time is; default: the start, unless it shows otherwise")
        .one_of({"start", "end"});
    command.flag("--any-hours", options->import.any_hours,
                 "Takes times that look like another zone's or those of twelve hours");
    command.flag("--create", options->import.create, "Adds instruments that are not there");
    command.option("--segment", options->import.segment, "Segment of added instruments").show_default();
    command.flag("--replace", options->import.replace, "Replaces even the provider's own historical candles");
    command.callback([&context, options] {
        if (!options->timeframe.empty()) options->import.timeframe = require_timeframe(options->timeframe);
        if (!options->date_order.empty())
            options->import.csv.date_order = options->date_order == "dmy"   ? DateOrder::day_first
                                             : options->date_order == "mdy" ? DateOrder::month_first
                                                                            : DateOrder::year_first;
        if (!options->times.empty()) options->import.times_are_ends = options->times == "end";
        if (!options->decimal.empty())
            options->import.csv.decimal_sign = options->decimal == "comma" ? DecimalSign::comma : DecimalSign::point;
        store::Connection connection = context.connect();
        std::size_t failed = 0;
        for (const std::string& file : options->files) {
            if (Context::stop()) throw Failure(Exit::failed, "Interrupted; the files before " + file + " are in.");
            if (!import_one(connection, file, options->import)) ++failed;
        }
        if (failed > 0) fprintf(stderr, "pgcandle: %zu of %zu files were not loaded.\n", failed, options->files.size());
        context.exit = failed > 0 ? Exit::failed : Exit::done;
    });
}

}  // namespace pg_candle::commands
