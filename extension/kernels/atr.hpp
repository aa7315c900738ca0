#pragma once
#include "kernels/shared/smoothing.hpp"
#include "kernels/shared/true_range.hpp"

namespace pg_candle {

/// Average true range over n candles, in price units: Wilder's average of the true range from candle 1 on, seeded with
/// the mean of the first n. First value at candle n (TA-Lib). Source: J. W. Wilder, New Concepts in Technical Trading
/// Systems, 1978.
class Atr final : public Kernel {
public:
    Atr(Plan& plan, const Parameters& p) {
        const int n = p.integer(0);
        const TrueRange& range = plan.share<TrueRange>();
        Smoothing& bank = Smoothing::over(plan, &range);
        reads(bank);
        outputs_ = {bank.add(plan, {.input = range.output(),
                                    .alpha = 1.0 / n,
                                    .first = 1,
                                    .seed_inputs = n,
                                    .seed_divisor = static_cast<double>(n)})};
    }

    void run(const Block&) noexcept override {}  // the bank does the work
};

}  // namespace pg_candle
