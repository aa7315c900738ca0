#pragma once
#include <cmath>

#include "kernels/shared/close_history.hpp"

namespace pg_candle {

/// Logarithmic return over n candles: ln(close / close[-n]), computed as log1p((close - close[-n]) / close[-n]), which
/// keeps the digits of a small return. No value unless both closes are positive. First value at candle n.
class LogReturn final : public Kernel {
public:
    LogReturn(Plan& plan, const Parameters& p) : n_(p.integer(0)), history_(plan.share<CloseHistory>()) {
        reads(history_);
        history_.look_back(n_);
        outputs_ = {plan.buffer()};
    }

    void run(const Block& block) noexcept override {
        const double* close = history_.closes();
        for (int i = 0; i < block.size; ++i) {
            const double before = close[i - n_];
            const bool positive = block.first + i >= n_ && close[i] > 0 && before > 0;
            outputs_[0][i] = positive ? value(close[i], before) : no_value;
        }
    }

private:
    // Near -1 the sum in log1p loses what the quotient has; there the plain logarithm is the exact one.
    static double value(double close, double before) noexcept {
        const double change = (close - before) / before;
        return change > -0.5 && change < 1 ? std::log1p(change) + 0.0 : std::log(close / before) + 0.0;
    }

    int n_;
    CloseHistory& history_;
};

}  // namespace pg_candle
