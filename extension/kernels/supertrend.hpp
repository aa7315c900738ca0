#pragma once
#include "kernels/atr.hpp"

namespace pg_candle {

/// Supertrend, outputs the line and its direction (+1 up, -1 down). Raw bands are (high + low) / 2 -+ k ATR(n); a band moves
/// towards the price at once, and away from it only when the previous close has broken it. First value at candle n.
/// Source: O. Seban; the start as in indicators.md: bands raw, up if the close is not below the middle.
class Supertrend final : public Kernel {
public:
    Supertrend(Plan& plan, const Parameters& p)
        : n_(p.integer(0)), k_(p.value[1]), candles_(plan.candles()), atr_(plan.share<Atr>(Parameters{{p.value[0]}})) {
        reads(atr_);
        outputs_ = {plan.buffer(), plan.buffer()};
    }

    void run(const Block& block) noexcept override {
        const double* atr = atr_.output();
        for (int i = 0; i < block.size; ++i) {
            const double close = candles_.close[i];
            if (block.first + i < n_) {
                outputs_[0][i] = outputs_[1][i] = no_value;
                previous_close_ = close;
                continue;
            }
            const double middle = (candles_.high[i] + candles_.low[i]) / 2;
            const double raw_upper = middle + k_ * atr[i];
            const double raw_lower = middle - k_ * atr[i];
            if (block.first + i == n_) {
                upper_ = raw_upper;
                lower_ = raw_lower;
                up_ = close >= middle;
            }
            if (raw_upper < upper_ || previous_close_ > upper_) upper_ = raw_upper;
            if (raw_lower > lower_ || previous_close_ < lower_) lower_ = raw_lower;
            up_ = close > (up_ ? lower_ : upper_);
            outputs_[0][i] = up_ ? lower_ : upper_;
            outputs_[1][i] = up_ ? 1 : -1;
            previous_close_ = close;
        }
    }

private:
    int n_;
    double k_;
    const Candles& candles_;
    Atr& atr_;
    double upper_ = 0, lower_ = 0, previous_close_ = 0;
    bool up_ = false;
};

}  // namespace pg_candle
