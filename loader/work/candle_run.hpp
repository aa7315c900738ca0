#pragma once
#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "store/candle_store.hpp"
#include "store/job_queue.hpp"
#include "upstox/client.hpp"

namespace pg_candle::work {

/// What a run did for one series.
struct SeriesReport {
    store::Instrument instrument;
    std::int64_t requests = 0, empty = 0, failed = 0;
    store::Stored stored;
    store::GapCounts gaps;
    std::map<std::string, std::int64_t> rejected, altered;
    std::string error;  ///< the last one
};

struct RunReport {
    std::map<std::pair<int, std::string>, SeriesReport> series;  ///< by instrument_id and timeframe
    store::Stored stored;
    store::GapCounts gaps;
    std::int64_t planned = 0, done = 0, failed = 0, rejected = 0;
    double seconds = 0;
    upstox::ClientMetrics http;
    double least_seconds = 0;  ///< in which the rate limits permit that many requests
    bool interrupted = false;

    bool complete() const { return failed == 0 && !interrupted; }
    /// Of the attempts, those without a usable answer.
    double error_rate() const;
    nlohmann::ordered_json json() const;
};

struct RunOptions {
    std::string api_url;
    store::JobFilter filter;
    bool wait_for_others = false;  ///< until nothing is open, also what other loaders work on; else until nothing can be claimed
    bool quiet = false;
};

/// What a job asks for (of contracts, the first of two requests).
std::string job_url(const std::string& api_url, const store::Job& job);

/// Works off the queue: requests go out from the caller's thread, answers are read there, and a second thread stores them
/// over its connection, one transaction per job with its coverage. At most a few answers wait in between. Throws what ends
/// everything: Failure (authentication) for a refused token, SqlError; what was claimed goes back to the queue then. An answer
/// that errs is recorded as `failed` coverage, and the others go on; after an unknown key the instrument's other jobs fail,
/// too, and a missing plan ends the segment.
RunReport run_candles(store::JobQueue& queue, upstox::Client& client, store::Connection& writer, const RunOptions& options,
                      const std::atomic<bool>& stop);

}  // namespace pg_candle::work
