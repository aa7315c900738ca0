// The routes of replay/server.hpp that serve candles, the calendar and expired contracts.
#include "model/failure.hpp"
#include "model/india_time.hpp"
#include "replay/answers.hpp"
#include "replay/server.hpp"
#include "replay/synthetic_market.hpp"

namespace pg_candle::replay {
namespace {

using namespace std::chrono;
using Json = nlohmann::ordered_json;

/// First date that a request ending with `to` may ask for.
sys_days earliest(const std::string& unit, int interval, sys_days to) {
    const year_month_day day{to};
    const auto back = [&](auto span) {
        year_month_day first = day - span;
        return first.ok() ? sys_days{first} : sys_days{first.year() / first.month() / last};
    };
    if (unit == "minutes" && interval <= 15) return back(months{1});
    if (unit == "minutes" || unit == "hours") return back(months{3});
    if (unit == "days") return back(years{10});
    return sys_days::min();
}

/// The error of a unit and interval, or nullptr.
const char* wrong_interval(const std::string& unit, int interval, bool intraday) {
    const bool known =
        unit == "minutes" || unit == "hours" || unit == "days" || (!intraday && (unit == "weeks" || unit == "months"));
    if (!known) return "UDAPI1146";
    const int most = unit == "minutes" ? 300 : unit == "hours" ? 5 : 1;
    return interval >= 1 && interval <= most ? nullptr : "UDAPI1147";
}

std::vector<Bar> bars(const Market& market, const Listing& listing, const std::string& unit, int interval,
                      sys_days from, sys_days to) {
    if (unit == "minutes" || unit == "hours") {
        const auto minutes = market.bars(listing, Width::minute, from, to);
        const int width = interval * (unit == "hours" ? 60 : 1);
        return width == 1 ? minutes : widen_minutes(minutes, width);
    }
    const auto days = market.bars(listing, Width::day, from, to);
    return unit == "days" ? days : widen_days(days, unit == "months");
}

/// Of the running day, in a replay whose clock runs: what has ended by now.
std::vector<Bar> bars_so_far(const Market& market, const Listing& listing, const std::string& unit, int interval,
                             sys_days today) {
    if (!clock_is_replayed()) return bars(market, listing, unit, interval, today, today);
    auto minutes = market.bars(listing, Width::minute, today, today);
    const auto now_seconds = duration_cast<seconds>(now().time_since_epoch()).count();
    std::erase_if(minutes, [&](const Bar& bar) { return bar.start + 60 > now_seconds; });
    if (unit == "days") return widen_to_days(minutes);
    const int width = interval * (unit == "hours" ? 60 : 1);
    return width == 1 ? minutes : widen_minutes(minutes, width);
}

}  // namespace

void Server::add_candles() {
    route(
        "/v3/historical-candle/intraday/([^/]+)/([a-z]+)/([0-9]{1,4})",
        [this](const Request& request, Response& response) {
            const Listing* const listing = find(request.matches[1]);
            const std::string unit = request.matches[2];
            const int interval = std::stoi(request.matches[3]);
            if (!listing) return refuse(response, 400, "UDAPI100011", "Invalid Instrument key");
            if (const char* code = wrong_interval(unit, interval, true))
                return refuse(response, 400, code, "Invalid unit or interval");
            {
                const std::lock_guard lock(mutex_);
                ++asked_[request.path];
            }
            response.body = success_body(candles_json(bars_so_far(market_, *listing, unit, interval, options_.today)));
        },
        false);
    route(
        "/v3/historical-candle/([^/]+)/([a-z]+)/([0-9]{1,4})/([^/]+)/([^/]+)",
        [this](const Request& request, Response& response) {
            const Listing* const listing = find(request.matches[1]);
            const std::string unit = request.matches[2];
            const int interval = std::stoi(request.matches[3]);
            const auto to = parse_date(request.matches[4].str()), from = parse_date(request.matches[5].str());
            if (!listing) return refuse(response, 400, "UDAPI100011", "Invalid Instrument key");
            if (const char* code = wrong_interval(unit, interval, false))
                return refuse(response, 400, code, "Invalid unit or interval");
            if (!from || !to || *from > *to)
                return refuse(response, 400, "UDAPI1015",
                              "to_date should be greater than or equal to from_date and of the form yyyy-mm-dd");
            if (*from < earliest(unit, interval, *to)) return refuse(response, 400, "UDAPI1148", "Invalid date range");
            {
                const std::lock_guard lock(mutex_);
                ++asked_[request.path];
            }
            response.body = success_body(
                candles_json(bars(market_, *listing, unit, interval, *from, std::min(*to, options_.today - days{1}))));
        },
        false);
}

void Server::add_calendar() {
    // The exchanges that trade the synthetic market; on ordinary days also those that do not.
    const auto exchange_times = [](sys_days day) {
        constexpr sys_days longer_derivatives{year{2026} / 8 / 3};
        Json list = Json::array();
        const auto add_others = [&](std::initializer_list<const char*> exchanges, minutes closes) {
            const auto at = [&](minutes minute) {
                return duration_cast<milliseconds>((india_midnight(day) + minute).time_since_epoch()).count();
            };
            for (const char* exchange : exchanges)
                list.push_back({{"exchange", exchange}, {"start_time", at(hours{9})}, {"end_time", at(closes)}});
        };
        if (!SyntheticMarket::is_special(day)) {
            const year year = year_month_day{day}.year();
            const bool summer_in_new_york =
                day >= sys_days{year / March / Sunday[2]} && day < sys_days{year / November / Sunday[1]};
            add_others({"CDS", "BCD"}, hours{17});
            add_others({"MCX", "NSCOM"}, hours{23} + minutes{summer_in_new_york ? 30 : 55});
        }
        for (const char* exchange : {"NSE", "BSE", "NFO", "BFO"})
            for (const auto& period : SyntheticMarket::periods(day)) {
                const bool derivatives = exchange[1] == 'F' && day >= longer_derivatives;
                const auto at = [&](int minute) {
                    return duration_cast<milliseconds>((india_midnight(day) + minutes{minute}).time_since_epoch())
                        .count();
                };
                list.push_back({{"exchange", exchange},
                                {"start_time", at(period.opens)},
                                {"end_time", at(period.closes + (derivatives ? 10 : 0))}});
            }
        return list;
    };
    route(
        "/v2/market/timings/([^/]+)",
        [this, exchange_times](const Request& request, Response& response) {
            const auto day = parse_date(request.matches[1].str());
            if (!day) return refuse(response, 400, "UDAPI1088", "Invalid date");
            response.body = success_body(market_.is_session(*day) ? exchange_times(*day).dump() : "[]");
        },
        true);
    route(
        "/v2/market/holidays(?:/([^/]+))?",
        [this, exchange_times](const Request& request, Response& response) {
            const year year = year_month_day{options_.today}.year();
            sys_days from{year / 1 / 1}, to{year / 12 / 31};
            if (request.matches[1].matched) {
                const auto day = parse_date(request.matches[1].str());
                if (!day) return refuse(response, 400, "UDAPI1088", "Invalid date");
                from = to = *day;
            }
            if (!options_.holidays.empty()) {
                response.body = success_body(options_.holidays);
                return;
            }
            Json list = Json::array();
            for (sys_days day = from; day <= to; day += days{1}) {
                const weekday of_week{day};
                const bool weekend = of_week == Saturday || of_week == Sunday;
                if (!market_.is_session(day) && !weekend)
                    list.push_back({{"date", format_date(day)},
                                    {"description", "Holiday"},
                                    {"holiday_type", "TRADING_HOLIDAY"},
                                    {"closed_exchanges", {"NSE", "NFO", "CDS", "BSE", "BFO", "BCD"}},
                                    {"open_exchanges", Json::array()}});
                else if (SyntheticMarket::is_special(day) && market_.is_session(day))
                    list.push_back({{"date", format_date(day)},
                                    {"description", "Special session"},
                                    {"holiday_type", "SPECIAL_TIMING"},
                                    {"closed_exchanges", {"CDS", "BCD"}},
                                    {"open_exchanges", exchange_times(day)}});
            }
            response.body = success_body(list.dump());
        },
        true);
}

void Server::add_expired() {
    const auto with_plus = [this](auto handler) {
        return [this, handler](const Request& request, Response& response) {
            if (!options_.plus)
                return refuse(response, 401, "UDAPI1149",
                              "This API is available exclusively with an Upstox Plus plan subscription");
            handler(request, response);
        };
    };
    const auto dated_key = [](const Listing& one) {
        const std::string date = format_date(*one.expiry);
        return one.key + "|" + date.substr(8) + "-" + date.substr(5, 2) + "-" + date.substr(0, 4);
    };
    route("/v2/expired-instruments/expiries", with_plus([this](const Request& request, Response& response) {
              const std::string key = request.get_param_value("instrument_key");
              if (!find(key)) return refuse(response, 400, "UDAPI100011", "Invalid Instrument key");
              std::set<std::string> dates;
              for (const Listing& one : market_.expired(key, options_.today, {}))
                  dates.insert(format_date(*one.expiry));
              response.body = success_body(Json(dates).dump());
          }),
          true);
    route("/v2/expired-instruments/(option|future)/contract",
          with_plus([this, dated_key](const Request& request, Response& response) {
              const std::string key = request.get_param_value("instrument_key");
              const auto expiry = parse_date(request.get_param_value("expiry_date"));
              if (!find(key)) return refuse(response, 400, "UDAPI100011", "Invalid Instrument key");
              if (!expiry) return refuse(response, 400, "UDAPI1088", "Invalid date");
              const bool futures = request.matches[1] == "future";
              Json list = Json::array();
              for (const Listing& one : market_.expired(key, options_.today, expiry)) {
                  if ((one.type == "FUT") != futures) continue;
                  Json json = listing_json(one, false);
                  json["instrument_key"] = dated_key(one);
                  list.push_back(std::move(json));
              }
              response.body = success_body(list.dump());
          }),
          true);
    route("/v2/expired-instruments/historical-candle/([^/]+)/([0-9a-z]+)/([^/]+)/([^/]+)",
          with_plus([this, dated_key](const Request& request, Response& response) {
              const std::string key = request.matches[1], interval = request.matches[2];
              const auto to = parse_date(request.matches[3].str()), from = parse_date(request.matches[4].str());
              if (!from || !to || *from > *to)
                  return refuse(response, 400, "UDAPI1015", "to_date should be greater than or equal to from_date");
              const std::map<std::string, int> intervals{{"1minute", 1},   {"3minute", 3},   {"5minute", 5},
                                                         {"15minute", 15}, {"30minute", 30}, {"day", 0}};
              const auto width = intervals.find(interval);
              if (width == intervals.end())
                  return refuse(response, 400, "UDAPI1020",
                                "Interval accepts one of (1minute,3minute,5minute,15minute,30minute,day)");
              const std::size_t bar = key.rfind('|');
              const std::string date = bar == key.npos ? "" : key.substr(bar + 1);
              const auto expiry = date.size() == 10
                                      ? parse_date(date.substr(6) + "-" + date.substr(3, 2) + "-" + date.substr(0, 2))
                                      : std::nullopt;
              if (!expiry) return refuse(response, 400, "UDAPI1021", "Instrument key is of invalid format");
              for (const Listing& underlying : listed_) {
                  if (underlying.expiry) continue;
                  for (const Listing& one : market_.expired(underlying.key, options_.today, expiry))
                      if (dated_key(one) == key) {
                          {
                              const std::lock_guard lock(mutex_);
                              ++asked_[request.path];
                          }
                          response.body = success_body(candles_json(
                              width->second == 0 ? bars(market_, one, "days", 1, *from, *to)
                                                 : bars(market_, one, "minutes", width->second, *from, *to)));
                          return;
                      }
              }
              refuse(response, 400, "UDAPI100011", "Invalid Instrument key");
          }),
          true);
}

}  // namespace pg_candle::replay
