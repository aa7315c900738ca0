#pragma once
#include <array>
#include <cstdint>
#include <limits>

#include "kernels/arena.hpp"
#include "kernels/state.hpp"

namespace pg_candle {

// The vocabulary of this folder.
//   candle     one row of a series, numbered from 0 at the first candle of the series
//   block      a run of consecutive candles that is computed in one go
//   kernel     computes one or more outputs, a value per candle, and carries its state from block to block
//   state      what all kernels of a plan carry, as plain bytes: with it a plan continues later as if never stopped
//   plan       the kernels that some set of columns needs, each after its inputs (plan.hpp)
// Rules for every kernel: no allocation and no exception in run(); the bits of a value depend on the candles before it
// alone, never on how they were cut into blocks or on saving and restoring in between; a value that does not exist is
// NaN; a result is never -0.

inline constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

/// True for every number that can be stored: not NaN, not infinite.
inline bool is_value(double x) noexcept { return x - x == 0; }

/// The candles of the current block, column by column; owned by the plan, filled by whoever runs it, and at fixed
/// addresses for the life of the plan.
struct Candles {
    double* open;
    double* high;
    double* low;
    double* close;
    double* volume;         ///< NaN where the volume is unknown
    std::int64_t* session;  ///< grows when a candle belongs to a later session than the one before it
};

struct Block {
    std::int64_t first;  ///< number of the block's first candle in its series
    int size;            ///< 1 .. the plan's capacity
};

inline constexpr int max_parameters = 3;
inline constexpr int max_outputs = 7;

/// Parameter values in the order of the registry row; unused ones are 0, so that equal means equal.
struct Parameters {
    std::array<double, max_parameters> value{};
    int integer(int i) const noexcept { return static_cast<int>(value[i]); }
    bool operator==(const Parameters&) const = default;
};

class Plan;

/// Base of all kernels. A constructor takes `(Plan&, const Parameters&)`, asks the plan for the kernels it reads from
/// and for its output buffers; afterwards only run() is called, block after block, in the order of the candles.
class Kernel {
public:
    virtual void run(const Block& block) noexcept = 0;

    /// Called once, when every kernel of the plan is there and before the first run(): the last chance to allocate.
    virtual void prepare(Arena&, [[maybe_unused]] int capacity) {}

    /// Hands over everything that run() leaves behind for the next block (state.hpp). A kernel that remembers nothing
    /// has nothing to say.
    virtual void carry(State&) noexcept {}

    /// Values of the current block, one per candle. Outputs are numbered as in the registry row.
    const double* output(int i = 0) const noexcept { return outputs_[i]; }

    /// 0 for what reads candles only; otherwise more than that of every kernel it reads from.
    int level() const noexcept { return level_; }

protected:
    ~Kernel() = default;  // never deleted: the arena goes as a whole
    void reads(const Kernel& input) noexcept { level_ = input.level_ < level_ ? level_ : input.level_ + 1; }
    /// Gives another kernel's output out as one's own.
    void pass_on(int i, const Kernel& from, int output = 0) noexcept { outputs_[i] = from.outputs_[output]; }

    std::array<double*, max_outputs> outputs_{};
    int level_ = 0;
};

}  // namespace pg_candle
