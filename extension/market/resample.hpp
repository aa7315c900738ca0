#pragma once
#include <cstdint>

#include "market/expected.hpp"

namespace pg_candle {

/// A candle; NaN is a volume or open interest that is not known.
struct PlainCandle {
    std::int64_t start;
    double open, high, low, close, volume, oi;
};

/// Whether candles of `target` can be made from those of `source`; if not, `reason` is a full sentence (static
/// storage). Intraday from intraday whose width divides it; 1d from intraday; 1w and 1mo from 1d.
bool can_resample(const Timeframe& source, const Timeframe& target, const char*& reason) noexcept;

/// Makes candles of a longer timeframe. Intraday buckets restart at each period's open and never cross its end; a day
/// is all of its session's periods; weeks start on Monday, months on the 1st. Candles outside periods are left out.
/// Open is the first, close and open interest the last, high and low the extremes, volume the sum of what is known
/// (absent if nothing is).
class Resampler {
public:
    /// Takes candles that start at `from` or later. `calendar` must outlive it.
    Resampler(const Calendar& calendar, const ZoneClock& clock, const Timeframe& target, std::int64_t from,
              std::int64_t to) noexcept;

    /// Adds the next candle, in ascending order. True when that finished a bucket, which is then in `finished`.
    bool add(const PlainCandle& candle, PlainCandle& finished) noexcept;

    /// The bucket that was begun last, after the last candle. False if there is none.
    bool finish(PlainCandle& finished) noexcept;

private:
    bool bucket_of(std::int64_t start, std::int64_t& bucket) noexcept;

    ZoneClock clock_;
    Timeframe target_;
    Periods periods_;
    Period period_{};
    bool has_period_;
    std::int64_t opens_ = 0, closes_ = 0, width_ = 0;  // of the period
    bool begun_ = false;
    PlainCandle bucket_{};
};

}  // namespace pg_candle
