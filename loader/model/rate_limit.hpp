#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace pg_candle {

/// At most `most` requests in any window of length `span`.
struct RateLimit {
    int most;
    std::chrono::microseconds span;
    friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

/// Upstox's limits for all but orders: 50 a second, 500 a minute, 2,000 in 30 minutes (upstox.md 9).
std::vector<RateLimit> standard_limits();

/// Reads `50/1s,500/1m,2000/30m`; units ms, s, m, h. Throws Failure (usage).
std::vector<RateLimit> parse_limits(const std::string& text);

/// The least time in which `requests` requests can be sent when nothing was sent before.
std::chrono::microseconds least_time(const std::vector<RateLimit>& limits, std::int64_t requests);

/// Says when a request may be sent, so that all limits hold at once wherever in its life the provider counts a request:
/// it takes a place in every window from its sending until the window's length after its end. That the answer is back
/// proves that it was counted; nothing earlier does, as a busy server shows. What this costs is a latency per window,
/// and only where so many requests are in flight that the window binds. Not for use from several threads.
class Limiter {
public:
    struct Grant {
        std::vector<std::int64_t> tickets;  ///< one per request that may be sent now
        std::chrono::microseconds wait{0};  ///< if there are none: when asking again may help
    };

    virtual ~Limiter() = default;

    /// Up to `wanted` tickets. `endpoint` is for the record only.
    virtual Grant acquire(int wanted, std::string_view endpoint) = 0;

    /// The ticket's request is over.
    virtual void finished(std::int64_t ticket) = 0;
};

/// A limiter for one process. Memory: one entry per request in the longest window.
class LocalLimiter : public Limiter {
public:
    explicit LocalLimiter(std::vector<RateLimit> limits) : limits_(std::move(limits)) {}
    Grant acquire(int wanted, std::string_view endpoint) override;
    void finished(std::int64_t ticket) override;

private:
    using Clock = std::chrono::steady_clock;
    std::vector<RateLimit> limits_;
    std::deque<Clock::time_point> ended_;  // ascending; of requests that are over
    int in_flight_ = 0;
};

}  // namespace pg_candle
