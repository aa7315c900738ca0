// pgcandle backfill: completes the watched (or given) instruments over some dates, and shows how complete they are.
#include <spdlog/spdlog.h>

#include <cstdio>
#include <fstream>
#include <map>

#include "commands/context.hpp"
#include "commands/run_totals.hpp"
#include "ingest/completeness_matrix.hpp"
#include "ingest/queue_fetch.hpp"
#include "store/instruments.hpp"

namespace pg_candle::commands {
namespace {

struct Options {
    std::string symbols, timeframes, from, to, report;
    int days = 30;
    bool force = false, fetch_all = false, dry_run = false;
};

Date require_date(const std::string& text) {
    if (const auto date = parse_date(text)) return *date;
    throw Failure(Exit::usage, "\"" + text + "\" is no date.", "Write it like 2026-09-22.");
}

DateRange dates(const Options& options) {
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
            throw Failure(Exit::usage, "Upstox has no candles of " + text + ".",
                          "It serves 1m to 300m, 1h to 5h, 1d, 1w and 1mo.");
    return list;
}

/// Says where the provider's history begins later than what is wanted; fails where it begins behind it.
void look_at_first_days(store::Connection& connection, const DateRange& range, const std::vector<std::string>& wanted) {
    std::map<Date, std::string> beginnings;
    for (const std::string& one : wanted.empty() ? std::vector<std::string>{"1m", "1d"} : wanted) {
        const Date first = parse_date(connection.run("SELECT provider_first_day($1)", {one}).text(0, 0)).value();
        if (first > range.from) beginnings[first] += (beginnings[first].empty() ? "" : " ") + one;
    }
    for (const auto& [first, names] : beginnings) {
        const std::string text = "Upstox has no candles of " + names + " before " + format_date(first) + ".";
        if (first > range.to && beginnings.size() == 1 && !wanted.empty())
            throw Failure(Exit::usage, text, "Ask for later dates.");
        spdlog::warn("backfill {}", text);
    }
}

/// What the plan would ask, and what should come of it; the plan is taken back.
Exit show_plan(const Context& context, store::Connection& connection, const store::JobFilter& filter) {
    const store::Rows rows = connection.run(
        "SELECT coalesce(j.timeframe, ''), count(*), coalesce(sum(expected_candles(j.instrument_id, j.timeframe, "
        "j.from_date::timestamp AT TIME ZONE 'Asia/Kolkata', (j.to_date + 1)::timestamp AT TIME ZONE 'Asia/Kolkata')), "
        "0) "
        "FROM sync_job j WHERE j.state = 'queued' AND j.instrument_id = ANY ($1) GROUP BY 1 ORDER BY 1",
        {store::array_or_null(filter.instruments)});
    std::int64_t requests = 0, candles = 0;
    for (int i = 0; i < rows.size(); ++i) {
        printf("%-4s %10lld requests %14lld candles\n", rows.str(i, 0).c_str(),
               static_cast<long long>(rows.number(i, 1)), static_cast<long long>(rows.number(i, 2)));
        requests += rows.number(i, 1), candles += rows.number(i, 2);
    }
    const double seconds = std::chrono::duration<double>(least_time(context.limits(), requests)).count();
    printf("%lld requests, at least %.0f s under the rate limits, about %lld candles; none was made.\n",
           static_cast<long long>(requests), seconds, static_cast<long long>(candles));
    return Exit::done;
}

Exit backfill(const Context& context, const Options& options) {
    const DateRange range = dates(options);
    const std::vector<std::string> wanted = timeframes(options), symbols = split_list(options.symbols);
    store::Connection connection = context.connect();
    look_at_first_days(connection, range, wanted);
    std::vector<store::Instrument> instruments;
    for (const std::string& symbol : symbols) instruments.push_back(store::find_instrument(connection, symbol));
    if (symbols.empty()) instruments = store::watched_instruments(connection);
    if (instruments.empty())
        throw Failure(Exit::usage, "There is nothing to fetch: no --symbols, and the watchlist is empty.",
                      "\"pgcandle watch add SYMBOL\" fills it.");

    std::optional<store::Transaction> dry_run;
    if (options.dry_run) dry_run.emplace(connection);  // never committed
    connection.run("SELECT plan_backfill($1, $2, $3, $4, $5, $6)",
                   {store::array_or_null(symbols), store::array_or_null(wanted), format_date(range.from),
                    format_date(range.to), options.fetch_all ? "true" : "false", options.force ? "true" : "false"});
    store::JobFilter filter;
    for (const store::Instrument& one : instruments) filter.instruments.push_back(one.id);
    if (options.dry_run) return show_plan(context, connection, filter);
    const ingest::RunReport report = ingest::fetch_queued(context, filter);
    // What is not fetched is made of what was.
    if (!report.interrupted) ingest::derive(connection, wanted);

    const ingest::Matrix matrix = ingest::read_matrix(connection, range, instruments, wanted);
    if (!options.report.empty()) {
        std::ofstream file(options.report);
        nlohmann::ordered_json json = report.json();
        json["symbols"] = instruments.size();
        json["completeness"] = matrix.marks();
        file << json.dump(2) << '\n';
        if (!file.flush()) throw Failure(Exit::failed, "Cannot write " + options.report + ".");
    }
    if (!context.quiet) matrix.print();
    print(report);
    return report.failed == 0 ? Exit::done : Exit::failed;  // also when it was asked to stop
}

}  // namespace

void add_backfill(Command& program, Context& context) {
    const auto options = std::make_shared<Options>();
    Command command =
        program.subcommand("backfill", "Completes candles; what is stored already is not asked for again");
    command.option("--symbols", options->symbols, "Like RELIANCE,NSE:TCS or instrument keys; default: the watchlist");
    command.option("--timeframes", options->timeframes,
                   "Timeframes to have; default: those of the watchlist, or 1m 5m 15m 30m 1h 4h 1d 1w");
    command.flag("--fetch-all", options->fetch_all, "Fetches intraday timeframes instead of deriving them from 1m");
    const Option days =
        command.option("--days", options->days, "The last so many days, today included").range(1, 20000).show_default();
    command.option("--from", options->from, "First date").excludes(days);
    command.option("--to", options->to, "Last date; default today");
    command.flag("--force", options->force, "Asks even for what is stored");
    command.flag("--dry-run", options->dry_run,
                 "Prints how many requests that is, how long they take, and what should come");
    command.option("--report", options->report, "Writes a JSON report into this file");
    command.callback([&context, options] { context.exit = backfill(context, *options); });
}

}  // namespace pg_candle::commands
