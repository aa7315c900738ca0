#include "store/job_queue.hpp"

#include <unistd.h>

#include <cstdio>
#include <random>

namespace pg_candle::store {
namespace {

/// Long enough for an answer to be stored, short enough to wait for when a loader's machine dies.
constexpr const char* lease = "30 seconds";

/// A name that nobody else has. Not the session's: behind a pooler that is another one each time.
std::string new_worker() {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    std::random_device random;
    char number[20];
    snprintf(number, sizeof number, "%08x%08x", random(), random());
    return std::string(host) + ":" + std::to_string(getpid()) + ":" + number;
}

Date to_date(const Rows& rows, int row, int column) {
    return rows.is_null(row, column) ? Date{} : parse_date(rows.text(row, column)).value();
}

}  // namespace

Param array_or_null(const std::vector<std::string>& items) {
    if (items.empty()) return {};
    std::string text = "{";
    for (const std::string& item : items) {
        text += text.size() > 1 ? ",\"" : "\"";
        for (const char c : item) {
            if (c == '"' || c == '\\') text += '\\';
            text += c;
        }
        text += '"';
    }
    return text + '}';
}

Param array_or_null(const std::vector<int>& items) {
    std::vector<std::string> texts;
    for (const int item : items) texts.push_back(std::to_string(item));
    return array_or_null(texts);
}

JobQueue::JobQueue(Connection& connection) : connection_(connection), worker_(new_worker()) {}

std::vector<Job> JobQueue::claim(int most, const JobFilter& filter) {
    connection_.follow_clock();
    const Rows rows = connection_.run(
        "SELECT job_id, segment, kind, coalesce(instrument_id, 0), instrument_key, trading_symbol, expiry_date, "
        "timeframe, from_date, to_date "
        "FROM claim_sync_jobs($1, $2, $3, $4, $5, $6)",
        {worker_, std::to_string(most), lease, array_or_null(filter.segments), array_or_null(filter.instruments),
         filter.tasks ? "true" : "false"});
    std::vector<Job> jobs;
    for (int i = 0; i < rows.size(); ++i) {
        Job job{rows.number(i, 0),
                rows.str(i, 1),
                rows.str(i, 2),
                {static_cast<int>(rows.number(i, 3)), rows.str(i, 4), rows.str(i, 5)},
                {},
                rows.str(i, 7),
                to_date(rows, i, 8),
                to_date(rows, i, 9)};
        if (!rows.is_null(i, 6)) job.expiry = to_date(rows, i, 6);
        jobs.push_back(std::move(job));
    }
    return jobs;
}

void JobQueue::release() {
    connection_.run(
        "UPDATE sync_job SET state = 'queued', leased_by = NULL, leased_until = NULL, attempts = attempts - 1 WHERE "
        "state = 'running' AND leased_by = $1",
        {worker_});
}

std::int64_t JobQueue::open(const JobFilter& filter) {
    return connection_
        .run(
            "SELECT count(*) FROM sync_job WHERE state IN ('queued', 'running') AND (kind IN ('ltp', 'instruments', "
            "'calendar', 'indicators')) = $3 "
            "AND ($1::text[] IS NULL OR segment = ANY ($1)) AND ($2::integer[] IS NULL OR instrument_id = ANY ($2))",
            {array_or_null(filter.segments), array_or_null(filter.instruments), filter.tasks ? "true" : "false"})
        .number(0, 0);
}

void renew_leases(Connection& connection, const std::string& worker) {
    connection.run(
        "UPDATE sync_job SET leased_until = clock_timestamp() + $2::interval WHERE state = 'running' AND leased_by = "
        "$1",
        {worker, lease});
}

void finish_job(Connection& connection, std::int64_t job, std::int64_t rows, const Param& error,
                const std::string& alert) {
    connection.follow_clock();  // requested_at is this moment, not that of the claim
    connection.run("SELECT finish_sync_job($1, $2, $3, $4)", {std::to_string(job), std::to_string(rows), error, alert});
}

}  // namespace pg_candle::store
