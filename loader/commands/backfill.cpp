// pgcandle backfill: candles of explicit symbols, timeframes and dates. Planning from the database comes with `sync`.
#include <spdlog/spdlog.h>

#include <cstdio>
#include <fstream>

#include "commands/context.hpp"
#include "work/backfill.hpp"

namespace pg_candle::commands {
namespace {

struct Options {
    std::string symbols, timeframes = "1m,1d", from, to, report;
    int days = 30;
    bool force = false;
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

work::Plan make_plan(store::Connection& connection, const Options& options) {
    const upstox::DateRange range = dates(options);
    std::vector<Timeframe> timeframes;
    for (const std::string& text : split_list(options.timeframes)) {
        timeframes.push_back(require_timeframe(text));
        if (!upstox::is_served(timeframes.back()))
            throw Failure(Exit::usage, "Upstox has no candles of " + text + ".", "It serves 1m to 300m, 1h to 5h, 1d, 1w and 1mo.");
    }
    std::vector<store::Instrument> instruments;
    if (options.symbols.empty()) {
        instruments = store::watched_instruments(connection);
        if (instruments.empty())
            throw Failure(Exit::usage, "There is nothing to fetch: no --symbols, and the watchlist is empty.", "\"pgcandle watch add SYMBOL\" fills it.");
    }
    for (const std::string& symbol : split_list(options.symbols)) instruments.push_back(store::find_instrument(connection, symbol));
    work::Plan plan;
    for (const store::Instrument& instrument : instruments)
        for (const Timeframe& timeframe : timeframes) {
            plan.series.push_back({instrument, timeframe});
            const auto known = options.force ? std::vector<store::CoveredRange>{}
                                             : store::known_ranges(connection, instrument.id, format_timeframe(timeframe));
            work::plan_series(plan, plan.series.size() - 1, range, known, now());
        }
    work::order(plan);
    return plan;
}

void print(const work::BackfillReport& report) {
    printf("%lld requests of %lld planned (%lld known already), %lld failed; candles: %lld inserted, %lld updated, %lld equal, %lld rejected; %.1f s\n",
           static_cast<long long>(report.done), static_cast<long long>(report.planned), static_cast<long long>(report.known),
           static_cast<long long>(report.failed), static_cast<long long>(report.stored.inserted), static_cast<long long>(report.stored.updated),
           static_cast<long long>(report.stored.unchanged), static_cast<long long>(report.rejected), report.seconds);
    if (report.interrupted) printf("Interrupted: what was stored stays; run it again for the rest.\n");
}

Exit backfill(const Context& context, const Options& options) {
    store::Connection connection = context.connect();
    const work::Plan plan = make_plan(connection, options);
    const upstox::Token token = context.load_token();  // the candle endpoints may answer without (upstox.md 2.1)
    if (token.empty()) spdlog::warn("backfill without access token");
    store::Connection limiter_connection = context.connect();
    store::SharedLimiter limiter(limiter_connection, context.limits());
    upstox::Client client(context.client_options(), limiter, token);
    work::BackfillReport report = work::backfill(plan, client, connection, context.api_url, context.quiet, Context::stop());
    report.least_seconds = std::chrono::duration<double>(upstox::least_time(context.limits(), report.http.requests)).count();
    if (!options.report.empty()) {
        std::ofstream file(options.report);
        file << report.json(plan).dump(2) << '\n';
        if (!file.flush()) throw Failure(Exit::failed, "Cannot write " + options.report + ".");
    }
    print(report);
    return report.complete() ? Exit::done : Exit::failed;
}

}  // namespace

void add_backfill(CLI::App& app, Context& context) {
    const auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("backfill", "Fetches candles; what is stored already is not asked for again");
    command->add_option("--symbols", options->symbols, "Like RELIANCE,NSE:TCS or instrument keys; default: the watchlist");
    command->add_option("--timeframes", options->timeframes, "Timeframes to fetch")->capture_default_str();
    CLI::Option* days = command->add_option("--days", options->days, "The last so many days, today included")->check(CLI::Range(1, 20000))->capture_default_str();
    command->add_option("--from", options->from, "First date")->excludes(days);
    command->add_option("--to", options->to, "Last date; default today");
    command->add_flag("--force", options->force, "Asks even for what is stored");
    command->add_option("--report", options->report, "Writes a JSON report into this file");
    command->callback([&context, options] { context.exit = backfill(context, *options); });
}

}  // namespace pg_candle::commands
