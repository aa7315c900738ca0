#pragma once
#include <string>
#include <vector>

#include "model/candle.hpp"
#include "model/date_range.hpp"

namespace pg_candle::upstox {

/// Whether the provider has candles of this timeframe at all: 1 to 300 minutes, 1 to 5 hours, days, weeks, months.
bool is_served(const Timeframe& timeframe);

/// `minutes/5` and so on, as the V3 paths have it.
std::string unit_and_interval(const Timeframe& timeframe);

/// Percent-encodes for a path segment or a query value; `|` becomes %7C, blank %20.
std::string percent_encode(std::string_view text);

/// `/v3/historical-candle/KEY/UNIT/INTERVAL/TO/FROM`.
std::string historical_path(std::string_view instrument_key, const Timeframe& timeframe, DateRange range);

/// `/v3/historical-candle/intraday/KEY/UNIT/INTERVAL`.
std::string intraday_path(std::string_view instrument_key, const Timeframe& timeframe);

/// `/v2/expired-instruments/historical-candle/KEY|DD-MM-YYYY/1minute/TO/FROM`: of the key that the contract had while
/// it lived.
std::string expired_path(std::string_view instrument_key, Date expiry, DateRange range);

/// `/v2/expired-instruments/expiries?instrument_key=UNDERLYING`.
std::string expiries_path(std::string_view underlying_key);

/// `/v2/expired-instruments/option/contract?...`, or `future`.
std::string contracts_path(const char* kind, std::string_view underlying_key, Date expiry);

/// `/v3/market-quote/ltp?instrument_key=A,B`.
std::string quotes_path(const std::vector<std::string>& instrument_keys);

}  // namespace pg_candle::upstox
