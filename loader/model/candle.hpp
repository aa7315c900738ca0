#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "market/timeframe.hpp"
#include "model/india_time.hpp"

namespace pg_candle {

/// Who made a candle; the letter is stored in candle_data.source.
enum class Source : char { historical = 'h', intraday = 'i', derived = 'd', file = 'f' };

struct Candle {
    Instant start;
    double open, high, low, close;
    std::optional<double> volume, oi;  ///< may have fractions (crypto); whole numbers are exact up to 2^53

    friend bool operator==(const Candle&, const Candle&) = default;
};

/// Candles on their way into the database, and what was wrong with those that are not among them.
struct CandleBatch {
    std::vector<Candle> candles;
    std::map<std::string, std::int64_t> rejected;  ///< reason → rows that were left out
    std::map<std::string, std::int64_t> altered;   ///< reason → rows that were taken in after a repair
    std::int64_t unreadable = 0;                   ///< those of the rejected that were no rows of a candle at all
    std::int64_t contradictions = 0;               ///< starts of which there were several different rows

    void clear() { candles.clear(), rejected.clear(), altered.clear(), unreadable = contradictions = 0; }

    std::int64_t rejected_rows() const;
    /// "3 of 375 rows rejected: 2 x low is above high, 1 x ..."; empty if none was.
    std::string complaint() const;
};

/// What makes a candle impossible, or nullptr: prices that are not finite, or not low <= open, close <= high. The same
/// rule as the CHECK of candle_data.
const char* impossible(const Candle& candle);

/// What no price of a trade is, although it may be stored: 0, below 0, or beyond all measure. For what comes from
/// outside. nullptr if there is nothing against it.
const char* implausible_price(double price);
/// The same of all prices of a candle, and of its time: nothing was traded in candles before 1900.
const char* implausible(const Candle& candle);

/// Adds the candle, or counts why not. A negative volume or open interest (overflows at the provider) becomes NULL. A
/// candle of a day, week or month is moved to local midnight of its date, its Monday or its 1st; one of minutes or
/// hours must start with a minute, and with one of its timeframe's where sessions begin with one (1m, 3m, 5m, 15m).
void add_candle(CandleBatch& batch, const Timeframe& timeframe, Candle candle);

/// Of several candles with the same start.
enum class Repeated {
    last_wins,  ///< the others are counted as duplicates
    refused     ///< none is believed, unless they are the same
};

/// Brings the candles into ascending order with one per start.
void sort_candles(CandleBatch& batch, Repeated repeated);

/// Removes what does not start in [from, to) and counts it.
void keep_range(CandleBatch& batch, Instant from, Instant to);

/// Removes candles at whose start `problem` gives a reason, and counts them by it.
void keep_if_possible(CandleBatch& batch, const std::function<const char*(Instant)>& problem);

/// Removes what starts after `now`, but for a few minutes by which clocks may differ, and counts it.
void keep_past(CandleBatch& batch, Instant now);

/// The text that timeframes are written with, like `5m`.
std::string format_timeframe(const Timeframe& timeframe);

/// As parse_timeframe of market/, but throws Failure (usage).
Timeframe require_timeframe(const std::string& text);

/// Start of the day, week or month that holds that date; the date itself for other timeframes.
Date bucket_date(const Timeframe& timeframe, Date date);

/// First date after the day, week or month that holds that date.
Date next_bucket_date(const Timeframe& timeframe, Date date);

}  // namespace pg_candle
