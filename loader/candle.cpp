#include "candle.hpp"

#include <algorithm>
#include <cmath>

#include "failure.hpp"

namespace pg_candle {
namespace {

using namespace std::chrono;

constexpr const char* off_midnight = "start moved to midnight";
constexpr const char* duplicate = "duplicate start";

}  // namespace

const char* impossible(const Candle& candle) {
    if (!std::isfinite(candle.open) || !std::isfinite(candle.high) || !std::isfinite(candle.low) || !std::isfinite(candle.close))
        return "a price is not finite";
    if (candle.low > candle.high) return "low is above high";
    if (candle.open < candle.low || candle.open > candle.high) return "open is outside low and high";
    if (candle.close < candle.low || candle.close > candle.high) return "close is outside low and high";
    return nullptr;
}

void add_candle(CandleBatch& batch, const Timeframe& timeframe, Candle candle) {
    if (const char* reason = impossible(candle)) {
        ++batch.rejected[reason];
        return;
    }
    if (candle.volume && *candle.volume < 0) {
        candle.volume.reset();
        ++batch.altered["negative volume stored as NULL"];
    }
    if (candle.oi && *candle.oi < 0) {
        candle.oi.reset();
        ++batch.altered["negative open interest stored as NULL"];
    }
    if (!timeframe.intraday()) {
        const Instant start = india_midnight(bucket_date(timeframe, india_date(candle.start)));
        if (start != candle.start) ++batch.altered[off_midnight];
        candle.start = start;
    }
    batch.candles.push_back(candle);
}

void sort_candles(CandleBatch& batch, bool keep_last) {
    auto& candles = batch.candles;
    if (std::adjacent_find(candles.begin(), candles.end(), [](const Candle& a, const Candle& b) { return a.start <= b.start; }) ==
        candles.end()) {  // newest first, as the provider sends them
        std::reverse(candles.begin(), candles.end());
        return;
    }
    if (keep_last) std::reverse(candles.begin(), candles.end());
    std::stable_sort(candles.begin(), candles.end(), [](const Candle& a, const Candle& b) { return a.start < b.start; });
    const auto end = std::unique(candles.begin(), candles.end(), [](const Candle& a, const Candle& b) { return a.start == b.start; });
    if (end == candles.end()) return;
    batch.rejected[duplicate] += candles.end() - end;
    candles.erase(end, candles.end());
}

void keep_range(CandleBatch& batch, Instant from, Instant to) {
    const auto removed = std::erase_if(batch.candles, [&](const Candle& one) { return one.start < from || one.start >= to; });
    if (removed > 0) batch.rejected["outside the range that was asked for"] += static_cast<std::int64_t>(removed);
}

std::string format_timeframe(const Timeframe& timeframe) {
    constexpr const char* units[] = {"m", "h", "d", "w", "mo"};
    return std::to_string(timeframe.count) + units[static_cast<int>(timeframe.unit)];
}

Timeframe require_timeframe(const std::string& text) {
    Timeframe timeframe{};
    const char* reason = nullptr;
    if (!parse_timeframe(text, timeframe, reason))
        throw Failure(Exit::usage, "\"" + text + "\" is no timeframe. " + reason);
    return timeframe;
}

Date bucket_date(const Timeframe& timeframe, Date date) {
    if (timeframe.unit == Timeframe::Unit::week) return date - (weekday{date} - Monday);
    if (timeframe.unit == Timeframe::Unit::month) {
        const year_month_day whole{date};
        return Date{whole.year() / whole.month() / 1};
    }
    return date;
}

Date next_bucket_date(const Timeframe& timeframe, Date date) {
    if (timeframe.unit == Timeframe::Unit::week) return bucket_date(timeframe, date) + days{7};
    if (timeframe.unit == Timeframe::Unit::month) {
        const year_month_day whole{date};
        return Date{(whole.year() / whole.month() + months{1}) / 1};
    }
    return date + days{1};
}

}  // namespace pg_candle
