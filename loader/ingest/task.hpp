#pragma once
#include <string>

#include "ingest/settings.hpp"

namespace pg_candle::ingest {

/// Does one of the tasks ltp, instruments, calendar and indicators, as the commands of the same names do. Throws
/// Failure.
void do_task(const Settings& settings, store::Connection& connection, const std::string& kind,
             const upstox::Token& token);

}  // namespace pg_candle::ingest
