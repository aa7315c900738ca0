#include "model/rate_limit.hpp"

#include <algorithm>
#include <charconv>

#include "model/failure.hpp"

namespace pg_candle {
namespace {

using namespace std::chrono;

/// For clocks that tick differently on both sides.
constexpr microseconds margin{1000};

/// When nothing but the end of requests in flight can make room.
constexpr microseconds recheck{50'000};

}  // namespace

std::vector<RateLimit> standard_limits() { return {{50, seconds{1}}, {500, minutes{1}}, {2000, minutes{30}}}; }

std::vector<RateLimit> parse_limits(const std::string& text) {
    std::vector<RateLimit> limits;
    const char* at = text.data();
    const char* const end = at + text.size();
    const auto fail = [&]() -> Failure {
        return {Exit::usage, "\"" + text + "\" is no list of rate limits.", "Write it like 50/1s,500/1m,2000/30m."};
    };
    while (at < end) {
        std::int64_t most = 0, count = 0;
        auto [slash, error] = std::from_chars(at, end, most);
        if (error != std::errc() || slash == end || *slash != '/' || most < 1 || most > 1'000'000) throw fail();
        auto [unit_at, error2] = std::from_chars(slash + 1, end, count);
        if (error2 != std::errc() || count < 1 || count > 1'000'000) throw fail();
        const char* const comma = std::find(unit_at, end, ',');
        const std::string_view unit(unit_at, comma - unit_at);
        microseconds one{0};
        if (unit == "ms")
            one = milliseconds{1};
        else if (unit == "s")
            one = seconds{1};
        else if (unit == "m")
            one = minutes{1};
        else if (unit == "h")
            one = hours{1};
        else
            throw fail();
        limits.push_back({static_cast<int>(most), one * count});
        at = comma == end ? end : comma + 1;
    }
    if (limits.empty()) throw fail();
    return limits;
}

microseconds least_time(const std::vector<RateLimit>& limits, std::int64_t requests) {
    // Request i waits for each window's request i - most: the same recurrence that a perfect sender follows.
    std::vector<microseconds> sent;
    sent.reserve(static_cast<std::size_t>(std::max<std::int64_t>(requests, 0)));
    for (std::int64_t i = 0; i < requests; ++i) {
        microseconds at = sent.empty() ? microseconds{0} : sent.back();
        for (const RateLimit& limit : limits)
            if (i >= limit.most) at = std::max(at, sent[static_cast<std::size_t>(i - limit.most)] + limit.span);
        sent.push_back(at);
    }
    return sent.empty() ? microseconds{0} : sent.back();
}

Limiter::Grant LocalLimiter::acquire(int wanted, std::string_view) {
    const auto now = Clock::now();
    Grant grant;
    std::int64_t room = wanted;
    for (const RateLimit& limit : limits_) {
        const auto first_inside = std::upper_bound(ended_.begin(), ended_.end(), now - limit.span - margin);
        const auto free = limit.most - in_flight_ - (ended_.end() - first_inside);
        room = std::min<std::int64_t>(room, free);
        if (free > 0) continue;
        // As many have to leave the window as are too many in it, and one more.
        const auto leaves = first_inside + std::min<std::ptrdiff_t>(-free, ended_.end() - first_inside);
        grant.wait = std::max(grant.wait,
                              leaves == ended_.end()
                                  ? recheck
                                  : duration_cast<microseconds>(*leaves + limit.span + margin - now) + microseconds{1});
    }
    if (room > 0) grant.wait = microseconds{0};
    for (; room > 0; --room) grant.tickets.push_back(0), ++in_flight_;
    return grant;
}

void LocalLimiter::finished(std::int64_t) {
    --in_flight_;
    ended_.push_back(Clock::now());
    const auto longest =
        std::max_element(limits_.begin(), limits_.end(), [](auto& a, auto& b) { return a.span < b.span; })->span;
    while (!ended_.empty() && ended_.front() < ended_.back() - longest - margin) ended_.pop_front();
}

}  // namespace pg_candle
