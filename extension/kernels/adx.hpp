#pragma once
#include "kernels/di.hpp"

namespace pg_candle {

/// Average directional index: Wilder's average of DX = 100 |+DI - -DI| / (+DI + -DI), seeded with the mean of DX n ..
/// 2n - 1. A candle whose sum of TR or of DI is exactly 0 has no DX: it adds 0 to the seed and afterwards leaves ADX as
/// it is. First value at candle 2n - 1 (TA-Lib). Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978.
class Adx final : public Kernel {
public:
    Adx(Plan& plan, const Parameters& p) {
        const int n = p.integer(0);
        const Di& di = plan.share<Di>(p);
        Smoothing& bank = Smoothing::over(plan, &di);
        reads(bank);
        outputs_ = {bank.add(plan, {.input = di.dx(),
                                    .alpha = 1.0 / n,
                                    .first = n,
                                    .seed_inputs = n,
                                    .seed_divisor = static_cast<double>(n),
                                    .gaps = true})};
    }

    void run(const Block&) noexcept override {}  // the bank does the work
};

}  // namespace pg_candle
