#pragma once
#include "market/calendar.hpp"
#include "market/timeframe.hpp"

namespace pg_candle {

/// A time zone as its caller knows it. Instants are microseconds since the caller's epoch. Functions must not throw.
struct ZoneClock {
    const void* zone;
    /// The instant of `second` (0 to 86,400) seconds after that date's midnight by the clock on the wall.
    std::int64_t (*instant)(const void* zone, std::int32_t date, std::int32_t second);
    /// The local date at that instant.
    std::int32_t (*date)(const void* zone, std::int64_t instant);
};

/// What bounds the candles that a series should have.
struct ExpectedRange {
    std::int64_t from, to;               ///< starts in [from, to)
    std::int64_t now;                    ///< a candle is expected once its end has passed
    std::int32_t first_date, last_date;  ///< the instrument's life, inclusive
};

struct ExpectedCandle {
    std::int64_t start, end;
    std::int64_t period_end;  ///< of the period that holds it; its own end for days and longer
};

/// The candles that a series should have, in order, one at a time: nothing is stored however long the range. Intraday
/// candles restart at each period's open, and the last of a period ends with it. A day has a candle if it has a
/// session, a week or month if any of its days has; they start at local midnight of the date, of the Monday, of the
/// 1st.
class ExpectedCandles {
public:
    ExpectedCandles(const Calendar& calendar, const ZoneClock& clock, const Timeframe& timeframe,
                    const ExpectedRange& range) noexcept;

    /// The next one. False at the end.
    bool next(ExpectedCandle& candle) noexcept;

    /// How many next() would give, without walking candle by candle.
    std::int64_t count() noexcept;

private:
    bool next_intraday(ExpectedCandle& candle) noexcept;
    bool next_dated(ExpectedCandle& candle) noexcept;
    bool open_period() noexcept;

    ZoneClock clock_;
    Timeframe timeframe_;
    ExpectedRange range_;
    Periods periods_;
    Period pending_{};  // of the next bucket, read ahead
    bool has_pending_ = false;
    std::int64_t width_ = 0;  // of an intraday candle
    std::int64_t at_ = 0, period_end_ = 0;
};

}  // namespace pg_candle
