#pragma once
#include <vector>

#include "upstox/api_error.hpp"
#include "upstox/instrument.hpp"

namespace pg_candle::upstox {

/// Reads the body of `/v2/expired-instruments/expiries` (upstox.md 4.2): a list of dates.
Parsed parse_expiries(std::string_view body, std::vector<Date>& expiries);

/// Reads the body of `/v2/expired-instruments/{option,future}/contract`. The key loses the date that it has there: what
/// is left is the key under which the contract lived. `bad` counts records that cannot be used.
Parsed parse_contracts(std::string_view body, std::vector<InstrumentRecord>& contracts, int& bad);

}  // namespace pg_candle::upstox
