#pragma once
#include <algorithm>
#include <cstring>

#include "kernels/kernel.hpp"

namespace pg_candle {

/// Values of the current block with the ones before it, contiguous: after begin(), p[-lag] .. p[size - 1] may be read
/// and p[0] .. p[size - 1] are to be written. What lies before the first candle reads as 0.
/// Memory: 16 bytes per candle of lag and 8 per candle of a block; amortised cost of a candle is constant.
class History {
public:
    /// While the plan is built: somebody will look back this far.
    void look_back(int lag) noexcept { lag_ = std::max(lag_, lag); }

    void prepare(Arena& arena, int capacity) {
        length_ = 2 * lag_ + std::max(capacity, 256);
        values_ = arena.array<double>(length_);
        end_ = lag_;
    }

    void carry(State& state) noexcept {
        if (state.restoring()) end_ = lag_;
        state.carry_array(values_ + end_ - lag_, lag_);
    }

    double* begin(int size) noexcept {
        if (end_ + size > length_) {
            std::memmove(values_, values_ + end_ - lag_, lag_ * sizeof(double));
            end_ = lag_;
        }
        double* block = values_ + end_;
        end_ += size;
        return block;
    }

private:
    double* values_ = nullptr;
    int lag_ = 0;
    int length_ = 0;
    int end_ = 0;
};

}  // namespace pg_candle
