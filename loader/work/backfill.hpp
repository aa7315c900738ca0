#pragma once
#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "store/candle_store.hpp"
#include "upstox/client.hpp"
#include "work/chunk.hpp"

namespace pg_candle::work {

/// What a run did for one series.
struct SeriesReport {
    std::int64_t requests = 0, empty = 0, failed = 0;
    store::Stored stored;
    std::map<std::string, std::int64_t> rejected, altered;
    std::string error;  ///< the last one
};

struct BackfillReport {
    std::vector<SeriesReport> series;  ///< as in the plan
    store::Stored stored;
    std::int64_t planned = 0, done = 0, known = 0, failed = 0, rejected = 0;
    double seconds = 0;
    upstox::ClientMetrics http;
    double least_seconds = 0;  ///< in which the rate limits permit that many requests
    bool interrupted = false;

    bool complete() const { return failed == 0 && !interrupted; }
    nlohmann::ordered_json json(const Plan& plan) const;
};

/// Carries the plan out: requests go out from the caller's thread, answers are read there, and a second thread stores them
/// over its connection, one transaction per chunk with its coverage. At most a few answers wait in between. Throws what ends
/// everything: Failure (authentication) for a refused token, SqlError. An answer that errs is recorded as `failed` coverage and
/// counted, and the others go on; after an unknown key the series' other chunks are left out.
BackfillReport backfill(const Plan& plan, upstox::Client& client, store::Connection& writer, const std::string& api_url, bool quiet,
                        const std::atomic<bool>& stop);

}  // namespace pg_candle::work
