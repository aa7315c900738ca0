#pragma once
#include "kernels/shared/smoothing.hpp"

namespace pg_candle {

/// A smoothed average of the close, seeded with the mean of the first n: EMA and Wilder's average differ in alpha
/// alone.
class CloseAverage : public Kernel {
public:
    void run(const Block&) noexcept override {}  // the bank does the work

protected:
    CloseAverage(Plan& plan, int n, double alpha) {
        Smoothing& bank = Smoothing::over(plan, nullptr);
        reads(bank);
        outputs_ = {bank.add(
            plan, {.input = nullptr, .alpha = alpha, .seed_inputs = n, .seed_divisor = static_cast<double>(n)})};
    }
    ~CloseAverage() = default;
};

}  // namespace pg_candle
