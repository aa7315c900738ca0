// pgcandle sync: completes whole segments.
#include <algorithm>
#include <cstdio>

#include "commands/context.hpp"
#include "commands/run_totals.hpp"
#include "ingest/job_fetcher.hpp"
#include "ingest/queue_fetch.hpp"

namespace pg_candle::commands {
namespace {

const std::vector<std::string> all_segments{"equity",        "indices_nse", "indices_bse", "fo_current",
                                            "fo_historical", "fo_expired",  "indicators"};

struct Options {
    std::vector<std::string> segments;
    bool force = false, dry_run = false, status = false;
    int days = 0, expiries = 2, strikes = 20;
};

void plan(store::Connection& connection, const std::string& segment, const Options& options) {
    connection.run("SELECT plan_segment($1, $2, $3, $4, $5)",
                   {segment, options.force ? "true" : "false",
                    options.days > 0 ? store::Param{std::to_string(options.days)} : store::Param{},
                    std::to_string(options.expiries), std::to_string(options.strikes)});
}

void show_status(store::Connection& connection, const std::vector<std::string>& segments) {
    const store::Rows rows = connection.run(
        "SELECT segment, scope, timeframe, synced_through, rows, to_char(last_success_at, 'YYYY-MM-DD HH24:MI'), "
        "to_char(last_attempt_at, 'YYYY-MM-DD HH24:MI'), last_error "
        "FROM data_sync_status WHERE segment = ANY ($1) ORDER BY 1, 2, 3",
        {store::array_or_null(segments)});
    printf("%-14s %-24s %-4s %-11s %12s  %-16s  %-16s\n", "segment", "scope", "", "through", "rows", "last success",
           "last attempt");
    for (int i = 0; i < rows.size(); ++i) {
        printf("%-14s %-24s %-4s %-11s %12s  %-16s  %-16s\n", rows.str(i, 0).c_str(), rows.str(i, 1).c_str(),
               rows.str(i, 2).c_str(), rows.str(i, 3).c_str(), rows.str(i, 4).c_str(), rows.str(i, 5).c_str(),
               rows.str(i, 6).c_str());
        if (!rows.is_null(i, 7)) printf("               %s\n", rows.str(i, 7).c_str());
    }
}

/// Plans, shows the requests, and takes the plan back.
void show_plan(const Context& context, store::Connection& connection, const std::vector<std::string>& segments,
               const Options& options) {
    store::Transaction transaction(connection);  // never committed
    for (const std::string& segment : segments) plan(connection, segment, options);
    const store::Rows rows = connection.run(
        "SELECT j.kind, m.instrument_key, m.trading_symbol, m.expiry_date, j.timeframe, j.from_date, j.to_date FROM "
        "sync_job j LEFT JOIN instrument_master m USING (instrument_id) "
        "WHERE j.state = 'queued' AND j.segment = ANY ($1) ORDER BY j.priority DESC, j.to_date DESC, j.job_id",
        {store::array_or_null(segments)});
    std::int64_t requests = 0;
    for (int i = 0; i < rows.size(); ++i) {
        store::Job job;
        job.kind = rows.str(i, 0);
        if (job.kind == "indicators") {
            printf("CALL refresh_timeframes(); CALL refresh_indicators()\n");
            continue;
        }
        job.instrument = {0, rows.str(i, 1), rows.str(i, 2)};
        job.expiry = parse_date(rows.text(i, 3));
        job.timeframe = rows.str(i, 4);
        job.from = parse_date(rows.text(i, 5)).value(), job.to = parse_date(rows.text(i, 6)).value();
        printf("GET %s\n", ingest::job_url(context.api_url, job).c_str());
        ++requests;
    }
    const double seconds = std::chrono::duration<double>(least_time(context.limits(), requests)).count();
    printf("%lld requests, at least %.0f s under the rate limits; none was made.\n", static_cast<long long>(requests),
           seconds);
    if (std::find(segments.begin(), segments.end(), "fo_expired") != segments.end())
        printf("What fo_expired finds, contracts and their candles, comes on top.\n");
}

Exit sync(const Context& context, const Options& options) {
    const std::vector<std::string> segments = options.segments.empty() ? all_segments : options.segments;
    store::Connection connection = context.connect();
    connection.use_timezone("Asia/Kolkata");
    if (options.status) return show_status(connection, segments), Exit::done;
    if (options.dry_run) return show_plan(context, connection, segments, options), Exit::done;
    store::JobFilter filter;
    bool indicators = false;
    for (const std::string& segment : segments) {
        if (segment == "indicators") {
            indicators = true;
            continue;
        }
        plan(connection, segment, options);
        filter.segments.push_back(segment);
    }
    Exit exit = Exit::done;
    if (!filter.segments.empty()) {
        const ingest::RunReport report = ingest::fetch_queued(context, filter);
        print(report);
        if (report.failed > 0) exit = Exit::failed;
        if (report.interrupted) return exit;
    }
    if (indicators) {
        connection.refresh_timeframes();
        connection.refresh_indicators();
    }
    return exit;
}

}  // namespace

void add_sync(Command& program, Context& context) {
    const auto options = std::make_shared<Options>();
    Command command = program.subcommand(
        "sync",
        "Completes whole segments: equity indices_nse indices_bse fo_current fo_historical fo_expired indicators");
    command.option("--segment", options->segments, "Which; may be given several times. Default: all")
        .one_of(all_segments)
        .repeatable();
    command.flag("--force", options->force, "Asks even for what is stored");
    command.flag("--dry-run", options->dry_run,
                 "Prints the requests and how long the rate limits will take; makes none");
    command.flag("--status", options->status, "Prints how far each segment is");
    command.option("--days", options->days, "Of the last so many days; default 60, of fo_current 5").range(1, 20000);
    command.option("--expiries", options->expiries, "F&O: of the next so many expiries").range(1, 100).show_default();
    command.option("--strikes", options->strikes, "F&O: so many strikes on either side of the last price")
        .range(1, 1000)
        .show_default();
    command.callback([&context, options] { context.exit = sync(context, *options); });
}

}  // namespace pg_candle::commands
