#pragma once
#include "kernels/plan.hpp"

namespace pg_candle {

/// On-balance volume: starts at the first volume; then volume is added when the close rose and subtracted when it fell.
/// An unknown volume counts as 0. First value at candle 0 (TA-Lib). Source: J. Granville, New Key to Stock Market
/// Profits, 1963.
class Obv final : public Kernel {
public:
    Obv(Plan& plan, const Parameters&) : close_(plan.candles().close), volume_(plan.candles().volume) {
        outputs_ = {plan.buffer()};
    }

    void run(const Block& block) noexcept override {
        double previous = block.first == 0 ? -std::numeric_limits<double>::infinity() : previous_;
        double sum = sum_;
        for (int i = 0; i < block.size; ++i) {
            const double volume = volume_[i] == volume_[i] ? volume_[i] : 0;
            sum += close_[i] > previous ? volume : close_[i] < previous ? -volume : 0;
            outputs_[0][i] = sum;
            previous = close_[i];
        }
        previous_ = previous;
        sum_ = sum;
    }

    void carry(State& state) noexcept override { state.carry(previous_, sum_); }

private:
    const double* close_;
    const double* volume_;
    double previous_ = 0, sum_ = 0;
};

}  // namespace pg_candle
