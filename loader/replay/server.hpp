#pragma once
#include <httplib.h>

#include <atomic>
#include <deque>
#include <memory>
#include <set>

#include "model/rate_limit.hpp"
#include "replay/faults.hpp"
#include "replay/market.hpp"

namespace pg_candle::replay {

struct ServerOptions {
    std::chrono::sys_days today;
    std::vector<RateLimit> limits;  ///< empty: none
    std::string token;              ///< empty: any
    std::string holidays;           ///< a JSON list for /v2/market/holidays; empty: the market's own
    bool plus = true;               ///< whether the account may ask for expired instruments
    std::uint64_t chances = 1;      ///< the seed of which answers fail, and how
};

/// The provider's documented API (upstox.md) over a market: historical and intraday candles V3, last prices V3,
/// instrument files, holidays, timings, expired instruments, and the login. It keeps the rate limits as the provider
/// does, answers with its errors, and can be told to misbehave. `/_replay/...` is for tests: `stats`, and by POST
/// `reset`, `faults`, `expire_token`.
class Server {
public:
    Server(const Market& market, ServerOptions options);

    /// Binds to 127.0.0.1; port 0 takes a free one. Returns the port. Throws Failure.
    int bind(int port);

    /// Serves until stop().
    void serve();
    void stop() { http_.stop(); }

    Faults& faults() { return faults_; }

private:
    using Request = httplib::Request;
    using Response = httplib::Response;

    /// A route of the API: checks limit and token, then answers, perhaps with a fault.
    void route(const std::string& pattern, std::function<void(const Request&, Response&)> handler, bool needs_token);
    bool admit();
    void send(const Request& request, Response& response, std::string body);
    void add_candles();
    void add_quotes();
    void add_instruments();
    void add_calendar();
    void add_expired();
    void add_login();
    void add_control();
    const Listing* find(const std::string& key) const;

    const Market& market_;
    ServerOptions options_;
    Faults faults_;
    httplib::Server http_;
    std::vector<Listing> listed_;
    std::set<std::string> codes_;  // of logins, for one use each
    std::atomic<bool> expired_{false};
    std::mutex mutex_;
    std::deque<std::chrono::steady_clock::time_point> arrivals_;
    std::map<std::string, std::int64_t> asked_;  // candle requests by path
    std::int64_t requests_ = 0, too_many_ = 0;
};

}  // namespace pg_candle::replay
