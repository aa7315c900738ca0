#include "upstox/endpoints.hpp"

#include <algorithm>

namespace pg_candle::upstox {
namespace {

using namespace std::chrono;
using Unit = Timeframe::Unit;

int minutes_of(const Timeframe& timeframe) { return timeframe.count * (timeframe.unit == Unit::hour ? 60 : 1); }

/// First date of the window that ends with `to`.
Date window_start(const Timeframe& timeframe, Date to) {
    const year_month_day last{to};
    if (timeframe.intraday()) {
        if (minutes_of(timeframe) <= 15) return Date{last.year() / last.month() / 1};
        const unsigned first_month = (static_cast<unsigned>(last.month()) - 1) / 3 * 3 + 1;
        return Date{last.year() / month{first_month} / 1};
    }
    if (timeframe.unit != Unit::day) return Date::min();
    // Ten years less a day less the leap day that may be missing then.
    year_month_day first = (last.year() - years{10}) / last.month() / last.day();
    if (!first.ok()) first = first.year() / first.month() / std::chrono::last;
    return Date{first} + days{1};
}

}  // namespace

std::vector<DateRange> cut_into_requests(const Timeframe& timeframe, DateRange range) {
    std::vector<DateRange> requests;
    while (range.from <= range.to) {
        const Date start = std::max(range.from, window_start(timeframe, range.to));
        requests.push_back({start, range.to});
        range.to = start - days{1};
    }
    return requests;
}

bool is_served(const Timeframe& timeframe) {
    if (timeframe.unit == Unit::hour) return timeframe.count <= 5;
    return timeframe.unit != Unit::minute || timeframe.count <= 300;
}

bool is_served_intraday(const Timeframe& timeframe) {
    return is_served(timeframe) && timeframe.unit != Unit::week && timeframe.unit != Unit::month;
}

std::string unit_and_interval(const Timeframe& timeframe) {
    constexpr const char* units[] = {"minutes/", "hours/", "days/", "weeks/", "months/"};
    return units[static_cast<int>(timeframe.unit)] + std::to_string(timeframe.count);
}

std::string percent_encode(std::string_view text) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.' || c == '~')
            result += c;
        else
            result.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
    return result;
}

std::string historical_path(std::string_view instrument_key, const Timeframe& timeframe, DateRange range) {
    return "/v3/historical-candle/" + percent_encode(instrument_key) + '/' + unit_and_interval(timeframe) + '/' +
           format_date(range.to) + '/' + format_date(range.from);
}

std::string intraday_path(std::string_view instrument_key, const Timeframe& timeframe) {
    return "/v3/historical-candle/intraday/" + percent_encode(instrument_key) + '/' + unit_and_interval(timeframe);
}

std::string quotes_path(const std::vector<std::string>& instrument_keys) {
    std::string path = "/v3/market-quote/ltp?instrument_key=";
    for (std::size_t i = 0; i < instrument_keys.size(); ++i) path.append(i ? "," : "").append(percent_encode(instrument_keys[i]));
    return path;
}

}  // namespace pg_candle::upstox
