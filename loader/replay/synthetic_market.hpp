#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pg_candle::replay {

// A market that never was: 50 stocks and 2 indices with NSE's hours, holidays and ticks. The same seed and dates give
// the same candles on every machine: only integer random numbers, sums and products go into a price. A day's candle is
// what its minutes say, so that timeframes fit together.

struct Instrument {
    std::string key;      ///< as Upstox writes it: NSE_EQ|INE...
    std::string segment;  ///< NSE_EQ or NSE_INDEX
    std::string type;     ///< EQ or INDEX
    std::string symbol;
    std::string name;
    double start_price;
};

struct Candle {
    std::int64_t start;  ///< seconds since 1970 UTC
    double open, high, low, close;
    std::int64_t volume;
};

class SyntheticMarket {
public:
    explicit SyntheticMarket(std::uint64_t seed = 1);
    ~SyntheticMarket();

    const std::vector<Instrument>& instruments() const { return instruments_; }

    /// When NSE trades on that day: regular hours, or what nse_holidays.hpp says; empty on holidays and weekends.
    struct Period {
        int opens, closes;  ///< minutes since midnight
    };
    static std::vector<Period> periods(std::chrono::sys_days day);
    static bool is_session(std::chrono::sys_days day) { return !periods(day).empty(); }
    static bool is_special(std::chrono::sys_days day);  ///< with other hours than the regular ones

    using Take = std::function<void(const Candle&)>;

    /// Walks the instrument's life from its first day to `last`, in order. Minutes are handed to `minute` for days from
    /// `minutes_from` on, days to `daily` for days from `days_from` on; either may be empty.
    void walk(const Instrument& instrument, std::chrono::sys_days days_from, std::chrono::sys_days minutes_from,
              std::chrono::sys_days last, const Take& daily, const Take& minute) const;

    /// The candles of sessions from `from` to `to`, both inclusive. The first call for an instrument walks its whole
    /// life to remember where each month begins; the others cost what they return. May be called from several threads.
    std::vector<Candle> minutes(const Instrument& instrument, std::chrono::sys_days from,
                                std::chrono::sys_days to) const;
    std::vector<Candle> days(const Instrument& instrument, std::chrono::sys_days from, std::chrono::sys_days to) const;

    /// The first day on which anything trades; every walk starts here, so that prices do not depend on what is asked
    /// for.
    static constexpr std::chrono::sys_days first_day{std::chrono::year{2018} / 1 / 1};
    /// The last day for which minutes() and days() have anything; nse_holidays.hpp ends there.
    static constexpr std::chrono::sys_days last_day{std::chrono::year{2026} / 12 / 31};

private:
    class Walker;
    struct Life;  // of an instrument: what its first walk remembers
    const Life& life(const Instrument& instrument) const;

    std::uint64_t seed_;
    std::vector<Instrument> instruments_;
    std::vector<std::unique_ptr<Life>> lives_;  // as the instruments
};

}  // namespace pg_candle::replay
