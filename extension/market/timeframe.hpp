#pragma once
#include <cstdint>
#include <string_view>

namespace pg_candle {

/// A timeframe: `Nm` or `Nh` in lowest terms, below a day, or one of `1d`, `1w`, `1mo`.
struct Timeframe {
    enum class Unit { minute, hour, day, week, month };
    Unit unit;
    int count;

    constexpr bool intraday() const noexcept { return unit == Unit::minute || unit == Unit::hour; }
};

/// Reads a timeframe. If there is none, returns false and sets `reason` to a full sentence (static storage).
bool parse_timeframe(std::string_view text, Timeframe& timeframe, const char*& reason) noexcept;

/// What was probably meant by a text that is no timeframe: 1d for 1D or day, 1h for 60m, 1mo for 1M. Empty if nothing
/// comes near.
struct NearTimeframe {
    char text[8];
};
NearTimeframe near_timeframe(std::string_view text) noexcept;

}  // namespace pg_candle
