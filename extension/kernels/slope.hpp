#pragma once
#include "kernels/shared/regression.hpp"

namespace pg_candle {

/// Slope of the least-squares line through the last n closes, in price units per candle. First value at candle n - 1.
class Slope final : public Kernel {
public:
    Slope(Plan& plan, const Parameters& p) : n_(p.integer(0)), regression_(plan.share<Regression>(p)) {
        reads(regression_);
        outputs_ = {plan.buffer()};
    }

    void run(const Block& block) noexcept override {
        const double n = n_;
        const double spread = n * (n * n - 1) / 12;
        const double* covariance = regression_.output(0);
        for (int i = 0; i < block.size; ++i)
            outputs_[0][i] = block.first + i < n_ - 1 ? no_value : covariance[i] / spread + 0.0;
    }

private:
    int n_;
    Regression& regression_;
};

}  // namespace pg_candle
