#pragma once
#include <cstdint>
#include <vector>

namespace pg_candle {

/// Counts of one client, for reports.
struct TransferMetrics {
    std::int64_t requests = 0, retries = 0, too_many = 0, failures = 0, bytes = 0;
    std::vector<float> milliseconds;  ///< of every attempt that got an answer

    /// The latency that a share `q` of the answers did not exceed; 0 without answers.
    double latency_quantile(double q) const;
};

}  // namespace pg_candle
