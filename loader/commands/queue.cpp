// pgcandle queue: what waits to be fetched; and taking it off again.
#include <cstdio>

#include "commands/context.hpp"
#include "store/instruments.hpp"

namespace pg_candle::commands {
namespace {

void show(const Context& context) {
    store::Connection connection = context.connect();
    connection.use_timezone("Asia/Kolkata");
    const store::Rows rows = connection.run(
        "SELECT segment, kind, coalesce(timeframe, ''), count(*) FILTER (WHERE state = 'queued'), "
        "count(*) FILTER (WHERE state = 'running'), min(from_date), max(to_date), to_char(min(created_at), 'YYYY-MM-DD "
        "HH24:MI') "
        "FROM sync_job WHERE state IN ('queued', 'running') GROUP BY 1, 2, 3 ORDER BY 1, 2, 3");
    if (rows.size() == 0) {
        printf("Nothing waits.\n");
        return;
    }
    printf("%-14s %-16s %-4s %8s %8s  %-10s  %-10s  %s\n", "segment", "kind", "", "queued", "running", "from", "to",
           "since");
    std::int64_t queued = 0;
    for (int i = 0; i < rows.size(); ++i) {
        printf("%-14s %-16s %-4s %8s %8s  %-10s  %-10s  %s\n", rows.str(i, 0).c_str(), rows.str(i, 1).c_str(),
               rows.str(i, 2).c_str(), rows.str(i, 3).c_str(), rows.str(i, 4).c_str(), rows.str(i, 5).c_str(),
               rows.str(i, 6).c_str(), rows.str(i, 7).c_str());
        queued += rows.number(i, 3);
    }
    const double seconds = std::chrono::duration<double>(least_time(context.limits(), queued)).count();
    printf("%lld requests wait, at least %.0f s under the rate limits.\n", static_cast<long long>(queued), seconds);
}

void cancel(const Context& context, const std::vector<std::string>& what) {
    store::Connection connection = context.connect();
    store::Transaction transaction(connection);
    std::int64_t removed = 0;
    if (what.empty()) removed = connection.run("DELETE FROM sync_job WHERE state = 'queued'").affected();
    for (const std::string& one : what) {
        const bool segment = connection
                                 .run(
                                     "SELECT WHERE EXISTS (SELECT FROM sync_job WHERE segment = $1) "
                                     "OR EXISTS (SELECT FROM sync_timetable WHERE $1 = ANY (segments))",
                                     {one})
                                 .size() > 0;
        removed +=
            segment ? connection.run("DELETE FROM sync_job WHERE state = 'queued' AND segment = $1", {one}).affected()
                    : connection
                          .run("DELETE FROM sync_job WHERE state = 'queued' AND instrument_id = $1",
                               {std::to_string(store::find_instrument(connection, one).id)})
                          .affected();
    }
    transaction.commit();
    printf("%lld jobs taken off the queue; what runs goes on.\n", static_cast<long long>(removed));
}

}  // namespace

void add_queue(Command& program, Context& context) {
    Command queue = program.subcommand("queue", "What waits to be fetched").require_subcommand(0, 1);
    const auto what = std::make_shared<std::vector<std::string>>();
    Command one = queue.subcommand("cancel", "Takes jobs off: all, or those of segments or instruments");
    one.option("what", *what, "Segments like backfill or equity, or instruments");
    one.callback([&context, what] { cancel(context, *what); });
    queue.callback([&context, one] {
        if (!one.given()) show(context);
    });
}

}  // namespace pg_candle::commands
