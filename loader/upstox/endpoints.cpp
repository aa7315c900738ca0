#include "upstox/endpoints.hpp"

namespace pg_candle::upstox {
namespace {

using Unit = Timeframe::Unit;

}  // namespace

bool is_served(const Timeframe& timeframe) {
    if (timeframe.unit == Unit::hour) return timeframe.count <= 5;
    return timeframe.unit != Unit::minute || timeframe.count <= 300;
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
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
            c == '.' || c == '~')
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

std::string expired_path(std::string_view instrument_key, Date expiry, DateRange range) {
    const std::string date = format_date(expiry);
    const std::string key =
        std::string(instrument_key) + '|' + date.substr(8) + '-' + date.substr(5, 2) + '-' + date.substr(0, 4);
    return "/v2/expired-instruments/historical-candle/" + percent_encode(key) + "/1minute/" + format_date(range.to) +
           '/' + format_date(range.from);
}

std::string expiries_path(std::string_view underlying_key) {
    return "/v2/expired-instruments/expiries?instrument_key=" + percent_encode(underlying_key);
}

std::string contracts_path(const char* kind, std::string_view underlying_key, Date expiry) {
    return std::string("/v2/expired-instruments/") + kind +
           "/contract?instrument_key=" + percent_encode(underlying_key) + "&expiry_date=" + format_date(expiry);
}

std::string quotes_path(const std::vector<std::string>& instrument_keys) {
    std::string path = "/v3/market-quote/ltp?instrument_key=";
    for (std::size_t i = 0; i < instrument_keys.size(); ++i)
        path.append(i ? "," : "").append(percent_encode(instrument_keys[i]));
    return path;
}

}  // namespace pg_candle::upstox
