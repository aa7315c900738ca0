#pragma once
#include <cstdint>

#include "market/timeframe.hpp"

namespace pg_candle::provider {

// What Upstox, the provider of candles, promises about them; the planner and the loader go by it (docs/internals/provider.md). Dates
// count days since 2000-01-01, as PostgreSQL's do.

/// The first date of which it has candles: 2022-01-03 for minutes and hours, 2000-01-03 for others.
constexpr std::int32_t first_date(const Timeframe& timeframe) noexcept { return timeframe.intraday() ? 8038 : 2; }

/// Whether it has candles of the running day, from an endpoint of their own: minutes and hours up to 5 h, and days.
constexpr bool has_running_day(const Timeframe& timeframe) noexcept {
    switch (timeframe.unit) {
        case Timeframe::Unit::minute:
            return timeframe.count <= 300;
        case Timeframe::Unit::hour:
            return timeframe.count <= 5;
        case Timeframe::Unit::day:
            return true;
        default:
            return false;
    }
}

/// A day's candles are final, and absence means something, from 07:05 of the next day on; in seconds.
constexpr std::int64_t final_after = 7 * 3600 + 5 * 60;

/// The first date after the request that holds a date. Requests cover whole months, quarters or decades, or all there
/// is: the most that the provider permits for the timeframe. The dated keys of expired contracts are asked by the
/// month.
std::int32_t request_end(const Timeframe& timeframe, bool expired, std::int32_t date) noexcept;

}  // namespace pg_candle::provider
