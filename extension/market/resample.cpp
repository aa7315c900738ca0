#include "market/resample.hpp"

#include <algorithm>
#include <cmath>

namespace pg_candle {
namespace {

using Unit = Timeframe::Unit;

std::int64_t minutes_of(const Timeframe& timeframe) {
    return timeframe.count * (timeframe.unit == Unit::hour ? 60 : 1);
}

}  // namespace

bool can_resample(const Timeframe& source, const Timeframe& target, const char*& reason) noexcept {
    if (target.unit == Unit::week || target.unit == Unit::month) {
        reason = "Weeks and months are made from 1d.";
        return source.unit == Unit::day;
    }
    reason = "Candles of a day and longer cannot be split.";
    if (!source.intraday()) return false;
    if (target.unit == Unit::day) return true;
    reason = "The target must be a longer timeframe, and a multiple of the source.";
    return minutes_of(target) > minutes_of(source) && minutes_of(target) % minutes_of(source) == 0;
}

Resampler::Resampler(const Calendar& calendar, const ZoneClock& clock, const Timeframe& target, std::int64_t from,
                     std::int64_t to) noexcept
    : clock_(clock),
      target_(target),
      periods_(calendar, clock.date(clock.zone, from) - 1, clock.date(clock.zone, to) + 1) {
    if (target.intraday()) width_ = minutes_of(target) * 60'000'000;
    has_period_ = periods_.next(period_);
    if (has_period_)
        opens_ = clock_.instant(clock_.zone, period_.date, period_.opens),
        closes_ = clock_.instant(clock_.zone, period_.date, period_.closes);
}

bool Resampler::bucket_of(std::int64_t start, std::int64_t& bucket) noexcept {
    // A daily candle starts at midnight, before its session opens: it belongs to its date, not to a period.
    const bool dated = target_.unit == Unit::week || target_.unit == Unit::month;
    const std::int32_t date = dated ? clock_.date(clock_.zone, start) : 0;
    while (has_period_ && (dated ? period_.date < date : closes_ <= start)) {
        has_period_ = periods_.next(period_);
        if (has_period_)
            opens_ = clock_.instant(clock_.zone, period_.date, period_.opens),
            closes_ = clock_.instant(clock_.zone, period_.date, period_.closes);
    }
    if (!has_period_) return false;
    if (dated) {
        if (period_.date != date) return false;
        bucket = clock_.instant(clock_.zone, bucket_date(target_, date), 0);
        return true;
    }
    if (start < opens_) return false;
    bucket = target_.unit == Unit::day ? clock_.instant(clock_.zone, period_.date, 0)
                                       : opens_ + (start - opens_) / width_ * width_;
    return true;
}

bool Resampler::add(const PlainCandle& candle, PlainCandle& finished) noexcept {
    std::int64_t start;
    if (!bucket_of(candle.start, start)) return false;
    if (begun_ && bucket_.start == start) {
        bucket_.high = std::max(bucket_.high, candle.high);
        bucket_.low = std::min(bucket_.low, candle.low);
        bucket_.close = candle.close;
        if (!std::isnan(candle.volume))
            bucket_.volume = candle.volume + (std::isnan(bucket_.volume) ? 0 : bucket_.volume);
        if (!std::isnan(candle.oi)) bucket_.oi = candle.oi;
        return false;
    }
    const bool had = begun_;
    finished = bucket_;
    bucket_ = candle;
    bucket_.start = start;
    begun_ = true;
    return had;
}

bool Resampler::finish(PlainCandle& finished) noexcept {
    if (!begun_) return false;
    finished = bucket_;
    begun_ = false;
    return true;
}

}  // namespace pg_candle
