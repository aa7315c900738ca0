#pragma once
#include "ingest/run_report.hpp"

namespace pg_candle::commands {

/// Prints the totals of a run.
void print(const ingest::RunReport& report);

}  // namespace pg_candle::commands
