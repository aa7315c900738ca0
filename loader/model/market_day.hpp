#pragma once
#include <set>
#include <string>
#include <vector>

#include "model/india_time.hpp"

namespace pg_candle {

/// Hours of one exchange on one day; exchanges are named like the calendars.
struct ExchangeHours {
    std::string exchange;
    Instant opens, closes;
};

/// A day of `/v2/market/holidays` (upstox.md 5.1). On a settlement holiday the exchanges that it opens trade as ever.
struct MarketDay {
    Date date;
    std::string description, type;
    std::vector<std::string> closed;
    std::vector<ExchangeHours> open;
};

struct HolidayList {
    std::vector<MarketDay> days;
    std::vector<std::string> unreadable;  ///< entries that were skipped, as they are written
    std::set<Date> unreadable_days;       ///< those of them that have a date ...
    bool has_unknown_day = false;         ///< ... and whether some have none
};

struct DayHours {
    std::vector<ExchangeHours> exchanges;
    std::vector<std::string> unreadable;
};

}  // namespace pg_candle
