#pragma once
#include "kernels/plan.hpp"

namespace pg_candle {

/// Opening gap as a fraction: open / previous close - 1, computed as (open - previous close) / previous close, which
/// keeps the digits of a small gap. No value where the previous close is 0. First value at candle 1.
class GapPct final : public Kernel {
public:
    GapPct(Plan& plan, const Parameters&) : candles_(plan.candles()) { outputs_ = {plan.buffer()}; }

    void run(const Block& block) noexcept override {
        double previous = block.first == 0 ? 0 : previous_;
        for (int i = 0; i < block.size; ++i) {
            outputs_[0][i] = previous == 0 ? no_value : (candles_.open[i] - previous) / previous + 0.0;
            previous = candles_.close[i];
        }
        previous_ = previous;
    }

    void carry(State& state) noexcept override { state.carry(previous_); }

private:
    const Candles& candles_;
    double previous_ = 0;
};

}  // namespace pg_candle
