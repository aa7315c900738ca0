#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "model/candle.hpp"
#include "model/instrument_record.hpp"
#include "store/job_queue.hpp"
#include "upstox/api_error.hpp"

namespace pg_candle::ingest {

/// An answer on its way to the database.
struct Answer {
    store::Job job;
    CandleBatch batch;
    std::vector<Date> expiries;
    std::vector<InstrumentRecord> contracts;
    std::optional<upstox::ApiError> error;  // the request failed for good
};

/// A queue of bounded length between the thread that fetches and the one that stores.
class AnswerQueue {
public:
    enum class Next { answer, nothing_yet, end };

    /// Waits for room. False when the storing side has given up.
    bool push(Answer answer) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return queue_.size() < most || closed_; });
        if (closed_) return false;
        queue_.push_back(std::move(answer));
        changed_.notify_all();
        return true;
    }
    /// Waits a while for an answer.
    Next pop(Answer& answer, std::chrono::milliseconds patience) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, patience, [&] { return !queue_.empty() || ended_; });
        if (queue_.empty()) return ended_ ? Next::end : Next::nothing_yet;
        answer = std::move(queue_.front());
        queue_.pop_front();
        changed_.notify_all();
        return Next::answer;
    }
    void end() { set(ended_); }
    void close() { set(closed_); }

private:
    void set(bool& flag) {
        const std::lock_guard lock(mutex_);
        flag = true;
        changed_.notify_all();
    }

    static constexpr std::size_t most = 8;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Answer> queue_;
    bool ended_ = false, closed_ = false;
};

}  // namespace pg_candle::ingest
