#pragma once
#include "kernels/shared/cumulative_sum.hpp"

namespace pg_candle {

/// Simple moving average: the mean of the last n closes. First value at candle n - 1.
class Sma final : public Kernel {
public:
    Sma(Plan& plan, const Parameters& p) : n_(p.integer(0)), sums_(plan.share<CumulativeSum>(CumulativeSum::closes)) {
        reads(sums_);
        sums_.look_back(n_);
        outputs_ = {plan.buffer()};
    }

    void run(const Block& block) noexcept override {
        const double n = n_;
        double* out = outputs_[0];
        for (int i = 0; i < block.size; ++i) out[i] = sums_.last(n_, i) / n;
        for (int i = 0; i < block.size && block.first + i < n_ - 1; ++i) out[i] = no_value;
    }

private:
    int n_;
    CumulativeSum& sums_;
};

}  // namespace pg_candle
