#pragma once
#include "kernels/plan.hpp"

namespace pg_candle {

/// Range of the candle as a fraction of its close: (high - low) / close; no value where the close is 0.
class RangePct final : public Kernel {
public:
    RangePct(Plan& plan, const Parameters&) : candles_(plan.candles()) { outputs_ = {plan.buffer()}; }

    void run(const Block& block) noexcept override {
        for (int i = 0; i < block.size; ++i) {
            const double close = candles_.close[i];
            outputs_[0][i] = close == 0 ? no_value : (candles_.high[i] - candles_.low[i]) / close + 0.0;
        }
    }

private:
    const Candles& candles_;
};

}  // namespace pg_candle
