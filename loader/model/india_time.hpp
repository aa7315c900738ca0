#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pg_candle {

// Dates and times of Indian exchanges. India has one zone, +05:30, without summer time since 1945, and Upstox writes
// that offset itself, so no zone data is needed.

/// Microseconds since 1970 UTC.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;
using Date = std::chrono::sys_days;

inline constexpr std::chrono::minutes india_offset{330};

/// The date in India at that moment.
Date india_date(Instant at);

/// Midnight in India at the beginning of that date.
Instant india_midnight(Date date);

/// Now; or, for tests and replays, what PGCANDLE_NOW says: a moment like `2026-10-30T20:00:00+05:30`, or `@FILE`, a
/// file in which one is written. Either stands still; but the file is read each time, so whoever replaces it moves the
/// clock of all that read it, and nothing depends on how fast they are. (Rename a new one into its place: then nobody
/// reads half of it.) Throws Failure if it is neither.
Instant now();

/// Whether PGCANDLE_NOW is set.
bool clock_is_replayed();

/// Reads `2026-09-22T15:25:00+05:30`: date, `T` or blank, time with optional seconds and fraction, and `Z` or an
/// offset; a missing offset is India's, a missing time midnight. Nothing may follow. No value if it is not that.
std::optional<Instant> parse_instant(std::string_view text);

/// Reads `2026-09-22`. No value if it is not a date of the calendar.
std::optional<Date> parse_date(std::string_view text);

std::string format_date(Date date);

/// `2026-09-22T15:25:00+05:30`, with a fraction only where there is one.
std::string format_instant(Instant at);

}  // namespace pg_candle
