#pragma once
#include <cstring>

#include "kernels/plan.hpp"
#include "kernels/shared/history.hpp"

namespace pg_candle {

/// The closes of the block with those before it: closes()[i - lag].
class CloseHistory final : public Kernel {
public:
    CloseHistory(Plan& plan, const Parameters&) : close_(plan.candles().close) {}

    void look_back(int lag) noexcept { history_.look_back(lag); }
    const double* closes() const noexcept { return block_; }

    void prepare(Arena& arena, int capacity) override { history_.prepare(arena, capacity); }
    void carry(State& state) noexcept override { history_.carry(state); }
    void run(const Block& block) noexcept override {
        block_ = history_.begin(block.size);
        std::memcpy(block_, close_, block.size * sizeof(double));
    }

private:
    const double* close_;
    History history_;
    double* block_ = nullptr;
};

}  // namespace pg_candle
