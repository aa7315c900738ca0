#pragma once

namespace pg_candle {

/// A running sum with its rounding errors kept beside it: high + low is the sum as if added in twice the precision.
/// Needs no normalising, so that adding costs one addition of latency.
/// Source: T. Ogita, S. M. Rump, S. Oishi, Accurate Sum and Dot Product, 2005 (algorithm Sum2; TwoSum is Knuth's).
struct ExactSum {
    double high = 0;
    double low = 0;

    void add(double x) noexcept {
        const double sum = high + x;
        const double part = sum - high;
        low += (high - (sum - part)) + (x - part);
        high = sum;
    }
    double value() const noexcept { return high + low; }
};

}  // namespace pg_candle
