#pragma once
#include <algorithm>

#include "kernels/plan.hpp"

namespace pg_candle {

/// True range, from candle 1 on: max(high, previous close) - min(low, previous close); high - low at candle 0.
/// Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978.
class TrueRange final : public Kernel {
public:
    TrueRange(Plan& plan, const Parameters&) : candles_(plan.candles()) { outputs_ = {plan.buffer()}; }

    void run(const Block& block) noexcept override {
        set(0, block.first == 0 ? candles_.low[0] : previous_);
        for (int i = 1; i < block.size; ++i) set(i, candles_.close[i - 1]);
        previous_ = candles_.close[block.size - 1];
    }

    void carry(State& state) noexcept override { state.carry(previous_); }

private:
    void set(int i, double previous) noexcept {
        outputs_[0][i] = std::max(candles_.high[i], previous) - std::min(candles_.low[i], previous);
    }

    const Candles& candles_;
    double previous_ = 0;
};

}  // namespace pg_candle
