#pragma once
#include "backend/catalog/series_list.hpp"

namespace pg_candle {

/// Whether row security, or a view in the table's place, hides a candle of the series from the caller; of any timeframe
/// if it has none. What is made of the rest would be wrong, so nothing of it is stored. Needs SPI.
bool hides_candles(Oid schema, const Series& series);

/// Says that, as a detail; palloc'd.
const char* hidden_candles();

/// Fails if the caller does not see all of the calendars: what is derived is stored for everybody. Needs SPI.
void require_whole_calendars(Oid schema);

inline constexpr const char* hidden_candles_hint = "Let a role do it that sees all of its candles.";

}  // namespace pg_candle
