#pragma once
#include <vector>

#include "model/instrument_record.hpp"
#include "store/job_queue.hpp"

namespace pg_candle::store {

/// Queues the search for the contracts of each expiry, newest first, but for those that were found before. Within the
/// caller's transaction.
std::int64_t plan_expiries(Connection& connection, const Job& job, const std::vector<Date>& expiries);

/// Stores contracts that have expired, as the same instruments that they were while they lived, and queues the candles
/// of those that were near the money, nearest first. Within the caller's transaction. Returns how many contracts are
/// new.
std::int64_t store_contracts(Connection& connection, const Job& job, const std::vector<InstrumentRecord>& contracts);

}  // namespace pg_candle::store
