#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/candle.hpp"

namespace pg_candle::ingest {

/// The timeframe of candles, from the starts of each symbol's, as a person sees it: days, weeks and months by the
/// dates, whatever day labels a week or a month and whatever time of day a date; minutes and hours by the distances
/// that are usual, not by the smallest. Nothing where it could be another one: two rows a week apart, one row, a few
/// distant minutes.
std::optional<Timeframe> guess_timeframe(const std::map<std::string, std::vector<Instant>>& starts);

}  // namespace pg_candle::ingest
