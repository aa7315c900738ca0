#pragma once
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>

#include "model/transfer_metrics.hpp"
#include "store/candle_store.hpp"
#include "store/instruments.hpp"

namespace pg_candle::ingest {

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
    TransferMetrics http;
    double least_seconds = 0;  ///< in which the rate limits permit that many requests
    bool interrupted = false;

    bool complete() const { return failed == 0 && !interrupted; }
    /// Of the attempts, those without a usable answer.
    double error_rate() const;
    nlohmann::ordered_json json() const;
};

}  // namespace pg_candle::ingest
