#pragma once
#include "ingest/candle_pipeline.hpp"
#include "ingest/settings.hpp"

namespace pg_candle::ingest {

/// Works off the jobs of the queue that the filter takes, with connections and a client of its own, until none is open
/// anywhere.
RunReport fetch_queued(const Settings& settings, const store::JobFilter& filter);

}  // namespace pg_candle::ingest
