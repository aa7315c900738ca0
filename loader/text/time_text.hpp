#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "model/india_time.hpp"

namespace pg_candle {

/// In which order a file writes day, month and year where all are numbers of two digits, or the year comes last.
enum class DateOrder { day_first, month_first, year_first };

/// Reads a time as programs write it: ISO 8601, 2026/01/05, 2026.01.05, 20260105, 05-01-2026, 05/01/26, 05-Jan-2026,
/// Jan 05, 2026, with 09:15, 9:15:00 AM, 0915 or 091500 behind it or none, and an offset or none, which means `zone`;
/// or the seconds, milliseconds, microseconds or nanoseconds since 1970 (told apart by their size).
std::optional<Instant> read_time(std::string_view text, DateOrder order, std::chrono::minutes zone = india_offset);

/// Looks at times of a file until it is known which number is the month.
class DateOrderFinder {
public:
    void add(std::string_view time);

    /// Day first where no date can be read in two ways, or all that can are meant so. Nothing where several orders are
    /// possible: in each of them all dates exist, ascend, or descend, and fall on days of the week. Years of two digits
    /// come first (26/01/05) where the file spans far less time then, and are in doubt where it would be more recent.
    std::optional<DateOrder> order() const;

private:
    struct Reading {
        bool possible = true;
        std::vector<Date> dates;
    };

    const Reading& as(DateOrder order) const { return readings_[static_cast<std::size_t>(order)]; }

    Reading readings_[3];  // by DateOrder
    bool any_ = false;
};

}  // namespace pg_candle
