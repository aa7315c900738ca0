#pragma once
#include <algorithm>

#include "kernels/shared/regression.hpp"

namespace pg_candle {

/// Coefficient of determination of the least-squares line through the last n closes, 0 .. 1; no value where all closes
/// are equal. First value at candle n - 1.
class R2 final : public Kernel {
public:
    R2(Plan& plan, const Parameters& p) : n_(p.integer(0)), regression_(plan.share<Regression>(p)) {
        reads(regression_);
        outputs_ = {plan.buffer()};
    }

    void run(const Block& block) noexcept override {
        const double n = n_;
        const double spread = n * (n * n - 1) / 12;
        const double* covariance = regression_.output(0);
        const double* squares = regression_.output(1);
        for (int i = 0; i < block.size; ++i) {
            const double ratio = covariance[i] / spread * (covariance[i] / squares[i]);
            outputs_[0][i] = block.first + i < n_ - 1 || squares[i] == 0 ? no_value : std::min(ratio, 1.0) + 0.0;
        }
    }

private:
    int n_;
    Regression& regression_;
};

}  // namespace pg_candle
