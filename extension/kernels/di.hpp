#pragma once
#include <cmath>

#include "kernels/shared/directional_movement.hpp"
#include "kernels/shared/smoothing.hpp"
#include "kernels/shared/true_range.hpp"

namespace pg_candle {

/// Directional indicators, outputs plus and minus: 100 DM / TR of Wilder's sums, which start with candles 1 .. n - 1
/// and take one Wilder step at n; 0 where the sum of TR is 0. First value at candle n (TA-Lib). Kept as averages: a sum
/// over n is n times Wilder's average, and the ratio is the same. Source: J. W. Wilder, New Concepts in Technical
/// Trading Systems, 1978.
class Di final : public Kernel {
public:
    Di(Plan& plan, const Parameters& p) : n_(p.integer(0)) {
        const TrueRange& range = plan.share<TrueRange>();
        const DirectionalMovement& movement = plan.share<DirectionalMovement>();
        Smoothing& bank = Smoothing::over(plan, &movement);
        reads(bank);
        const int group = bank.new_ratio_group();
        const auto lane = [&](const double* input) {
            return bank.add(plan, {.input = input,
                                   .alpha = 1.0 / n_,
                                   .first = 1,
                                   .seed_inputs = n_ - 1,
                                   .seed_divisor = static_cast<double>(n_),
                                   .ratio_group = group});
        };
        plus_ = lane(movement.output(0));
        minus_ = lane(movement.output(1));
        range_ = lane(range.output());
        outputs_ = {plan.buffer(), plan.buffer(), plan.buffer()};
    }

    /// 100 |plus - minus| / (plus + minus), for Adx; NaN where both are 0.
    const double* dx() const noexcept { return outputs_[2]; }

    void run(const Block& block) noexcept override {
        double* plus = outputs_[0];
        double* minus = outputs_[1];
        for (int i = 0; i < block.size; ++i) {
            plus[i] = range_[i] == 0 ? 0 : 100 * (plus_[i] / range_[i]);
            minus[i] = range_[i] == 0 ? 0 : 100 * (minus_[i] / range_[i]);
        }
        for (int i = 0; i < block.size; ++i)
            outputs_[2][i] = 100 * (std::fabs(plus[i] - minus[i]) / (plus[i] + minus[i]));
        for (int i = 0; i < block.size && block.first + i < n_; ++i) plus[i] = minus[i] = no_value;
    }

private:
    int n_;
    const double* plus_;
    const double* minus_;
    const double* range_;
};

}  // namespace pg_candle
