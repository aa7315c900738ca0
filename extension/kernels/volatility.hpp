#pragma once
#include <cmath>

#include "kernels/log_return.hpp"
#include "kernels/shared/moments.hpp"

namespace pg_candle {

/// Volatility per candle, not annualised: the sample standard deviation of the last n one-candle log returns. No value
/// where one of them does not exist. First value at candle n.
class Volatility final : public Kernel {
public:
    Volatility(Plan& plan, const Parameters& p)
        : n_(p.integer(0)), return_(plan.share<LogReturn>(Parameters{{1}})), usable_(plan.buffer()) {
        reads(return_);
        outputs_ = {plan.buffer()};
    }

    void prepare(Arena& arena, int capacity) override { moments_.prepare(arena, n_, capacity); }

    void run(const Block& block) noexcept override {
        const double* value = return_.output();
        double* out = outputs_[0];
        for (int i = 0; i < block.size; ++i) usable_[i] = value[i] == value[i] ? value[i] : 0;
        moments_.run(usable_, block.size, out);
        const double degrees = n_ - 1;
        for (int i = 0; i < block.size; ++i) {
            if (value[i] != value[i]) missing_ = block.first + i;
            const bool complete = block.first + i - missing_ >= n_;  // candle 0 has no return and counts as missing
            out[i] = complete ? std::sqrt(out[i] / degrees) : no_value;
        }
    }

    void carry(State& state) noexcept override {
        moments_.carry(state);
        state.carry_candle(missing_);
    }

private:
    int n_;
    LogReturn& return_;
    double* usable_;
    Moments moments_;
    std::int64_t missing_ = 0;  // the last candle without a return
};

}  // namespace pg_candle
