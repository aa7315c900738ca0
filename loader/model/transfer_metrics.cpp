#include "model/transfer_metrics.hpp"

#include <algorithm>
#include <cmath>

namespace pg_candle {

double TransferMetrics::latency_quantile(double q) const {
    if (milliseconds.empty()) return 0;
    std::vector<float> sorted = milliseconds;
    const auto at = static_cast<std::size_t>(std::lround(q * static_cast<double>(sorted.size() - 1)));
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(at), sorted.end());
    return sorted[at];
}

}  // namespace pg_candle
