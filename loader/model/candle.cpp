#include "model/candle.hpp"

#include <algorithm>
#include <cmath>

#include "market/calendar.hpp"
#include "model/failure.hpp"

namespace pg_candle {
namespace {

using namespace std::chrono;

constexpr const char* duplicate = "duplicate start";

/// Whether candles of the timeframe may start then. Sessions begin with a quarter of an hour.
bool is_on_grid(const Timeframe& timeframe, Instant start) {
    const auto past_hour = start - floor<hours>(start);
    const int step = timeframe.unit == Timeframe::Unit::minute && 15 % timeframe.count == 0 ? timeframe.count : 1;
    return past_hour % minutes{step} == microseconds{0};
}

}  // namespace

std::int64_t CandleBatch::rejected_rows() const {
    std::int64_t rows = 0;
    for (const auto& [reason, count] : rejected) rows += count;
    return rows;
}

std::string CandleBatch::complaint() const {
    const std::int64_t bad = rejected_rows();
    if (bad == 0) return {};
    std::string text = std::to_string(bad) + " of " + std::to_string(bad + static_cast<std::int64_t>(candles.size())) +
                       " rows rejected";
    const char* separator = ": ";
    for (const auto& [reason, count] : rejected) {
        text += separator + std::to_string(count) + " x " + reason;
        separator = ", ";
    }
    return text;
}

const char* impossible(const Candle& candle) {
    if (!std::isfinite(candle.open) || !std::isfinite(candle.high) || !std::isfinite(candle.low) ||
        !std::isfinite(candle.close))
        return "a price is not finite";
    if (candle.low > candle.high) return "low is above high";
    if (candle.open < candle.low || candle.open > candle.high) return "open is outside low and high";
    if (candle.close < candle.low || candle.close > candle.high) return "close is outside low and high";
    return nullptr;
}

const char* implausible_price(double price) {
    // Nothing that is traded costs more.
    constexpr double max_price = 1e9;
    if (!(price > 0)) return "a price is not above 0";
    return price > max_price ? "a price is beyond all measure" : nullptr;
}

const char* implausible(const Candle& candle) {
    if (candle.start < Instant{Date{year{1900} / 1 / 1}}) return "the year is before 1900";
    if (const char* reason = implausible_price(std::min({candle.open, candle.high, candle.low, candle.close})))
        return reason;
    return implausible_price(std::max({candle.open, candle.high, candle.low, candle.close}));
}

void add_candle(CandleBatch& batch, const Timeframe& timeframe, Candle candle) {
    if (const char* reason = impossible(candle)) {
        ++batch.rejected[reason];
        return;
    }
    if (timeframe.intraday() && !is_on_grid(timeframe, candle.start)) {
        ++batch.rejected["the start is off the timeframe's grid"];
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
        if (start != candle.start)
            ++batch.altered[timeframe.unit == Timeframe::Unit::week    ? "start moved to its Monday"
                            : timeframe.unit == Timeframe::Unit::month ? "start moved to its 1st"
                                                                       : "start moved to midnight"];
        candle.start = start;
    }
    batch.candles.push_back(candle);
}

void sort_candles(CandleBatch& batch, Repeated repeated) {
    auto& candles = batch.candles;
    if (std::adjacent_find(candles.begin(), candles.end(), [](const Candle& a, const Candle& b) {
            return a.start <= b.start;
        }) == candles.end()) {  // newest first, as the provider sends them
        std::reverse(candles.begin(), candles.end());
        return;
    }
    std::stable_sort(candles.begin(), candles.end(),
                     [](const Candle& a, const Candle& b) { return a.start < b.start; });
    auto kept = candles.begin();
    for (auto first = candles.begin(); first != candles.end();) {
        const auto end =
            std::find_if(first, candles.end(), [&](const Candle& one) { return one.start != first->start; });
        const auto count = end - first;
        const bool same = std::all_of(first, end, [&](const Candle& one) { return one == *first; });
        batch.contradictions += !same;
        if (repeated == Repeated::refused && !same) {
            batch.rejected["several rows of one start"] += count;
        } else {
            if (count > 1 && repeated == Repeated::refused) batch.altered["repeated row"] += count - 1;
            if (count > 1 && repeated == Repeated::last_wins) batch.rejected[duplicate] += count - 1;
            *kept++ = *(end - 1);
        }
        first = end;
    }
    candles.erase(kept, candles.end());
}

void keep_range(CandleBatch& batch, Instant from, Instant to) {
    const auto removed =
        std::erase_if(batch.candles, [&](const Candle& one) { return one.start < from || one.start >= to; });
    if (removed > 0) batch.rejected["outside the range that was asked for"] += static_cast<std::int64_t>(removed);
}

void keep_if_possible(CandleBatch& batch, const std::function<const char*(Instant)>& problem) {
    std::erase_if(batch.candles, [&](const Candle& one) {
        const char* reason = problem(one.start);
        if (reason) ++batch.rejected[reason];
        return reason != nullptr;
    });
}

void keep_past(CandleBatch& batch, Instant now) {
    const auto removed = std::erase_if(batch.candles, [&](const Candle& one) { return one.start > now + minutes{5}; });
    if (removed > 0) batch.rejected["in the future"] += static_cast<std::int64_t>(removed);
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

namespace {

/// Dates of market/ count from here.
constexpr Date epoch{year{2000} / 1 / 1};

std::int32_t number(Date date) { return static_cast<std::int32_t>((date - epoch).count()); }

}  // namespace

Date bucket_date(const Timeframe& timeframe, Date date) { return epoch + days{bucket_date(timeframe, number(date))}; }

Date next_bucket_date(const Timeframe& timeframe, Date date) {
    return epoch + days{next_bucket_date(timeframe, bucket_date(timeframe, number(date)))};
}

}  // namespace pg_candle
