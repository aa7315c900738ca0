#pragma once
#include "kernels/plan.hpp"

namespace pg_candle {

/// Outputs 0 and 1: Wilder's plus and minus directional movement, from candle 1 on (0 at candle 0): the larger of the
/// rise of the high and the fall of the low, if it is above 0; neither if they are equal. Source: J. W. Wilder, New
/// Concepts in Technical Trading Systems, 1978.
class DirectionalMovement final : public Kernel {
public:
    DirectionalMovement(Plan& plan, const Parameters&) : candles_(plan.candles()) {
        outputs_ = {plan.buffer(), plan.buffer()};
    }

    void run(const Block& block) noexcept override {
        const double* high = candles_.high;
        const double* low = candles_.low;
        if (block.first == 0)
            set(0, high[0], low[0]);
        else
            set(0, high_, low_);
        for (int i = 1; i < block.size; ++i) set(i, high[i - 1], low[i - 1]);
        high_ = high[block.size - 1];
        low_ = low[block.size - 1];
    }

    void carry(State& state) noexcept override { state.carry(high_, low_); }

private:
    void set(int i, double high, double low) noexcept {
        const double up = candles_.high[i] - high;
        const double down = low - candles_.low[i];
        outputs_[0][i] = up > 0 && up > down ? up : 0;
        outputs_[1][i] = down > 0 && down > up ? down : 0;
    }

    const Candles& candles_;
    double high_ = 0, low_ = 0;
};

}  // namespace pg_candle
