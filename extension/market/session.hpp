#pragma once
#include <cstdint>

namespace pg_candle {

/// Microseconds, as PostgreSQL counts them.
inline constexpr std::int64_t microseconds_per_day = 86'400'000'000;

/// The number of the local day in which `at` falls: days since the epoch of `at`, whatever that is. `offset` is the
/// zone's distance from UTC at that moment, east positive; both in microseconds. A session is the date in its
/// calendar's zone.
constexpr std::int64_t local_day(std::int64_t at, std::int64_t offset) noexcept {
    const std::int64_t local = at + offset;
    const std::int64_t day = local / microseconds_per_day;
    return local % microseconds_per_day < 0 ? day - 1 : day;
}

}  // namespace pg_candle
