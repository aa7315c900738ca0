#pragma once
#include <cstdint>
#include <span>

#include "market/timeframe.hpp"

namespace pg_candle {

// A calendar says when an exchange trades. A *session* is one of its dates; a *period* is one [opens, closes) of a
// session, and some sessions have two. Dates count days since 2000-01-01, times of day are seconds since local
// midnight; a period that lasts to midnight closes at 86,400.

/// Regular hours from a date on, until the next row's.
struct RegularHours {
    std::int32_t valid_from;
    std::int32_t opens, closes;
    std::uint32_t weekly_off;  ///< bit 1 is Monday ... bit 7 is Sunday
};

/// A period of a date with other hours than the regular ones. All of a date's periods replace its regular one, on
/// holidays and weekly off days, too.
struct SpecialPeriod {
    std::int32_t date;
    std::int32_t opens, closes;
};

enum class PeriodKind : char {
    regular,
    special,
    assumed  ///< by the weekly rule alone: outside the dates whose holidays are known
};

struct Period {
    std::int32_t date;
    std::int32_t opens, closes;
    PeriodKind kind;
    std::int32_t special;  ///< index of the special period, or -1
};

/// ISO number of the weekday: 1 is Monday.
constexpr int weekday_of(std::int32_t date) noexcept { return ((date + 5) % 7 + 7) % 7 + 1; }

/// The first of the month that holds the date.
std::int32_t month_start(std::int32_t date) noexcept;

/// The date with which the candle of a day, week or month begins that holds that date; the date itself for shorter
/// timeframes.
std::int32_t bucket_date(const Timeframe& timeframe, std::int32_t date) noexcept;

/// The first date after the candle that begins with that date.
std::int32_t next_bucket_date(const Timeframe& timeframe, std::int32_t bucket) noexcept;

/// Plain views on sorted rows that the caller keeps alive.
struct Calendar {
    std::span<const RegularHours> hours;      ///< ascending by valid_from
    std::span<const std::int32_t> holidays;   ///< ascending
    std::span<const SpecialPeriod> specials;  ///< ascending by date and opens
    std::int32_t known_from, known_through;   ///< dates whose holidays are known, inclusive
};

/// The periods of a calendar in order, from one date to another (inclusive).
class Periods {
public:
    Periods(const Calendar& calendar, std::int32_t from, std::int32_t to) noexcept;

    /// The next period. False at the end.
    bool next(Period& period) noexcept;

private:
    bool regular(Period& period) const noexcept;

    const Calendar& calendar_;
    std::int32_t date_, last_;
    std::size_t hours_, holiday_, special_;  // the first that is not before date_
};

}  // namespace pg_candle
