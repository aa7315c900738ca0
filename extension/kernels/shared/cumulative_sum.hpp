#pragma once
#include "kernels/plan.hpp"
#include "kernels/shared/exact_sum.hpp"
#include "kernels/shared/history.hpp"

namespace pg_candle {

/// Sum of one candle column from the start of the series to each candle, in twice the precision, with those of the
/// candles before the block. One serves the sums over the last n candles for every n: the difference of two such sums
/// is right to the last bits after 1e7 candles, where a sliding sum has drifted. NaN counts as 0.
/// Parameter 0: which column.
class CumulativeSum final : public Kernel {
public:
    static constexpr Parameters closes{{0}};
    static constexpr Parameters volumes{{1}};

    CumulativeSum(Plan& plan, const Parameters& of)
        : column_(of == closes ? plan.candles().close : plan.candles().volume) {}

    void look_back(int lag) noexcept {
        high_.look_back(lag);
        low_.look_back(lag);
    }

    void prepare(Arena& arena, int capacity) override {
        high_.prepare(arena, capacity);
        low_.prepare(arena, capacity);
    }

    void carry(State& state) noexcept override {
        state.carry(sum_.high, sum_.low);
        high_.carry(state);
        low_.carry(state);
    }

    void run(const Block& block) noexcept override {
        high_block_ = high_.begin(block.size);
        low_block_ = low_.begin(block.size);
        ExactSum sum = sum_;
        for (int i = 0; i < block.size; ++i) {
            sum.add(column_[i] == column_[i] ? column_[i] : 0);
            high_block_[i] = sum.high;
            low_block_[i] = sum.low;
        }
        sum_ = sum;
    }

    /// Sum over the n candles up to and including candle i of the block.
    double last(int n, int i) const noexcept {
        return (high_block_[i] - high_block_[i - n]) + (low_block_[i] - low_block_[i - n]);
    }

private:
    const double* column_;
    ExactSum sum_;
    History high_, low_;
    double* high_block_ = nullptr;
    double* low_block_ = nullptr;
};

}  // namespace pg_candle
