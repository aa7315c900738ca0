#pragma once
#include <string>
#include <vector>

#include "store/connection.hpp"

namespace pg_candle::store {

struct Instrument {
    int id;
    std::string key;
    std::string symbol;
};

/// The instrument that the SQL function instrument_id(text) finds for a key, `NSE_EQ:RELIANCE`, `NSE:RELIANCE` or a
/// bare symbol. Throws Failure with its message for none or several.
Instrument find_instrument(Connection& connection, const std::string& text);

/// What the watchlist names and is active, by id.
std::vector<Instrument> watched_instruments(Connection& connection);

/// Those of them whose market is open.
std::vector<Instrument> trading_instruments(Connection& connection);

}  // namespace pg_candle::store
