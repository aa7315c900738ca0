#pragma once
#include "kernels/atr.hpp"

namespace pg_candle {

/// Average true range as a fraction of the close: atr_n / close; no value where the close is 0. First value at candle
/// n.
class AtrPct final : public Kernel {
public:
    AtrPct(Plan& plan, const Parameters& p) : close_(plan.candles().close), atr_(plan.share<Atr>(p)) {
        reads(atr_);
        outputs_ = {plan.buffer()};
    }

    void run(const Block& block) noexcept override {
        const double* atr = atr_.output();
        for (int i = 0; i < block.size; ++i) outputs_[0][i] = close_[i] == 0 ? no_value : atr[i] / close_[i] + 0.0;
    }

private:
    const double* close_;
    Atr& atr_;
};

}  // namespace pg_candle
