#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/candle.hpp"
#include "store/connection.hpp"

namespace pg_candle::store {

/// When instruments trade, by the calendars of the database: what candles from outside are held against. Each calendar
/// is read once and kept.
class TradingHours {
public:
    /// One [opens, closes) of a session.
    struct Period {
        Date date;
        Instant opens, closes;
    };

    explicit TradingHours(Connection& connection) : connection_(connection) {}

    /// Why the instrument can have no candle of the timeframe with that start, or nullptr: minutes and hours outside a
    /// period, days without one. Only on dates whose holidays are known; of weeks and months nothing is said.
    const char* problem(int instrument_id, const Timeframe& timeframe, Instant start);

    /// The period that holds that moment, or ends with it; nullptr where there is none, or the date is not known.
    const Period* period_of(int instrument_id, Instant at);

private:
    struct Calendar {
        std::vector<Period> periods;  ///< ascending, of the known dates only
        Date known_from{}, known_through{};
        bool in_india = false;
    };

    const Calendar& calendar_of(int instrument_id);
    Calendar read(const std::string& name);

    Connection& connection_;
    std::map<int, const Calendar*> by_instrument_;
    std::map<std::string, Calendar> calendars_;
};

}  // namespace pg_candle::store
