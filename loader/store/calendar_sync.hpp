#pragma once
#include <string>
#include <vector>

#include "model/market_day.hpp"
#include "store/connection.hpp"

namespace pg_candle::store {

/// What changed of one exchange on one day; hours as `09:15-15:30`, empty where it does not trade.
struct CalendarChange {
    std::string exchange;
    Date date;
    std::string before, after;
};

struct CalendarReport {
    std::vector<CalendarChange> changes;
    std::vector<std::string> doubts;  ///< where the provider contradicts itself; what was known stays
};

/// Brings the calendar tables in line with the provider's list of the running year, from `today` on (earlier days are
/// known better from candles), and with its hours of today. What it says about a day replaces what it said before; what
/// it does not name any more, a holiday or a special session, goes. Rows of your own, which have no source, stay.
/// Entries that could not be read change nothing. Hours that today lacks are doubted where the list has some, or where
/// no exchange has any. The calendars that the list names are known to the year's end afterwards. One transaction.
/// Throws Failure, and nothing is changed, if more than five known future days would go, unless `force`.
CalendarReport sync_calendars(Connection& connection, const HolidayList& list, const DayHours& hours, Date today,
                              bool force);

}  // namespace pg_candle::store
