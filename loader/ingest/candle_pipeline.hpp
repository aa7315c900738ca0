#pragma once
#include <atomic>
#include <string>

#include "ingest/run_report.hpp"
#include "store/job_queue.hpp"
#include "upstox/client.hpp"

namespace pg_candle::ingest {

struct RunOptions {
    std::string api_url;
    store::JobFilter filter;
    bool wait_for_others =
        false;  ///< until nothing is open, also what other loaders work on; else until nothing can be claimed
    bool quiet = false;
};

/// Works off the queue: requests go out from the caller's thread, answers are read there, and a second thread stores
/// them over its connection, one transaction per job with its coverage. At most a few answers wait in between. Throws
/// what ends everything: Failure (authentication) for a refused token, SqlError; what was claimed goes back to the
/// queue then. An answer that errs is recorded as `failed` coverage, and the others go on; after an unknown key the
/// instrument's other jobs fail, too, and a missing plan ends the segment.
RunReport run_candles(store::JobQueue& queue, upstox::Client& client, store::Connection& writer,
                      const RunOptions& options, const std::atomic<bool>& stop);

}  // namespace pg_candle::ingest
