#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace pg_candle {

/// Part of what says whether a saved state may be gone on from. Raise it whenever a kernel gives other numbers or
/// carries others than before.
inline constexpr std::uint32_t kernels_version = 1;

/// What the kernels of a plan carry from block to block, on its way into memory or back: each kernel names its numbers
/// once, in Kernel::carry(), and that serves for measuring, saving and restoring. A restored plan goes on as the saved
/// one would have, bit for bit.
///
/// Only numbers that are calculated with travel. Sizes and places in arrays follow from the plan and from candles(), so
/// that no content of a state, however damaged, can lead outside an array.
class State {
public:
    enum class Direction { measure, save, restore };

    /// `bytes`: the state, of Plan::state_size() bytes; null when measuring. `candles`: how many the plan has computed
    /// there.
    State(Direction direction, unsigned char* bytes, std::int64_t candles)
        : direction_(direction), bytes_(bytes), candles_(candles) {}

    template <class... Numbers>
    void carry(Numbers&... numbers) noexcept {
        (one(numbers), ...);
    }
    void carry_array(double* values, std::size_t count) noexcept { copy(values, count * sizeof(double)); }

    /// The number of a candle that has been, or -1.
    void carry_candle(std::int64_t& candle) noexcept {
        one(candle);
        if (restoring()) candle = std::clamp<std::int64_t>(candle, -1, candles_);
    }

    bool restoring() const noexcept { return direction_ == Direction::restore; }
    std::int64_t candles() const noexcept { return candles_; }
    std::size_t size() const noexcept { return size_; }

private:
    void one(double& number) noexcept { copy(&number, sizeof number); }
    void one(std::int64_t& number) noexcept { copy(&number, sizeof number); }
    void one(bool& flag) noexcept {
        std::int64_t number = flag;
        one(number);
        flag = number != 0;
    }

    void copy(void* value, std::size_t count) noexcept {
        if (direction_ == Direction::save) std::memcpy(bytes_ + size_, value, count);
        if (direction_ == Direction::restore) std::memcpy(value, bytes_ + size_, count);
        size_ += count;
    }

    Direction direction_;
    unsigned char* bytes_;
    std::int64_t candles_;
    std::size_t size_ = 0;
};

}  // namespace pg_candle
