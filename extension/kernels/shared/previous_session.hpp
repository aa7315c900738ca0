#pragma once
#include <algorithm>

#include "kernels/plan.hpp"

namespace pg_candle {

/// Outputs 0, 1, 2: high, low and close of the session before the candle's own; NaN in the first session.
class PreviousSession final : public Kernel {
public:
    PreviousSession(Plan& plan, const Parameters&) : candles_(plan.candles()) {
        outputs_ = {plan.buffer(), plan.buffer(), plan.buffer()};
    }

    void run(const Block& block) noexcept override {
        for (int i = 0; i < block.size; ++i) {
            if (block.first + i == 0 || candles_.session[i] != session_) {
                previous_ = block.first + i == 0 ? Range{no_value, no_value, no_value} : current_;
                session_ = candles_.session[i];
                current_ = {candles_.high[i], candles_.low[i], candles_.close[i]};
            } else {
                current_.high = std::max(current_.high, candles_.high[i]);
                current_.low = std::min(current_.low, candles_.low[i]);
                current_.close = candles_.close[i];
            }
            outputs_[0][i] = previous_.high;
            outputs_[1][i] = previous_.low;
            outputs_[2][i] = previous_.close;
        }
    }

    void carry(State& state) noexcept override {
        state.carry(session_, current_.high, current_.low, current_.close, previous_.high, previous_.low,
                    previous_.close);
    }

private:
    struct Range {
        double high = 0, low = 0, close = 0;
    };

    const Candles& candles_;
    std::int64_t session_ = 0;
    Range current_, previous_;
};

}  // namespace pg_candle
