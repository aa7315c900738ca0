#pragma once
#include <exception>
#include <string>
#include <thread>

#include "ingest/answer_queue.hpp"
#include "ingest/progress_bar.hpp"
#include "ingest/run_report.hpp"
#include "store/run_log.hpp"
#include "store/trading_hours.hpp"

namespace pg_candle::ingest {

/// Stores answers and keeps the books and the leases, on a thread of its own.
class AnswerWriter {
public:
    /// `connection` is used by the writer's thread only, until finish(). `worker`: whose leases are kept.
    AnswerWriter(store::Connection& connection, const std::string& worker, RunReport& report, Progress& progress);
    ~AnswerWriter() { finish(); }

    /// Waits for room. False when the writer has failed: rethrow() says how.
    bool push(Answer answer) { return answers_.push(std::move(answer)); }

    /// Stores what is queued and stops.
    void finish();
    /// Throws what ended the writer's thread, if anything has.
    void rethrow() const {
        if (problem_) std::rethrow_exception(problem_);
    }
    store::RunLog& log() { return log_; }  ///< after finish()

private:
    static constexpr std::chrono::seconds lease_care{8};

    void work();
    void take(Answer& answer);
    SeriesReport& series(const store::Job& job);
    void store_candles(Answer& answer);
    void fail(const Answer& answer);

    store::Connection& connection_;
    store::CandleStore store_;
    store::TradingHours hours_;
    std::string worker_;
    store::RunLog log_;
    RunReport& report_;
    Progress& progress_;
    AnswerQueue answers_;
    std::exception_ptr problem_;
    std::thread thread_;
};

}  // namespace pg_candle::ingest
