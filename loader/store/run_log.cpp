#include "store/run_log.hpp"

namespace pg_candle::store {

void RunLog::begin() {
    if (!run_.empty()) return;
    connection_.run("DELETE FROM sync_run WHERE started_at < clock_timestamp() - interval '90 days'");
    connection_.run("DELETE FROM sync_job WHERE finished_at < clock_timestamp() - interval '30 days'");
    // Of a loader that was killed, nobody else would say that its run is over.
    connection_.run(
        "SELECT clear_sync_alert('long_run', a.subject) FROM sync_alert a WHERE a.kind = 'long_run' AND "
        "a.cleared_at IS NULL AND NOT EXISTS (SELECT FROM sync_job j WHERE j.state = 'running' AND "
        "j.leased_by = a.subject AND j.leased_until > clock_timestamp())");
    run_ = connection_.run("INSERT INTO sync_run (command, worker) VALUES ('candles', $1) RETURNING run_id", {worker_})
               .str(0, 0);
}

void RunLog::check_duration() {
    if (run_.empty()) return;
    connection_.run(
        "SELECT raise_sync_alert('long_run', worker, format('a run goes on since %s', date_trunc('second', "
        "started_at))) FROM sync_run "
        "WHERE run_id = $1 AND started_at < clock_timestamp() - interval '30 minutes'",
        {run_});
}

void RunLog::end(const TransferMetrics& metrics, double error_rate, std::int64_t failed, std::int64_t rows,
                 const Param& error) {
    if (run_.empty()) return;
    const auto number = [](auto value) { return std::to_string(value); };
    connection_.run(
        "UPDATE sync_run SET finished_at = clock_timestamp(), requests = $2, retries = $3, too_many = $4, failed = $5, "
        "bytes = $6, rows = $7, "
        "latency_p50 = $8, latency_p95 = $9, latency_p99 = $10, error_rate = $11, error = $12 WHERE run_id = $1",
        {run_, number(metrics.requests), number(metrics.retries), number(metrics.too_many), number(failed),
         number(metrics.bytes), number(rows), number(metrics.latency_quantile(0.5)),
         number(metrics.latency_quantile(0.95)), number(metrics.latency_quantile(0.99)), number(error_rate), error});
    // A handful of requests says nothing about a rate.
    if (metrics.requests >= 20 && error_rate > 0.05)
        connection_.run(
            "SELECT raise_sync_alert('error_rate', '', format('%s %% of %s requests got no usable answer', round(100 * "
            "$1::numeric, 1), $2::text))",
            {number(error_rate), number(metrics.requests)});
    else if (metrics.requests >= 20)
        connection_.run("SELECT clear_sync_alert('error_rate', '')");
    connection_.run("SELECT clear_sync_alert('long_run', $1)", {worker_});
    run_.clear();
}

}  // namespace pg_candle::store
