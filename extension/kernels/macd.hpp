#pragma once
#include "kernels/shared/macd_difference.hpp"

namespace pg_candle {

/// Moving average convergence/divergence: the difference of two EMAs, its EMA (signal, seeded with the mean of its
/// first values), and macd - signal. All three begin at candle slow + signal - 2 (TA-Lib). Source: G. Appel, The Moving
/// Average Convergence-Divergence Trading Method, 1979.
class Macd final : public Kernel {
public:
    Macd(Plan& plan, const Parameters& p) {
        const int slow = p.integer(1), signal = p.integer(2);
        const MacdDifference& difference = plan.share<MacdDifference>(Parameters{{p.value[0], p.value[1]}});
        difference_ = difference.output();
        Smoothing& bank = Smoothing::over(plan, &difference);
        reads(bank);
        signal_ = bank.add(plan, {.input = difference_,
                                  .alpha = 2.0 / (signal + 1),
                                  .first = slow - 1,
                                  .seed_inputs = signal,
                                  .seed_divisor = static_cast<double>(signal)});
        outputs_ = {plan.buffer(), plan.buffer(), plan.buffer()};
    }

    void run(const Block& block) noexcept override {
        for (int i = 0; i < block.size; ++i) {
            const double histogram = difference_[i] - signal_[i];  // NaN until there is a signal
            outputs_[0][i] = histogram == histogram ? difference_[i] : no_value;
            outputs_[1][i] = signal_[i];
            outputs_[2][i] = histogram;
        }
    }

private:
    const double* difference_;
    const double* signal_;
};

}  // namespace pg_candle
