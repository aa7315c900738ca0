#pragma once
#include <optional>
#include <string>
#include <vector>

#include "candle.hpp"
#include "store/coverage.hpp"
#include "store/instruments.hpp"
#include "upstox/endpoints.hpp"

namespace pg_candle::work {

// A *series* is what the user wants candles of; a *chunk* is what one request asks for, and what one transaction stores.

struct Series {
    store::Instrument instrument;
    Timeframe timeframe;
};

struct Chunk {
    std::size_t series;              ///< index into the plan's series
    upstox::DateRange dates;         ///< both inclusive
    bool intraday = false;           ///< the running day, from its own endpoint
};

/// What is asked for, newest first over all series, so that an interrupted run leaves the recent past usable.
struct Plan {
    std::vector<Series> series;
    std::vector<Chunk> chunks;
    std::int64_t known_chunks = 0;   ///< requests that were not planned because their answer is stored
};

/// The last date whose candles are final: a day is closed from 07:05 of the next day on (upstox.md 2.5), a week or month with
/// its last day.
Date closed_through(const Timeframe& timeframe, Instant at);

/// Dates of `range` that the known ranges (ascending, boundaries at midnight) do not cover completely, ascending.
std::vector<upstox::DateRange> unknown_dates(upstox::DateRange range, const std::vector<store::CoveredRange>& known);

/// Adds what has to be asked for to bring the series up to date over `range`. The running day comes from the intraday endpoint.
void plan_series(Plan& plan, std::size_t series, upstox::DateRange range, const std::vector<store::CoveredRange>& known, Instant at);

/// Brings the chunks into their final order.
void order(Plan& plan);

/// What a successful answer of that chunk teaches about its range, or nothing where it may still change.
std::optional<store::CoveredRange> lesson(const Series& series, const Chunk& chunk, bool any_candle, Instant at);

}  // namespace pg_candle::work
