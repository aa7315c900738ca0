#include "market/expected.hpp"

#include <algorithm>

namespace pg_candle {
namespace {

constexpr std::int64_t microseconds_per_minute = 60'000'000;

/// Periods of the dates around the range: a day more on both sides for the zone, a bucket more where buckets are long.
std::int32_t first_date(const ZoneClock& clock, const Timeframe& timeframe, const ExpectedRange& range) {
    const std::int32_t date = std::max(clock.date(clock.zone, range.from) - 1, range.first_date);
    return bucket_date(timeframe, date);
}

std::int32_t last_date(const ZoneClock& clock, const Timeframe& timeframe, const ExpectedRange& range) {
    // What ends after now is not expected, so nothing behind it is worth a look; a week or month has to be seen to its
    // end.
    const std::int32_t date = clock.date(clock.zone, std::min(range.to, range.now)) + 1;
    return timeframe.intraday() || timeframe.unit == Timeframe::Unit::day ? std::min(date, range.last_date) : date + 31;
}

}  // namespace

ExpectedCandles::ExpectedCandles(const Calendar& calendar, const ZoneClock& clock, const Timeframe& timeframe,
                                 const ExpectedRange& range) noexcept
    : clock_(clock),
      timeframe_(timeframe),
      range_(range),
      periods_(calendar, first_date(clock, timeframe, range), last_date(clock, timeframe, range)) {
    if (timeframe.intraday())
        width_ = timeframe.count * microseconds_per_minute * (timeframe.unit == Timeframe::Unit::hour ? 60 : 1);
}

bool ExpectedCandles::open_period() noexcept {
    Period period;
    while (periods_.next(period)) {
        if (period.date < range_.first_date || period.date > range_.last_date) continue;
        at_ = clock_.instant(clock_.zone, period.date, period.opens);
        period_end_ = clock_.instant(clock_.zone, period.date, period.closes);
        // To the first start that is not before the range.
        if (at_ < range_.from) at_ += (range_.from - at_ + width_ - 1) / width_ * width_;
        if (at_ < period_end_) return true;
    }
    return false;
}

bool ExpectedCandles::next_intraday(ExpectedCandle& candle) noexcept {
    if (at_ >= period_end_ && !open_period()) return false;
    candle = {at_, std::min(at_ + width_, period_end_), period_end_};
    if (candle.start >= range_.to || candle.end > range_.now) return false;  // and so does all that follows
    at_ += width_;
    return true;
}

bool ExpectedCandles::next_dated(ExpectedCandle& candle) noexcept {
    for (;;) {
        if (!has_pending_ && !periods_.next(pending_)) return false;
        const std::int32_t start = bucket_date(timeframe_, pending_.date);
        std::int64_t end = 0;
        bool lives = false;
        do {
            end = clock_.instant(clock_.zone, pending_.date, pending_.closes);
            lives = lives || (pending_.date >= range_.first_date && pending_.date <= range_.last_date);
            has_pending_ = periods_.next(pending_);
        } while (has_pending_ && bucket_date(timeframe_, pending_.date) == start);
        candle = {clock_.instant(clock_.zone, start, 0), end, end};
        if (candle.start >= range_.to) return false;
        if (lives && candle.start >= range_.from && candle.end <= range_.now) return true;
        if (!has_pending_) return false;
    }
}

bool ExpectedCandles::next(ExpectedCandle& candle) noexcept {
    return timeframe_.intraday() ? next_intraday(candle) : next_dated(candle);
}

std::int64_t ExpectedCandles::count() noexcept {
    std::int64_t total = 0;
    ExpectedCandle candle;
    if (!timeframe_.intraday()) {
        while (next_dated(candle)) ++total;
        return total;
    }
    while (at_ < period_end_ || open_period()) {
        // Starts before `to` whose end is not after now; the last candle of a period may be shorter than the others.
        std::int64_t starts = (std::min(period_end_, range_.to) - at_ + width_ - 1) / width_;
        while (starts > 0 && std::min(at_ + starts * width_, period_end_) > range_.now) {
            const std::int64_t beyond = std::min(at_ + starts * width_, period_end_) - range_.now;
            starts -= std::max<std::int64_t>(1, beyond / width_);
        }
        total += std::max<std::int64_t>(0, starts);
        at_ = period_end_;
    }
    return total;
}

}  // namespace pg_candle
