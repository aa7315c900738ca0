#pragma once
#include <set>
#include <string>
#include <vector>

#include "model/india_time.hpp"
#include "model/market_day.hpp"
#include "upstox/api_error.hpp"

namespace pg_candle::upstox {

/// Reads the body of `/v2/market/holidays`. An entry that cannot be read is skipped; malformed if most cannot.
Parsed parse_holidays(std::string_view body, HolidayList& list);

/// Reads the body of `/v2/market/timings/DATE`, in the same way; an empty list means that nobody trades.
Parsed parse_timings(std::string_view body, Date date, DayHours& hours);

}  // namespace pg_candle::upstox
