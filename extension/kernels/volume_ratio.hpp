#pragma once
#include "kernels/shared/cumulative_sum.hpp"

namespace pg_candle {

/// Volume over the mean volume of the last n candles. No value where that mean is 0 or one of the n volumes is unknown.
/// First value at candle n - 1.
class VolumeRatio final : public Kernel {
public:
    VolumeRatio(Plan& plan, const Parameters& p)
        : n_(p.integer(0)), volume_(plan.candles().volume), sums_(plan.share<CumulativeSum>(CumulativeSum::volumes)) {
        reads(sums_);
        sums_.look_back(n_);
        outputs_ = {plan.buffer()};
    }

    void run(const Block& block) noexcept override {
        const double n = n_;
        for (int i = 0; i < block.size; ++i) {
            if (volume_[i] != volume_[i]) unknown_ = block.first + i;
            const double mean = sums_.last(n_, i) / n;
            const bool complete = block.first + i - unknown_ >= n_;
            outputs_[0][i] = complete && mean != 0 ? volume_[i] / mean + 0.0 : no_value;
        }
    }

    void carry(State& state) noexcept override { state.carry_candle(unknown_); }

private:
    int n_;
    const double* volume_;
    CumulativeSum& sums_;
    std::int64_t unknown_ = -1;  // the last candle without a volume
};

}  // namespace pg_candle
