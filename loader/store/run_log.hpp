#pragma once
#include <string>

#include "model/transfer_metrics.hpp"
#include "store/connection.hpp"

namespace pg_candle::store {

/// A row of sync_run: what one run cost. Begins when the first request does, so that idle rounds leave nothing.
class RunLog {
public:
    RunLog(Connection& connection, std::string worker) : connection_(connection), worker_(std::move(worker)) {}

    void begin();

    /// Raises an alert when the run takes longer than half an hour.
    void check_duration();

    /// Writes the counts, and alerts on an error rate above 5 %. `error` ended the run.
    void end(const TransferMetrics& metrics, double error_rate, std::int64_t failed, std::int64_t rows,
             const Param& error = {});

private:
    Connection& connection_;
    std::string worker_, run_;
};

}  // namespace pg_candle::store
