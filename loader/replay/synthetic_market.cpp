#include "replay/synthetic_market.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <cstdio>
#include <random>

#include "replay/nse_holidays.hpp"

namespace pg_candle::replay {
namespace {

using namespace std::chrono;

constexpr SyntheticMarket::Period regular{555, 930};
constexpr seconds utc_offset = hours{5} + minutes{30};
constexpr double tick = 0.05;

struct Listing {
    const char* symbol;
    const char* name;
    double price;
};

constexpr Listing stocks[] = {{"ADANIENT", "Adani Enterprises", 180},
                              {"ADANIPORTS", "Adani Ports", 400},
                              {"APOLLOHOSP", "Apollo Hospitals", 1200},
                              {"ASIANPAINT", "Asian Paints", 1150},
                              {"AXISBANK", "Axis Bank", 560},
                              {"BAJAJ-AUTO", "Bajaj Auto", 3300},
                              {"BAJAJFINSV", "Bajaj Finserv", 520},
                              {"BAJFINANCE", "Bajaj Finance", 1750},
                              {"BEL", "Bharat Electronics", 60},
                              {"BHARTIARTL", "Bharti Airtel", 520},
                              {"BPCL", "Bharat Petroleum", 250},
                              {"BRITANNIA", "Britannia", 2350},
                              {"CIPLA", "Cipla", 610},
                              {"COALINDIA", "Coal India", 265},
                              {"DIVISLAB", "Divi's Laboratories", 1090},
                              {"DRREDDY", "Dr Reddy's", 480},
                              {"EICHERMOT", "Eicher Motors", 2900},
                              {"ETERNAL", "Eternal", 60},
                              {"GRASIM", "Grasim", 1160},
                              {"HCLTECH", "HCL Technologies", 450},
                              {"HDFCBANK", "HDFC Bank", 940},
                              {"HDFCLIFE", "HDFC Life", 390},
                              {"HEROMOTOCO", "Hero MotoCorp", 3780},
                              {"HINDALCO", "Hindalco", 270},
                              {"HINDUNILVR", "Hindustan Unilever", 1370},
                              {"ICICIBANK", "ICICI Bank", 315},
                              {"INDUSINDBK", "IndusInd Bank", 1650},
                              {"INFY", "Infosys", 520},
                              {"ITC", "ITC", 262},
                              {"JSWSTEEL", "JSW Steel", 270},
                              {"KOTAKBANK", "Kotak Mahindra Bank", 1010},
                              {"LT", "Larsen & Toubro", 1260},
                              {"M&M", "Mahindra & Mahindra", 750},
                              {"MARUTI", "Maruti Suzuki", 9700},
                              {"NESTLEIND", "Nestle India", 785},
                              {"NTPC", "NTPC", 177},
                              {"ONGC", "Oil and Natural Gas", 195},
                              {"POWERGRID", "Power Grid", 150},
                              {"RELIANCE", "Reliance Industries", 455},
                              {"SBILIFE", "SBI Life", 690},
                              {"SBIN", "State Bank of India", 310},
                              {"SHRIRAMFIN", "Shriram Finance", 290},
                              {"SUNPHARMA", "Sun Pharmaceutical", 575},
                              {"TATACONSUM", "Tata Consumer", 315},
                              {"TATASTEEL", "Tata Steel", 70},
                              {"TCS", "Tata Consultancy Services", 1350},
                              {"TECHM", "Tech Mahindra", 505},
                              {"TITAN", "Titan", 860},
                              {"ULTRACEMCO", "UltraTech Cement", 4320},
                              {"WIPRO", "Wipro", 235}};

/// Bell-shaped around 0 with a standard deviation of 1: the sum of four even numbers, so that no library's logarithm
/// decides.
double bell(std::mt19937_64& random) {
    double sum = 0;
    for (int i = 0; i < 4; ++i) sum += static_cast<double>(random() >> 11) * 0x1p-53;
    return (sum - 2) * 1.7320508075688772;
}

double to_tick(double price) { return std::max(1.0, std::floor(price / tick + 0.5)) / 20; }

/// Busy at the open and the close, quiet at noon: 1 at the ends, 0.3 in the middle.
double activity(int minute, int minutes) {
    const double x = 2.0 * minute / (minutes - 1) - 1;
    return 0.3 + 0.7 * x * x;
}

}  // namespace

/// An instrument's price on its way through time, one session after the other.
class SyntheticMarket::Walker {
    using Period = SyntheticMarket::Period;

public:
    Walker(std::uint64_t seed, std::uint64_t number, const Instrument& instrument)
        : random_(seed * 1000003 + number), price_(instrument.start_price) {
        const bool index = instrument.type == "INDEX";
        minute_move_ = (index ? 0.0003 : 0.0006) + 0.00002 * static_cast<double>(number % 7);
        drift_ = 0.0000002 * static_cast<double>(number % 11);
        typical_volume_ = index ? 0 : 2e7 / instrument.start_price;
    }

