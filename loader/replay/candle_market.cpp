// candle_market: prints the synthetic market as CSV, for COPY.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <string>

#include "replay/synthetic_market.hpp"

namespace {

using namespace std::chrono;
using namespace pg_candle::replay;

sys_days parse_date(const std::string& text) {
    int y = 0, m = 0, d = 0;
    char rest = 0;
    const bool read = sscanf(text.c_str(), "%4d-%2d-%2d%c", &y, &m, &d, &rest) == 3;
    const year_month_day date{year{y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(d)}};
    if (!read || !date.ok()) throw CLI::ValidationError(text, "is not a date like 2026-10-30");
    return date;
}

void print_instruments(const SyntheticMarket& market) {
    puts("instrument_key,exchange,segment,instrument_type,trading_symbol,name,lot_size,tick_size");
    for (const Instrument& one : market.instruments())
        printf("%s,NSE,%s,%s,%s,%s,1,0.05\n", one.key.c_str(), one.segment.c_str(), one.type.c_str(),
               one.symbol.c_str(), one.name.c_str());
}

void print_candles(const SyntheticMarket& market, sys_days days_from, sys_days minutes_from, sys_days last) {
    puts("instrument_key,timeframe,ts,open,high,low,close,volume");
    for (const Instrument& one : market.instruments()) {
        const auto print = [&](const char* timeframe) {
            return [&one, timeframe](const Candle& candle) {
                const sys_seconds local{seconds{candle.start} + hours{5} + minutes{30}};
                const sys_days date = floor<days>(local);
                const year_month_day day{date};
                const hh_mm_ss time{local - date};
                printf("%s,%s,%04d-%02u-%02uT%02d:%02d:00+05:30,%.2f,%.2f,%.2f,%.2f,%lld\n", one.key.c_str(), timeframe,
                       static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                       static_cast<unsigned>(day.day()), static_cast<int>(time.hours().count()),
                       static_cast<int>(time.minutes().count()), candle.open, candle.high, candle.low, candle.close,
                       static_cast<long long>(candle.volume));
            };
        };
        market.walk(one, days_from, minutes_from, last, print("1d"), print("1m"));
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"A deterministic synthetic market with NSE's hours and holidays, as CSV"};
    app.require_subcommand(1);
    std::uint64_t seed = 1;
    std::string days_from = "2021-11-01", minutes_from = "2026-10-01", last = "2026-10-30";
    app.add_option("--seed", seed, "another market")->capture_default_str();
    CLI::App* instruments = app.add_subcommand("instruments", "50 stocks and 2 indices");
    CLI::App* candles = app.add_subcommand("candles", "their daily and minute candles");
    candles->add_option("--days-from", days_from, "first date of 1d candles")->capture_default_str();
    candles->add_option("--minutes-from", minutes_from, "first date of 1m candles")->capture_default_str();
    candles->add_option("--to", last, "last date")->capture_default_str();
    try {
        app.parse(argc, argv);
        const SyntheticMarket market(seed);
        if (*instruments) print_instruments(market);
        if (*candles) print_candles(market, parse_date(days_from), parse_date(minutes_from), parse_date(last));
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? 0 : 2;
    }
    return ferror(stdout) ? 1 : 0;
}
