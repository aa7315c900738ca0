#pragma once
#include <chrono>
#include <deque>
#include <vector>

#include "model/rate_limit.hpp"
#include "store/connection.hpp"

namespace pg_candle::store {

/// The rate limiter that all loaders on one database share, through the table request_log and under one advisory lock.
/// Times are the database server's, so the loaders' clocks do not matter. A request whose end nobody wrote down counts
/// as ended `lost_after` its sending: the longest time for connecting, after which it has reached the provider or never
/// will. The connection must be the limiter's own.
class SharedLimiter : public Limiter {
public:
    SharedLimiter(Connection& connection, std::vector<RateLimit> limits);
    ~SharedLimiter() override;  // writes down the last ended requests

    Grant acquire(int wanted, std::string_view endpoint) override;
    void finished(std::int64_t ticket) override;

    static constexpr std::chrono::seconds lost_after{10};

private:
    using Clock = std::chrono::steady_clock;
    std::string take_ended();

    Connection& connection_;
    std::string limits_;  // as SQL: rows of (most, span)
    std::string longest_;
    std::vector<std::pair<std::int64_t, Clock::time_point>> ended_;  // not yet written down
    int since_cleaning_ = 1000;
};

}  // namespace pg_candle::store
