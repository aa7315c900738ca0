#pragma once
#include <vector>

#include "model/india_time.hpp"
#include "model/quote.hpp"
#include "store/connection.hpp"

namespace pg_candle::store {

struct InstrumentQuote {
    int instrument_id;
    Quote quote;
};

/// Writes one row per instrument into ltp_data for the minute of `at`; a second answer in the same minute replaces the
/// first. Returns the number of rows inserted or changed.
std::int64_t store_quotes(Connection& connection, const std::vector<InstrumentQuote>& quotes, Instant at);

}  // namespace pg_candle::store
