#pragma once
#include "kernels/shared/price_change.hpp"
#include "kernels/shared/smoothing.hpp"

namespace pg_candle {

/// Relative strength index: 100 g / (g + l), g and l being Wilder's averages of the rises and falls of the close,
/// seeded with the mean of changes 1 .. n; 0 where both are 0. First value at candle n (TA-Lib). Source: J. W. Wilder,
/// New Concepts in Technical Trading Systems, 1978.
class Rsi final : public Kernel {
public:
    Rsi(Plan& plan, const Parameters& p) {
        const int n = p.integer(0);
        const PriceChange& change = plan.share<PriceChange>();
        Smoothing& bank = Smoothing::over(plan, &change);
        reads(bank);
        const int group = bank.new_ratio_group();
        const auto lane = [&](const double* input) {
            return bank.add(plan, {.input = input,
                                   .alpha = 1.0 / n,
                                   .first = 1,
                                   .seed_inputs = n,
                                   .seed_divisor = static_cast<double>(n),
                                   .ratio_group = group});
        };
        gain_ = lane(change.output(0));
        loss_ = lane(change.output(1));
        outputs_ = {plan.buffer()};
    }

    void run(const Block& block) noexcept override {
        double* out = outputs_[0];
        for (int i = 0; i < block.size; ++i) {
            const double sum = gain_[i] + loss_[i];
            out[i] = sum == 0 ? 0 : 100 * (gain_[i] / sum);
        }
    }

private:
    const double* gain_;
    const double* loss_;
};

}  // namespace pg_candle
