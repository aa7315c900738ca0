#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "model/india_time.hpp"

namespace pg_candle {

/// In which order a file writes day and month where both are numbers.
enum class DateOrder { day_first, month_first };

/// Reads a time as programs write it: ISO 8601, 2026/01/05, 2026.01.05, 20260105, 05-01-2026, 05/01/26, 05-Jan-2026,
/// Jan 05, 2026, with 09:15, 9:15:00 AM, 0915 or 091500 behind it or none, and an offset or none, which means `zone`;
/// or the seconds, milliseconds, microseconds or nanoseconds since 1970 (told apart by their size).
std::optional<Instant> read_time(std::string_view text, DateOrder order, std::chrono::minutes zone = india_offset);

/// Looks at times of a file until it is known which number is the month.
class DateOrderFinder {
public:
    void add(std::string_view time);

    /// Day first where no date can be read in two ways, or all that can are meant so. Nothing where both are possible:
    /// no number is above 12, and in both orders the times ascend, or descend, and fall on days of the week.
    std::optional<DateOrder> order() const;

private:
    bool any_day_first_ = false, any_month_first_ = false, ambiguous_ = false;
    std::vector<Date> as_day_first_, as_month_first_;
};

}  // namespace pg_candle
