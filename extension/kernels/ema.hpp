#pragma once
#include "kernels/shared/close_average.hpp"

namespace pg_candle {

/// Exponential moving average of the close: ema += 2 / (n + 1) * (close - ema), seeded with the mean of the first n.
/// First value at candle n - 1 (TA-Lib).
class Ema final : public CloseAverage {
public:
    Ema(Plan& plan, const Parameters& p) : CloseAverage(plan, p.integer(0), 2.0 / (p.integer(0) + 1)) {}
};

}  // namespace pg_candle
