#pragma once
#include <atomic>
#include <deque>
#include <optional>
#include <string>

#include "ingest/answer_writer.hpp"
#include "upstox/candles.hpp"
#include "upstox/client.hpp"

namespace pg_candle::ingest {

struct RunOptions;

/// What a job asks for (of contracts, the first of two requests).
std::string job_url(const std::string& api_url, const store::Job& job);

/// Turns jobs into requests, and replies into answers for the writer.
class JobFetcher {
public:
    JobFetcher(store::JobQueue& queue, upstox::Client& client, AnswerWriter& writer, const RunOptions& options)
        : queue_(queue), client_(client), writer_(writer), options_(options) {}

    /// The next request, of a job that is claimed for it; none when there is no job, or `stop` is set.
    std::optional<upstox::Request> next(const std::atomic<bool>& stop);

    /// Whether anything was claimed since it was asked last.
    bool take_any() { return std::exchange(any_, false); }

private:
    static constexpr int claim_at_once = 16;

    upstox::Request request(store::Job job);
    upstox::Parsed receive(Answer& answer, upstox::Reply& reply);
    upstox::Parsed parse(Answer& answer, upstox::Reply& reply);
    /// Options and futures come from two endpoints. True when both are there; otherwise the second is asked now.
    bool futures_asked(Answer& answer);

    store::JobQueue& queue_;
    upstox::Client& client_;
    AnswerWriter& writer_;
    const RunOptions& options_;
    upstox::CandleParser parser_;
    std::deque<store::Job> claimed_;
    bool any_ = false;
};

}  // namespace pg_candle::ingest
