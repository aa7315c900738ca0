#include "upstox/holidays.hpp"

#include "upstox/list_answer.hpp"

namespace pg_candle::upstox {
namespace {

using Json = nlohmann::json;

bool read_hours(const Json& list, std::vector<ExchangeHours>& hours) {
    if (!list.is_array()) return false;
    for (const Json& one : list) {
        if (!one.is_object()) return false;
        const auto exchange = one.find("exchange"), from = one.find("start_time"), to = one.find("end_time");
        if (exchange == one.end() || !exchange->is_string() || from == one.end() || !from->is_number_integer() || to == one.end() || !to->is_number_integer())
            return false;
        const auto at = [](const Json& number) { return Instant{std::chrono::milliseconds{number.get<std::int64_t>()}}; };
        hours.push_back({exchange->get<std::string>(), at(*from), at(*to)});
        if (hours.back().opens >= hours.back().closes) return false;
    }
    return true;
}

}  // namespace

Parsed parse_holidays(std::string_view body, std::vector<MarketDay>& days) {
    Json data;
    if (const Parsed parsed = read_list(body, data); parsed != Parsed::taken) return parsed;
    for (const Json& one : data) {
        if (!one.is_object()) return Parsed::malformed;
        const auto text = [&](const char* name) { return one.contains(name) && one[name].is_string() ? one[name].get<std::string>() : std::string(); };
        MarketDay day{};
        const auto date = parse_date(text("date"));
        if (!date || text("holiday_type").empty()) return Parsed::malformed;
        day.date = *date, day.description = text("description"), day.type = text("holiday_type");
        if (one.contains("closed_exchanges")) {
            if (!one["closed_exchanges"].is_array()) return Parsed::malformed;
            for (const Json& exchange : one["closed_exchanges"]) {
                if (!exchange.is_string()) return Parsed::malformed;
                day.closed.push_back(exchange.get<std::string>());
            }
        }
        if (one.contains("open_exchanges") && !read_hours(one["open_exchanges"], day.open)) return Parsed::malformed;
        days.push_back(std::move(day));
    }
    return Parsed::taken;
}

Parsed parse_timings(std::string_view body, std::vector<ExchangeHours>& hours) {
    Json data;
    if (const Parsed parsed = read_list(body, data); parsed != Parsed::taken) return parsed;
    return read_hours(data, hours) ? Parsed::taken : Parsed::malformed;
}

}  // namespace pg_candle::upstox
