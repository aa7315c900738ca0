#pragma once
#include <optional>
#include <string>
#include <vector>

#include "india_time.hpp"
#include "upstox/api_error.hpp"

namespace pg_candle::upstox {

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

/// Reads the body of `/v2/market/holidays`. Records that cannot be read make it malformed: a calendar with holes is worse than an
/// old one.
Parsed parse_holidays(std::string_view body, std::vector<MarketDay>& days);

/// Reads the body of `/v2/market/timings/DATE`; an empty list means that nobody trades.
Parsed parse_timings(std::string_view body, std::vector<ExchangeHours>& hours);

}  // namespace pg_candle::upstox
