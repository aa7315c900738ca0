#include "market/timeframe.hpp"

#include <charconv>

namespace pg_candle {

bool parse_timeframe(std::string_view text, Timeframe& timeframe, const char*& reason) noexcept {
    int count = 0;
    const auto [unit_at, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit(unit_at, text.data() + text.size() - unit_at);
    if (error != std::errc() || count < 1 || text[0] == '0') {
        reason = "A timeframe is a number from 1 followed by m, h, d, w or mo.";
        return false;
    }
    if (unit == "m") {
        timeframe = {Timeframe::Unit::minute, count};
        reason = "Minutes that make whole hours are written in hours: 1h, not 60m.";
        return count < 1440 && count % 60 != 0;
    }
    if (unit == "h") {
        timeframe = {Timeframe::Unit::hour, count};
        reason = "A timeframe in hours is shorter than a day: at most 23h, and then 1d.";
        return count < 24;
    }
    reason = "Timeframes of a day and longer are 1d, 1w and 1mo.";
    if (count != 1) return false;
    if (unit == "d")
        timeframe = {Timeframe::Unit::day, 1};
    else if (unit == "w")
        timeframe = {Timeframe::Unit::week, 1};
    else if (unit == "mo")
        timeframe = {Timeframe::Unit::month, 1};
    else {
        reason = "A timeframe is a number from 1 followed by m, h, d, w or mo.";
        return false;
    }
    return true;
}

}  // namespace pg_candle
