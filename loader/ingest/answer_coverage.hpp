#pragma once
#include <optional>

#include "model/candle.hpp"
#include "store/coverage.hpp"
#include "upstox/endpoints.hpp"

namespace pg_candle::ingest {

/// The last date whose candles are final: a day is closed from 07:05 of the next day on (upstox.md 2.5), a week or
/// month with its last day.
Date closed_through(const Timeframe& timeframe, Instant at);

/// What a successful answer for these dates teaches about them, or nothing where all may still change.
std::optional<store::CoveredRange> coverage_of_answer(const Timeframe& timeframe, DateRange dates, bool any_candle,
                                                      Instant at);

}  // namespace pg_candle::ingest
