// pgcandle backfill: completes the watched (or given) instruments over some dates, and shows how complete they are.
#include <cstdio>
#include <fstream>

#include "commands/fetch.hpp"
#include "commands/matrix.hpp"
#include "store/instruments.hpp"

namespace pg_candle::commands {
namespace {

struct Options {
    std::string symbols, timeframes, from, to, report;
    int days = 30;
    bool force = false, fetch_all = false;
};

Date require_date(const std::string& text) {
    if (const auto date = parse_date(text)) return *date;
    throw Failure(Exit::usage, "\"" + text + "\" is no date.", "Write it like 2026-09-22.");
}

upstox::DateRange dates(const Options& options) {
    const Date today = india_date(now());
    const Date to = options.to.empty() ? today : require_date(options.to);
    const Date from = options.from.empty() ? to - std::chrono::days{options.days - 1} : require_date(options.from);
    if (from > to) throw Failure(Exit::usage, "The range ends before it begins.");
    if (from > today) throw Failure(Exit::usage, "The range lies in the future.");
    return {from, std::min(to, today)};
}

std::vector<std::string> timeframes(const Options& options) {
    const std::vector<std::string> list = split_list(options.timeframes);
    for (const std::string& text : list)
        if (!upstox::is_served(require_timeframe(text)))
            throw Failure(Exit::usage, "Upstox has no candles of " + text + ".", "It serves 1m to 300m, 1h to 5h, 1d, 1w and 1mo.");
    return list;
}

Exit backfill(const Context& context, const Options& options) {
    const upstox::DateRange range = dates(options);
    const std::vector<std::string> wanted = timeframes(options), symbols = split_list(options.symbols);
    store::Connection connection = context.connect();
    std::vector<store::Instrument> instruments;
    for (const std::string& symbol : symbols) instruments.push_back(store::find_instrument(connection, symbol));
    if (symbols.empty()) instruments = store::watched_instruments(connection);
    if (instruments.empty())
        throw Failure(Exit::usage, "There is nothing to fetch: no --symbols, and the watchlist is empty.", "\"pgcandle watch add SYMBOL\" fills it.");

    connection.run("SELECT plan_backfill($1, $2, $3, $4, $5, $6)",
                   {store::array_or_null(symbols), store::array_or_null(wanted), format_date(range.from), format_date(range.to),
                    options.fetch_all ? "true" : "false", options.force ? "true" : "false"});
    store::JobFilter filter;
    for (const store::Instrument& one : instruments) filter.instruments.push_back(one.id);
    const work::RunReport report = fetch(context, filter);
    // What is not fetched is made of what was.
    if (!report.interrupted) derive(connection, wanted);

    const Matrix matrix = read_matrix(connection, range, instruments, wanted);
    if (!options.report.empty()) {
        std::ofstream file(options.report);
        nlohmann::ordered_json json = report.json();
        json["symbols"] = instruments.size();
        json["completeness"] = matrix.json();
        file << json.dump(2) << '\n';
        if (!file.flush()) throw Failure(Exit::failed, "Cannot write " + options.report + ".");
    }
    if (!context.quiet) matrix.print();
    print(report);
    return report.failed == 0 ? Exit::done : Exit::failed;  // also when it was asked to stop
}

}  // namespace

void add_backfill(CLI::App& app, Context& context) {
    const auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("backfill", "Completes candles; what is stored already is not asked for again");
    command->add_option("--symbols", options->symbols, "Like RELIANCE,NSE:TCS or instrument keys; default: the watchlist");
    command->add_option("--timeframes", options->timeframes, "Timeframes to have; default: those of the watchlist, or 1m 5m 15m 30m 1h 4h 1d 1w");
    command->add_flag("--fetch-all", options->fetch_all, "Fetches intraday timeframes instead of deriving them from 1m");
    CLI::Option* days = command->add_option("--days", options->days, "The last so many days, today included")->check(CLI::Range(1, 20000))->capture_default_str();
    command->add_option("--from", options->from, "First date")->excludes(days);
    command->add_option("--to", options->to, "Last date; default today");
    command->add_flag("--force", options->force, "Asks even for what is stored");
    command->add_option("--report", options->report, "Writes a JSON report into this file");
    command->callback([&context, options] { context.exit = backfill(context, *options); });
}

}  // namespace pg_candle::commands
