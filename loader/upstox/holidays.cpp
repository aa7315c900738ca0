#include "upstox/holidays.hpp"

#include <set>

#include "upstox/list_answer.hpp"

namespace pg_candle::upstox {
namespace {

using Json = nlohmann::json;
using namespace std::chrono;

/// Whether an exchange is named twice at the same time; nobody can say which of the hours are meant.
bool overlap(const std::vector<ExchangeHours>& hours) {
    for (const ExchangeHours& one : hours)
        for (const ExchangeHours& other : hours)
            if (&one != &other && one.exchange == other.exchange && one.opens < other.closes &&
                other.opens < one.closes)
                return true;
    return false;
}

/// Hours must lie within the day that they are of.
bool read_hours(const Json& one, Date date, ExchangeHours& hours) {
    if (!one.is_object()) return false;
    const auto exchange = one.find("exchange"), from = one.find("start_time"), to = one.find("end_time");
    if (exchange == one.end() || !exchange->is_string() || exchange->get<std::string>().empty()) return false;
    if (from == one.end() || !from->is_number_integer() || to == one.end() || !to->is_number_integer()) return false;
    constexpr std::int64_t year_9999 = 253'402'300'800'000;
    const auto opens = from->get<std::int64_t>(), closes = to->get<std::int64_t>();
    if (opens < 0 || closes > year_9999 || opens >= closes) return false;
    hours = {exchange->get<std::string>(), Instant{milliseconds{opens}}, Instant{milliseconds{closes}}};
    return india_date(hours.opens) == date && india_date(hours.closes) == date;
}

bool read_day(const Json& one, MarketDay& day) {
    if (!one.is_object()) return false;
    const auto text = [&](const char* name) {
        return one.contains(name) && one[name].is_string() ? one[name].get<std::string>() : std::string();
    };
    const auto date = parse_date(text("date"));
    if (!date) return false;
    day.date = *date, day.description = text("description"), day.type = text("holiday_type");
    if (day.type.empty() || day.description.empty() || !one.contains("closed_exchanges") ||
        !one["closed_exchanges"].is_array())
        return false;
    for (const Json& exchange : one["closed_exchanges"]) {
        if (!exchange.is_string() || exchange.get<std::string>().empty()) return false;
        day.closed.push_back(exchange.get<std::string>());
    }
    if (!one.contains("open_exchanges") || !one["open_exchanges"].is_array()) return false;
    for (const Json& open : one["open_exchanges"]) {
        ExchangeHours hours;
        if (!read_hours(open, day.date, hours)) return false;
        day.open.push_back(std::move(hours));
    }
    // Special hours without hours say nothing.
    return !overlap(day.open) && !(day.open.empty() && (day.closed.empty() || day.type == "SPECIAL_TIMING"));
}

std::string shown(const Json& entry) {
    return entry.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 200);
}

}  // namespace

Parsed parse_holidays(std::string_view body, HolidayList& list) {
    list = {};
    Json data;
    if (const Parsed parsed = read_list(body, data); parsed != Parsed::taken) return parsed;
    for (const Json& one : data) {
        MarketDay day{};
        if (read_day(one, day)) {
            list.days.push_back(std::move(day));
            continue;
        }
        list.unreadable.push_back(shown(one));
        if (day.date != Date{})
            list.unreadable_days.insert(day.date);
        else
            list.has_unknown_day = true;
    }
    return list.unreadable.size() > list.days.size() ? Parsed::malformed : Parsed::taken;
}

Parsed parse_timings(std::string_view body, Date date, DayHours& hours) {
    hours = {};
    Json data;
    if (const Parsed parsed = read_list(body, data); parsed != Parsed::taken) return parsed;
    for (const Json& one : data) {
        ExchangeHours exchange;
        if (read_hours(one, date, exchange))
            hours.exchanges.push_back(std::move(exchange));
        else
            hours.unreadable.push_back(shown(one));
    }
    // Of an exchange that contradicts itself nothing is believed.
    std::set<std::string> contradicting;
    for (const ExchangeHours& one : hours.exchanges)
        for (const ExchangeHours& other : hours.exchanges)
            if (&one != &other && overlap({one, other})) contradicting.insert(one.exchange);
    std::erase_if(hours.exchanges, [&](const ExchangeHours& one) { return contradicting.contains(one.exchange); });
    for (const std::string& exchange : contradicting)
        hours.unreadable.push_back(exchange + " has several hours at the same time");
    return hours.unreadable.size() > hours.exchanges.size() ? Parsed::malformed : Parsed::taken;
}

}  // namespace pg_candle::upstox
