#pragma once
#include "model/india_time.hpp"

namespace pg_candle {

/// Dates from `from` to `to`, both inclusive.
struct DateRange {
    Date from, to;
    friend bool operator==(const DateRange&, const DateRange&) = default;
};

}  // namespace pg_candle
