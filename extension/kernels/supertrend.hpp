#pragma once
#include "kernels/atr.hpp"

namespace pg_candle {

/// Supertrend, outputs the line and its direction (+1 up, -1 down). Raw bands are (high + low) / 2 -+ k ATR(n); a band
/// moves towards the price at once, and away from it only when the previous close has broken it. First value at candle
/// n. Source: O. Seban; the start as in indicators.md: bands raw, up if the close is not below the middle.
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
            const Band raw_upper{middle, k_ * atr[i]};
            const Band raw_lower{middle, -k_ * atr[i]};
            if (block.first + i == n_) {
                upper_ = raw_upper;
                lower_ = raw_lower;
                up_ = close >= middle;
            }
            if (raw_upper.below(upper_) || upper_.below(previous_close_)) upper_ = raw_upper;
            if (lower_.below(raw_lower) || !lower_.at_or_below(previous_close_)) lower_ = raw_lower;
            up_ = (up_ ? lower_ : upper_).below(close);
            outputs_[0][i] = (up_ ? lower_ : upper_).value();
            outputs_[1][i] = up_ ? 1 : -1;
            previous_close_ = close;
        }
    }

    void carry(State& state) noexcept override {
        state.carry(upper_.middle, upper_.distance, lower_.middle, lower_.distance, previous_close_, up_);
    }

private:
    /// A band as its middle and its distance from it. On a flat stretch the distance shrinks below the last digit of
    /// the price but stays above 0; compared as sums, the price would seem to touch the band, and the direction would
    /// turn.
    struct Band {
        double middle = 0, distance = 0;
        double value() const noexcept { return middle + distance; }
        bool below(double price) const noexcept { return distance < price - middle; }
        bool at_or_below(double price) const noexcept { return distance <= price - middle; }
        bool below(const Band& other) const noexcept { return distance - other.distance < other.middle - middle; }
    };

    int n_;
    double k_;
    const Candles& candles_;
    Atr& atr_;
    Band upper_, lower_;
    double previous_close_ = 0;
    bool up_ = false;
};

}  // namespace pg_candle
