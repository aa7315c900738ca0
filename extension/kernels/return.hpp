#pragma once
#include "kernels/shared/close_history.hpp"

namespace pg_candle {

/// Simple return over n candles: close / close[-n] - 1, computed as (close - close[-n]) / close[-n], which keeps the
/// digits of a small return. No value where close[-n] is 0. First value at candle n.
class Return final : public Kernel {
public:
    Return(Plan& plan, const Parameters& p) : n_(p.integer(0)), history_(plan.share<CloseHistory>()) {
        reads(history_);
        history_.look_back(n_);
        outputs_ = {plan.buffer()};
    }

    void run(const Block& block) noexcept override {
        const double* close = history_.closes();
        for (int i = 0; i < block.size; ++i) {
            const double before = close[i - n_];
            const double value = (close[i] - before) / before + 0.0;
            outputs_[0][i] = block.first + i < n_ || before == 0 ? no_value : value;
        }
    }

private:
    int n_;
    CloseHistory& history_;
};

}  // namespace pg_candle
