#pragma once
#include <vector>

#include "store/connection.hpp"
#include "upstox/holidays.hpp"

namespace pg_candle::store {

struct CalendarReport {
    std::int64_t holidays_added = 0, holidays_removed = 0, sessions_changed = 0;
};

/// Brings the calendar tables in line with the provider's list of the running year, from `today` on: earlier days are known better
/// from candles. Holidays that the list closes are added; those of earlier lists that it does not name any more are removed
/// (rows of your own, which have no source, stay); hours that differ from the regular ones become special sessions. The
/// calendars that the list names are known to the year's end afterwards. One transaction.
CalendarReport sync_calendars(Connection& connection, const std::vector<upstox::MarketDay>& days, Date today);

/// Brings one day in line with the provider's hours of that day; without any hours, nobody trades. Returns the changed calendars.
std::int64_t sync_day(Connection& connection, const std::vector<upstox::ExchangeHours>& hours, Date day);

}  // namespace pg_candle::store
