#pragma once
#include <optional>
#include <string>
#include <vector>

#include "model/india_time.hpp"
#include "store/connection.hpp"
#include "store/instruments.hpp"

namespace pg_candle::store {

/// A row of sync_job that this loader has claimed: one request, or a task.
struct Job {
    std::int64_t id = 0;
    std::string segment;
    std::string
        kind;  ///< candles, intraday, expired_candles, expiries, contracts; ltp, instruments, calendar, indicators
    Instrument instrument;       ///< of contracts and expiries: the underlying
    std::optional<Date> expiry;  ///< of the instrument
    std::string timeframe;
    Date from{}, to{};  ///< both inclusive
};

/// Which jobs to take; empty means any.
struct JobFilter {
    std::vector<std::string> segments;
    std::vector<int> instruments;
    bool tasks = false;  ///< those that take several requests
};

/// The queue in the database, seen by one loader. Its jobs are leased, and go to others when it does not renew that.
class JobQueue {
public:
    explicit JobQueue(Connection& connection);

    /// The next jobs, up to `most`.
    std::vector<Job> claim(int most, const JobFilter& filter);

    /// Gives back what was claimed and not finished.
    void release();

    /// Jobs that are not finished: queued, or running anywhere.
    std::int64_t open(const JobFilter& filter);

    const std::string& worker() const { return worker_; }

private:
    Connection& connection_;
    std::string worker_;
};

/// Prolongs all leases of the worker; over another connection than the queue's own.
void renew_leases(Connection& connection, const std::string& worker);

/// The job is done, within the caller's transaction; with `error` it failed for good, and an alert says so.
void finish_job(Connection& connection, std::int64_t job, std::int64_t rows, const Param& error = {},
                const std::string& alert = "failed_sync");

/// An array literal for a parameter of type text[] or integer[]; NULL if empty.
Param array_or_null(const std::vector<std::string>& items);
Param array_or_null(const std::vector<int>& items);

}  // namespace pg_candle::store
