#pragma once
#include <cmath>

#include "kernels/shared/moments.hpp"
#include "kernels/sma.hpp"

namespace pg_candle {

/// Bollinger bands, outputs upper, middle, lower: the mean of the last n closes, and k population standard deviations
/// of the same closes above and below it. First value at candle n - 1. Source: J. Bollinger, Bollinger on Bollinger
/// Bands, 2001.
class Bb final : public Kernel {
public:
    Bb(Plan& plan, const Parameters& p)
        : n_(p.integer(0)),
          k_(p.value[1]),
          close_(plan.candles().close),
          middle_(plan.share<Sma>(Parameters{{p.value[0]}})) {
        reads(middle_);
        outputs_ = {plan.buffer(), nullptr, plan.buffer()};
        pass_on(1, middle_);
    }

    void prepare(Arena& arena, int capacity) override { moments_.prepare(arena, n_, capacity); }

    void run(const Block& block) noexcept override {
        double* upper = outputs_[0];
        double* lower = outputs_[2];
        const double* middle = middle_.output();
        moments_.run(close_, block.size, upper);
        const double n = n_;
        for (int i = 0; i < block.size; ++i) {
            const double distance = k_ * std::sqrt(upper[i] / n);
            upper[i] = middle[i] + distance;  // NaN where the middle is
            lower[i] = middle[i] - distance;
        }
    }

    void carry(State& state) noexcept override { moments_.carry(state); }

private:
    int n_;
    double k_;
    const double* close_;
    Sma& middle_;
    Moments moments_;
};

}  // namespace pg_candle
