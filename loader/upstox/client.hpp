#pragma once
#include <atomic>
#include <chrono>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "model/failure.hpp"
#include "model/rate_limit.hpp"
#include "model/transfer_metrics.hpp"
#include "text/json.hpp"
#include "upstox/api_error.hpp"
#include "upstox/token.hpp"

namespace pg_candle::upstox {

/// The provider refuses whatever it is asked: nothing more is sent for a while.
class Unavailable : public Failure {
public:
    explicit Unavailable(const std::string& what)
        : Failure(Exit::failed, what, "Repeat the command later: what was stored stays, and the rest is made up for.") {
    }
};

struct ClientOptions {
    int parallel = 16;                       ///< requests in flight at most
    int attempts = 6;                        ///< of one request, the first included
    std::chrono::milliseconds backoff{500};  ///< the first retry waits up to this, each further one up to twice as long
    std::chrono::milliseconds longest_backoff{60'000};
    std::chrono::seconds connect_timeout{10}, stall_timeout{30}, total_timeout{180};
};

/// What a request came to. With `error` set, nothing is in `body`.
struct Reply {
    JsonText body;
    std::optional<ApiError> error;
    int attempts = 0;
};

struct Request {
    /// Gets the reply. A body that came with HTTP 2xx is handed over without `error` for the receiver to read;
    /// answering `malformed` has the request repeated like a broken connection, answering `refused` has the error in
    /// the body read and handed over in a second call. What is answered to an error is ignored. May submit further
    /// requests, and may throw, which ends run().
    using Receive = std::function<Parsed(Reply&)>;

    std::string url;
    const char* endpoint = "";  ///< class of the request in request_log
    Receive receive;
    bool with_token = true;     ///< only to https or loopback, and never across a redirect
    std::string form;           ///< not empty: a POST of this application/x-www-form-urlencoded body
    std::FILE* into = nullptr;  ///< the body goes into this file instead, from its start; must be open for writing
};

/// HTTP with libcurl: many requests at once under one limiter, HTTP/2 and compression where offered, kept connections,
/// TLS verified. Connection errors, timeouts, cut-off or malformed bodies, 408, 425, 429 and 5xx are retried with
/// exponential backoff and full jitter, never sooner than Retry-After; other 4xx never, but for a token that is
/// refused: the first time all wait, 120 times the first backoff (a minute), and it is asked once more. After five
/// final refusals of one kind in a row, which are not about what was asked for, run() throws Unavailable. Everything
/// happens on the thread that calls run().
class Client {
public:
    Client(ClientOptions options, Limiter& limiter, const Token& token);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Queues a request; run() sends it.
    void submit(Request request);

    /// Works until the queue is empty and `more` (if given) has no further request. Requests are drawn from `more` only
    /// when they can be sent soon, so that a long plan takes no memory. Returns early, with what is in flight finished,
    /// once `stop` is set.
    void run(const std::function<std::optional<Request>()>& more = {}, const std::atomic<bool>* stop = nullptr);

    const TransferMetrics& metrics() const { return metrics_; }
    const Token& token() const { return token_; }

private:
    struct Transfer;
    using Clock = std::chrono::steady_clock;

    void start(std::unique_ptr<Transfer> transfer, std::int64_t ticket);
    void finish(Transfer* transfer, int code);
    void retry_or_fail(std::unique_ptr<Transfer> transfer, ApiError error, std::chrono::milliseconds at_least);
    void fail(std::unique_ptr<Transfer> transfer, ApiError error);
    void move_due_retries();
    bool doubts(const Transfer& transfer) const;
    void retry_after_doubt(std::unique_ptr<Transfer> transfer);

    static constexpr int most_refusals = 5;

    ClientOptions options_;
    Limiter& limiter_;
    const Token& token_;
    ErrorParser errors_;
    TransferMetrics metrics_;
    std::mt19937_64 random_{std::random_device{}()};
    void* multi_;
    std::vector<void*> idle_;  // easy handles
    std::deque<std::unique_ptr<Transfer>> ready_;
    std::vector<std::unique_ptr<Transfer>> waiting_;  // for their retry
    std::vector<Transfer*> in_flight_;
    Clock::time_point paused_until_{};  // after a 429, for all requests
    Clock::time_point token_doubted_until_{};
    int refusals_ = 0;  // final ones in a row, of one kind:
    std::string refusal_;
};

}  // namespace pg_candle::upstox
