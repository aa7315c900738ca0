#include "replay/synthetic_exchange.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace pg_candle::replay {
namespace {

using namespace std::chrono;

constexpr const char* underlyings[] = {"NIFTY", "BANKNIFTY", "RELIANCE", "TCS", "HDFCBANK", "INFY", "M&M"};
constexpr int months_listed = 3;
constexpr int strikes_each_side = 5;
constexpr double tick = 0.05;

/// The month's last Tuesday, or the session before it.
sys_days expiry_of(year_month month) {
    sys_days day{month / Tuesday[last]};
    while (!SyntheticMarket::is_session(day)) day -= days{1};
    return day;
}

double to_tick(double price) { return std::max(1.0, std::floor(price / tick + 0.5)) / 20; }

/// An option's price: what exercising is worth now, and a hump of time value around the strike.
double option_price(double underlying, double strike, bool call, double years_left) {
    const double width = std::max(underlying * 0.2 * std::sqrt(years_left), underlying * 0.001);
    const double distance = (underlying - strike) / width;
    return std::max(0.0, call ? underlying - strike : strike - underlying) + 0.4 * width / (1 + distance * distance);
}

std::string date_text(sys_days date) {
    constexpr const char* names[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                     "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
    const year_month_day day{date};
    char text[16];
    snprintf(text, sizeof text, "%02u %s %02d", static_cast<unsigned>(day.day()),
             names[static_cast<unsigned>(day.month()) - 1], static_cast<int>(day.year()) % 100);
    return text;
}

std::string number_text(double number) {
    char text[32];
    snprintf(text, sizeof text, "%g", number);
    return text;
}

/// Derivatives trade to 15:40 where stocks trade to 15:30 (upstox.md 7.2): ten more minutes at the last price.
void stay_open(std::vector<Candle>& minutes) {
    // 2026-08-03 in India
    constexpr std::int64_t since = 1785695400, utc_offset = 19800, day = 86400, last_of_stocks = 929 * 60;
    std::vector<Candle> longer;
    for (const Candle& candle : minutes) {
        longer.push_back(candle);
        if (candle.start < since || (candle.start + utc_offset) % day != last_of_stocks) continue;
        for (int i = 1; i <= 10; ++i)
            longer.push_back({candle.start + 60 * i, candle.close, candle.close, candle.close, candle.close, 0});
    }
    minutes = std::move(longer);
}

Bar to_bar(const Candle& candle) {
    return {candle.start, candle.open, candle.high, candle.low, candle.close, static_cast<double>(candle.volume), 0};
}

}  // namespace

SyntheticExchange::SyntheticExchange(std::uint64_t seed) : market_(seed) {
    for (std::size_t first : {0, 1})
        walkers_.emplace_back([this, first](std::stop_token stop) {
            const auto& all = market_.instruments();
            for (std::size_t i = first; i < all.size() && !stop.stop_requested(); i += 2)
                market_.days(all[i], SyntheticMarket::last_day, SyntheticMarket::last_day);
        });
}

const Instrument* SyntheticExchange::find(const std::string& key) const {
    for (const Instrument& one : market_.instruments())
        if (one.key == key) return &one;
    return nullptr;
}

std::vector<Listing> SyntheticExchange::contracts(const Instrument& underlying, year_month month) const {
    const sys_days expiry = expiry_of(month);
    const sys_days listed_on = expiry_of(month - months{months_listed}) + days{1};
    const auto history = market_.days(underlying, listed_on - days{14}, listed_on);
    if (history.empty()) return {};
    const double price = history.back().close;
    const bool index = underlying.type == "INDEX";
    double step = 1;
    for (const double candidate : {2.5, 5.0, 10.0, 20.0, 50.0, 100.0})
        if (price * 0.01 >= candidate) step = candidate;
    const double middle = std::round(price / step) * step;
    const auto which = static_cast<int>(std::find(std::begin(underlyings), std::end(underlyings), underlying.symbol) -
                                        std::begin(underlyings));
    const int round =
        (static_cast<int>(month.year()) * 12 + static_cast<int>(static_cast<unsigned>(month.month()))) % 6;
    int token = 35000 + (which * 6 + round) * 100;
    const int lot = index ? (underlying.symbol == "NIFTY" ? 65 : 30)
                          : static_cast<int>(std::max(25.0, std::round(500'000 / price / 25) * 25));

    std::vector<Listing> result;
    const auto add = [&](const std::string& type, double strike) {
        Listing one{"NSE_FO|" + std::to_string(token++),
                    "NSE",
                    "NSE_FO",
                    type,
                    "",
                    underlying.name,
                    expiry,
                    strike,
                    lot,
                    underlying.key,
                    underlying.symbol,
                    index ? "INDEX" : "EQUITY"};
        one.symbol = underlying.symbol + (type == "FUT" ? " FUT " : " " + number_text(strike) + " " + type + " ") +
                     date_text(expiry);
        result.push_back(std::move(one));
    };
    add("FUT", 0);
    for (int i = -strikes_each_side; i <= strikes_each_side; ++i)
        for (const char* type : {"CE", "PE"}) add(type, middle + i * step);
    return result;
}

std::vector<Listing> SyntheticExchange::listed(sys_days today) const {
    std::vector<Listing> result;
    for (const Instrument& one : market_.instruments()) {
        result.push_back({one.key, "NSE", one.segment, one.type, one.symbol, one.name});
        if (one.type == "EQ")
            result.push_back(
                {"BSE_EQ|" + one.key.substr(one.key.find('|') + 1), "BSE", "BSE_EQ", "A", one.symbol, one.name});
    }
    const year_month_day date{today};
    for (const Instrument& one : market_.instruments()) {
        if (std::find(std::begin(underlyings), std::end(underlyings), one.symbol) == std::end(underlyings)) continue;
        year_month month = date.year() / date.month();
        if (expiry_of(month) < today) month += months{1};
        for (int i = 0; i < months_listed; ++i, month += months{1})
            for (Listing& contract : contracts(one, month)) result.push_back(std::move(contract));
    }
    return result;
}

std::vector<Listing> SyntheticExchange::expired(const std::string& underlying_key, sys_days today,
                                                std::optional<sys_days> expiry) const {
    std::vector<Listing> result;
    const Instrument* const underlying = find(underlying_key);
    if (!underlying ||
        std::find(std::begin(underlyings), std::end(underlyings), underlying->symbol) == std::end(underlyings))
        return result;
    // The provider keeps some two years.
    const year_month_day date{today};
    const year_month now = date.year() / date.month();
    for (year_month month = now - months{24}; month <= now; month += months{1}) {
        const sys_days end = expiry_of(month);
        if (end >= today || (expiry && *expiry != end)) continue;
        for (Listing& contract : contracts(*underlying, month)) result.push_back(std::move(contract));
    }
    return result;
}

std::vector<Bar> SyntheticExchange::bars(const Listing& listing, Width width, sys_days from, sys_days to) const {
    std::vector<Bar> result;
    if (!listing.expiry) {
        // A stock trades at both exchanges at the same price.
        const auto bar = listing.key.find('|');
        const Instrument* const one =
            find(listing.segment == "BSE_EQ" ? "NSE_EQ" + listing.key.substr(bar) : listing.key);
        if (!one) return result;
        for (const Candle& candle :
             width == Width::minute ? market_.minutes(*one, from, to) : market_.days(*one, from, to))
            result.push_back(to_bar(candle));
        return result;
    }
    const Instrument* const underlying = find(listing.underlying_key);
    if (!underlying) return result;
    const year_month_day end{*listing.expiry};
    const sys_days listed_on = expiry_of(end.year() / end.month() - months{months_listed}) + days{1};
    from = std::max(from, listed_on), to = std::min(to, *listing.expiry);
    if (from > to) return result;
    const bool future = listing.type == "FUT", call = listing.type == "CE";
    std::vector<Candle> minutes = market_.minutes(*underlying, from, to);
    stay_open(minutes);
    for (const Candle& candle : minutes) {
        const double years =
            static_cast<double>(sys_days{*listing.expiry}.time_since_epoch().count() * 86400 + 36000 - candle.start) /
            (365.0 * 86400);
        const auto price = [&](double of) {
            return to_tick(future ? of * (1 + 0.06 * years)
                                  : option_price(of, listing.strike, call, std::max(years, 0.0)));
        };
        Bar bar{candle.start, price(candle.open), price(candle.high), price(candle.low), price(candle.close), 0};
        const auto [low, high] = std::minmax({bar.open, bar.high, bar.low, bar.close});
        bar.low = low, bar.high = high;
        const std::int64_t minute = candle.start / 60;
        bar.volume = static_cast<double>(listing.lot * (minute * 2654435761 % 97 < 20 ? 0 : minute * 40503 % 61));
        bar.oi = static_cast<double>(listing.lot * (1000 + minute % 375));
        result.push_back(bar);
    }
    return width == Width::minute ? result : widen_to_days(result);
}

}  // namespace pg_candle::replay
