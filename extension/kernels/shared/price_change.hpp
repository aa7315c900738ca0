#pragma once
#include "kernels/plan.hpp"

namespace pg_candle {

/// Outputs 0 and 1: by how much the close rose, and fell, since the candle before; from candle 1 on (0 at candle 0).
class PriceChange final : public Kernel {
public:
    PriceChange(Plan& plan, const Parameters&) : close_(plan.candles().close) {
        outputs_ = {plan.buffer(), plan.buffer()};
    }

    void run(const Block& block) noexcept override {
        set(0, block.first == 0 ? close_[0] : previous_);
        for (int i = 1; i < block.size; ++i) set(i, close_[i - 1]);
        previous_ = close_[block.size - 1];
    }

    void carry(State& state) noexcept override { state.carry(previous_); }

private:
    void set(int i, double previous) noexcept {
        const double change = close_[i] - previous;
        outputs_[0][i] = change > 0 ? change : 0;
        outputs_[1][i] = change < 0 ? -change : 0;
    }

    const double* close_;
    double previous_ = 0;
};

}  // namespace pg_candle