    /// Trades through a session: its minutes to `minute` if that is there; returns the whole.
    Candle trade(sys_days day, const Take& minute) {
        const auto midnight = duration_cast<seconds>(day.time_since_epoch() - utc_offset).count();
        const std::vector<Period> periods = SyntheticMarket::periods(day);
        int total = 0;
        for (const Period& period : periods) total += period.closes - period.opens;
        Candle whole{};
        price_ *= 1 + 0.004 * bell(random_);  // overnight
        std::size_t at = 0;
        for (int m = 0, minute_of_day = periods[0].opens; m < total; ++m, ++minute_of_day) {
            if (minute_of_day == periods[at].closes) minute_of_day = periods[++at].opens;
            const double busy = activity(m, total), move = minute_move_ * std::sqrt(busy);
            Candle candle{midnight + 60 * minute_of_day, to_tick(price_), 0, 0, 0, 0};
            price_ *= 1 + drift_ + move * bell(random_);
            candle.close = to_tick(price_);
            const double reach = 0.5 * move * price_;
            candle.high = std::max({candle.open, candle.close, to_tick(price_ + reach * std::fabs(bell(random_)))});
            candle.low = std::min({candle.open, candle.close, to_tick(price_ - reach * std::fabs(bell(random_)))});
            candle.volume = static_cast<std::int64_t>(typical_volume_ * busy * (0.2 + std::fabs(bell(random_))));
            if (m == 0) whole = {midnight, candle.open, candle.high, candle.low, 0, 0};
            whole.high = std::max(whole.high, candle.high);
            whole.low = std::min(whole.low, candle.low);
            whole.close = candle.close;
            whole.volume += candle.volume;
            if (minute) minute(candle);
        }
        return whole;
    }

private:
    std::mt19937_64 random_;
    double price_, minute_move_, drift_, typical_volume_;
};

struct SyntheticMarket::Life {
    std::once_flag walked;
    std::map<sys_days, Walker> months;  // as they begin
    std::vector<std::pair<sys_days, Candle>> sessions;
};

SyntheticMarket::SyntheticMarket(std::uint64_t seed) : seed_(seed) {
    int number = 0;
    for (const Listing& stock : stocks) {
        char isin[16];
        snprintf(isin, sizeof isin, "INE%03dS01010", ++number);
        instruments_.push_back({std::string("NSE_EQ|") + isin, "NSE_EQ", "EQ", stock.symbol, stock.name, stock.price});
    }
    instruments_.push_back({"NSE_INDEX|Nifty 50", "NSE_INDEX", "INDEX", "NIFTY", "Nifty 50", 10500});
    instruments_.push_back({"NSE_INDEX|Nifty Bank", "NSE_INDEX", "INDEX", "BANKNIFTY", "Nifty Bank", 25500});
    for (std::size_t i = 0; i < instruments_.size(); ++i) lives_.push_back(std::make_unique<Life>());
}

std::vector<SyntheticMarket::Period> SyntheticMarket::periods(sys_days day) {
    const auto is_that_day = [&](const Date& date) { return sys_days{year{date.year} / date.month / date.day} == day; };
    std::vector<Period> special;
    for (const SpecialPeriod& one : nse_special_periods)
        if (is_that_day(one.date)) special.push_back({one.opens, one.closes});
    if (!special.empty()) return special;
    const weekday of_week{day};
    if (of_week == Saturday || of_week == Sunday ||
        std::any_of(std::begin(nse_holidays), std::end(nse_holidays), is_that_day))
        return {};
    return {regular};
}

bool SyntheticMarket::is_special(sys_days day) {
    return std::any_of(std::begin(nse_special_periods), std::end(nse_special_periods), [&](const SpecialPeriod& one) {
        return sys_days{year{one.date.year} / one.date.month / one.date.day} == day;
    });
}

SyntheticMarket::~SyntheticMarket() = default;

void SyntheticMarket::walk(const Instrument& instrument, sys_days days_from, sys_days minutes_from, sys_days last,
                           const Take& daily, const Take& minute) const {
    Walker walker(seed_, static_cast<std::uint64_t>(&instrument - instruments_.data()), instrument);
    for (sys_days day = first_day; day <= last; day += std::chrono::days{1}) {
        if (!is_session(day)) continue;
        const Candle whole = walker.trade(day, day >= minutes_from ? minute : Take());
        if (daily && day >= days_from) daily(whole);
    }
}

const SyntheticMarket::Life& SyntheticMarket::life(const Instrument& instrument) const {
    const auto number = static_cast<std::size_t>(&instrument - instruments_.data());
    Life& life = *lives_[number];
    std::call_once(life.walked, [&] {
        Walker walker(seed_, number, instrument);
        for (sys_days day = first_day; day <= last_day; day += std::chrono::days{1}) {
            if (year_month_day{day}.day() == std::chrono::day{1}) life.months.emplace(day, walker);
            if (is_session(day)) life.sessions.emplace_back(day, walker.trade(day, {}));
        }
    });
    return life;
}

std::vector<Candle> SyntheticMarket::minutes(const Instrument& instrument, sys_days from, sys_days to) const {
    std::vector<Candle> candles;
    from = std::max(from, first_day), to = std::min(to, last_day);
    if (from > to) return candles;
    const auto month = std::prev(life(instrument).months.upper_bound(from));
    Walker walker = month->second;
    for (sys_days day = month->first; day <= to; day += std::chrono::days{1}) {
        if (!is_session(day)) continue;
        walker.trade(day, day < from ? Take() : Take([&](const Candle& candle) { candles.push_back(candle); }));
    }
    return candles;
}

std::vector<Candle> SyntheticMarket::days(const Instrument& instrument, sys_days from, sys_days to) const {
    std::vector<Candle> candles;
    for (const auto& [day, candle] : life(instrument).sessions)
        if (day >= from && day <= to) candles.push_back(candle);
    return candles;
}

}  // namespace pg_candle::replay
