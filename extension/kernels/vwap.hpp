#pragma once
#include "kernels/plan.hpp"
#include "kernels/shared/exact_sum.hpp"

namespace pg_candle {

/// Volume-weighted average price since the session opened: sum of (high + low + close) / 3 x volume over sum of volume;
/// no value while that is 0 (an index has no volume). An unknown volume counts as 0.
class Vwap final : public Kernel {
public:
    Vwap(Plan& plan, const Parameters&) : candles_(plan.candles()) { outputs_ = {plan.buffer()}; }

    void run(const Block& block) noexcept override {
        for (int i = 0; i < block.size; ++i) {
            if (block.first + i == 0 || candles_.session[i] != session_) {
                session_ = candles_.session[i];
                money_ = volume_ = {};
            }
            const double volume = candles_.volume[i] == candles_.volume[i] ? candles_.volume[i] : 0;
            money_.add((candles_.high[i] + candles_.low[i] + candles_.close[i]) / 3 * volume);
            volume_.add(volume);
            const double sum = volume_.value();
            outputs_[0][i] = sum == 0 ? no_value : money_.value() / sum;
        }
    }

    void carry(State& state) noexcept override {
        state.carry(session_, money_.high, money_.low, volume_.high, volume_.low);
    }

private:
    const Candles& candles_;
    std::int64_t session_ = 0;
    ExactSum money_, volume_;
};

}  // namespace pg_candle
