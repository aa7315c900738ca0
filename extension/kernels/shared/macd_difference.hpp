#pragma once
#include "kernels/shared/smoothing.hpp"

namespace pg_candle {

/// EMA(fast) - EMA(slow) of the close from candle slow - 1 on, aligned as TA-Lib does: the fast one is seeded with the
/// mean of the fast closes that end where the slow seed ends.
class MacdDifference final : public Kernel {
public:
    MacdDifference(Plan& plan, const Parameters& p) {
        const int fast = p.integer(0), slow = p.integer(1);
        Smoothing& bank = Smoothing::over(plan, nullptr);
        reads(bank);
        fast_ = bank.add(plan, lane(fast, slow - fast));
        slow_ = bank.add(plan, lane(slow, 0));
        outputs_ = {plan.buffer()};
    }

    void run(const Block& block) noexcept override {
        double* out = outputs_[0];
        for (int i = 0; i < block.size; ++i) out[i] = fast_[i] - slow_[i];
    }

private:
    static Smoothing::Lane lane(int n, int first) {
        return {.input = nullptr,
                .alpha = 2.0 / (n + 1),
                .first = first,
                .seed_inputs = n,
                .seed_divisor = static_cast<double>(n),
                .distance = true};
    }

    const double* fast_;
    const double* slow_;
};

}  // namespace pg_candle
