#pragma once
#include "kernels/shared/close_average.hpp"

namespace pg_candle {

/// Wilder's moving average of the close: rma += (close - rma) / n, seeded with the mean of the first n.
/// First value at candle n - 1.
/// Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978.
class Rma final : public CloseAverage {
public:
    Rma(Plan& plan, const Parameters& p) : CloseAverage(plan, p.integer(0), 1.0 / p.integer(0)) {}
};

}  // namespace pg_candle
