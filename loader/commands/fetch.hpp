#pragma once
#include "commands/context.hpp"
#include "work/candle_run.hpp"

namespace pg_candle::commands {

/// Works off the jobs of the queue that the filter takes, with connections and a client of its own, until none is open anywhere.
work::RunReport fetch(const Context& context, const store::JobFilter& filter);

/// Prints the totals of a run.
void print(const work::RunReport& report);

}  // namespace pg_candle::commands
