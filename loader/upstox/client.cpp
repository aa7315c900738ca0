#include "upstox/client.hpp"

#include <curl/curl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "model/failure.hpp"
#include "model/version.hpp"

namespace pg_candle::upstox {
namespace {

using namespace std::chrono;

constexpr curl_off_t largest_body = 256 << 20;

/// Whether another attempt may end differently.
bool is_transient(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_CONNECT:
        case CURLE_PARTIAL_FILE:
        case CURLE_OPERATION_TIMEDOUT:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_BAD_CONTENT_ENCODING:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
        case CURLE_WEIRD_SERVER_REPLY:
            return true;
        default:
            return false;
    }
}

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
    if (const CURLcode code = curl_easy_setopt(easy, option, value))
        throw Failure(Exit::failed, std::string("libcurl: ") + curl_easy_strerror(code) + ".");
}

/// The host and path of a URL for messages; queries may be long.
std::string shown(const std::string& url) { return url.substr(0, std::min(url.find('?'), std::size_t{200})); }

}  // namespace

struct Client::Transfer {
    Request request;
    JsonText body;
    CURL* easy = nullptr;
    curl_slist* headers = nullptr;
    std::int64_t ticket = 0, received = 0;
    int attempts = 0;
    Clock::time_point due{}, sent{};

    ~Transfer() {
        if (easy) curl_easy_cleanup(easy);
        curl_slist_free_all(headers);
    }

    static std::size_t write(char* data, std::size_t, std::size_t size, void* self) {
        auto* transfer = static_cast<Transfer*>(self);
        transfer->received += static_cast<std::int64_t>(size);
        if (transfer->received > largest_body) return 0;
        if (transfer->request.into) return std::fwrite(data, 1, size, transfer->request.into);
        transfer->body.append({data, size});
        return size;
    }
};

Client::Client(ClientOptions options, Limiter& limiter, const Token& token)
    : options_(options), limiter_(limiter), token_(token) {
    static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_ = initialised == CURLE_OK ? curl_multi_init() : nullptr;
    if (!multi_) throw Failure(Exit::failed, "libcurl cannot be initialised.");
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(options_.parallel));
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.parallel));
}

Client::~Client() {
    for (Transfer* transfer : in_flight_) {
        curl_multi_remove_handle(multi_, transfer->easy);
        delete transfer;
    }
    for (void* easy : idle_) curl_easy_cleanup(easy);
    curl_multi_cleanup(multi_);
}

void Client::submit(Request request) {
    auto transfer = std::make_unique<Transfer>();
    transfer->request = std::move(request);
    ready_.push_back(std::move(transfer));
}

void Client::start(std::unique_ptr<Transfer> transfer, std::int64_t ticket) {
    Transfer* const self = transfer.get();
    const Request& request = self->request;
    self->ticket = ticket;
    self->received = 0;
    self->body.clear();
    ++self->attempts;
    if (request.into) {
        std::rewind(request.into);
        if (ftruncate(fileno(request.into), 0) != 0) throw Failure(Exit::failed, "A temporary file cannot be emptied.");
    }
    if (idle_.empty()) {
        self->easy = curl_easy_init();
        if (!self->easy) throw std::bad_alloc();
    } else {
        self->easy = idle_.back();
        idle_.pop_back();
        curl_easy_reset(self->easy);
    }
    CURL* const easy = self->easy;
    curl_slist_free_all(self->headers);
    self->headers = curl_slist_append(nullptr, "Accept: application/json");
    if (request.with_token && !token_.empty()) {
        if (!may_carry_token(request.url))
            throw Failure(Exit::usage,
                          "The token is sent over https or to this machine only, not to " + shown(request.url) + ".");
        self->headers = curl_slist_append(self->headers, ("Authorization: Bearer " + token_.secret()).c_str());
    }
    set(easy, CURLOPT_URL, request.url.c_str());
    set(easy, CURLOPT_HTTPHEADER, self->headers);
    set(easy, CURLOPT_USERAGENT, "pgcandle/" PG_CANDLE_VERSION);
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    set(easy, CURLOPT_PIPEWAIT, 1L);
    set(easy, CURLOPT_ACCEPT_ENCODING, "");
    set(easy, CURLOPT_NOSIGNAL, 1L);
    if (is_this_machine(request.url)) set(easy, CURLOPT_NOPROXY, "*");
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(milliseconds{options_.connect_timeout}.count()));
    set(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options_.stall_timeout.count()));
    set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(milliseconds{options_.total_timeout}.count()));
    set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    // Only what carries no token may be sent on elsewhere.
    set(easy, CURLOPT_FOLLOWLOCATION, request.with_token ? 0L : 1L);
    set(easy, CURLOPT_MAXREDIRS, 3L);
    set(easy, CURLOPT_WRITEFUNCTION, &Transfer::write);
    set(easy, CURLOPT_WRITEDATA, self);
    set(easy, CURLOPT_PRIVATE, self);
    if (!request.form.empty()) {
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.form.size()));
        set(easy, CURLOPT_POSTFIELDS, request.form.c_str());
    }
    self->sent = Clock::now();
    if (const CURLMcode code = curl_multi_add_handle(multi_, easy))
        throw Failure(Exit::failed, std::string("libcurl: ") + curl_multi_strerror(code) + ".");
    in_flight_.push_back(transfer.release());
    ++metrics_.requests;
}

void Client::finish(Transfer* self, int result) {
    std::unique_ptr<Transfer> transfer(self);
    std::erase(in_flight_, self);
    const auto code = static_cast<CURLcode>(result);
    long status = 0;
    curl_off_t retry_after = 0, bytes = 0;
    curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(self->easy, CURLINFO_RETRY_AFTER, &retry_after);
    curl_easy_getinfo(self->easy, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
    curl_multi_remove_handle(multi_, self->easy);
    idle_.push_back(self->easy);
    self->easy = nullptr;
    limiter_.finished(self->ticket);
    metrics_.bytes += bytes;
    const auto at_least = duration_cast<milliseconds>(seconds{std::clamp<curl_off_t>(retry_after, 0, 3600)});

    if (code != CURLE_OK) {
        ApiError error{0, {}, curl_easy_strerror(code)};
        if (is_transient(code)) return retry_or_fail(std::move(transfer), std::move(error), at_least);
        return fail(std::move(transfer), std::move(error));
    }
    metrics_.milliseconds.push_back(duration<float, std::milli>(Clock::now() - self->sent).count());
    if (status < 200 || status >= 300) {
        ApiError error = errors_.parse(self->body, status);
        if (status >= 300 && status < 400)
            error.message = "The server redirects; pgcandle does not follow with a token";
        if (error.is_transient()) return retry_or_fail(std::move(transfer), std::move(error), at_least);
        if (error.token_refused() && doubts(*transfer)) return retry_after_doubt(std::move(transfer));
        return fail(std::move(transfer), std::move(error));
    }
    if (self->request.into && std::fflush(self->request.into) != 0)
        throw Failure(Exit::failed, "A temporary file cannot be written.");
    Reply reply{std::move(self->body), {}, self->attempts};
    const Parsed parsed = self->request.receive(reply);
    self->body = std::move(reply.body);
    if (parsed == Parsed::taken) {
        refusals_ = 0;
        token_doubted_until_ = {};
        return;
    }
    if (parsed == Parsed::malformed)
        return retry_or_fail(std::move(transfer), ErrorParser::unreadable(self->body, status), at_least);
    ApiError error = errors_.parse(self->body, status);
    if (error.is_transient()) return retry_or_fail(std::move(transfer), std::move(error), at_least);
    fail(std::move(transfer), std::move(error));
}

void Client::retry_or_fail(std::unique_ptr<Transfer> transfer, ApiError error, milliseconds at_least) {
    if (transfer->attempts >= options_.attempts) return fail(std::move(transfer), std::move(error));
    const int doublings = std::min(transfer->attempts - 1, 20);
    const auto limit = std::min(options_.longest_backoff, options_.backoff * (std::int64_t{1} << doublings));
    const milliseconds jitter{std::uniform_int_distribution<std::int64_t>{0, limit.count()}(random_)};
    const auto delay = std::max(jitter, at_least);
    transfer->due = Clock::now() + delay;
    ++metrics_.retries;
    if (error.too_many_requests()) {
        ++metrics_.too_many;
        paused_until_ = std::max(paused_until_, transfer->due);
    }
    spdlog::debug("retry attempt={} wait_ms={} url={} error=\"{}\"", transfer->attempts + 1, delay.count(),
                  shown(transfer->request.url), error.text());
    waiting_.push_back(std::move(transfer));
}

/// Whether a refused token is given another chance: at the first refusal since something went well, and for what was
/// under way then.
bool Client::doubts(const Transfer& transfer) const {
    return !token_.empty() && (token_doubted_until_ == Clock::time_point{} || transfer.sent < token_doubted_until_);
}

void Client::retry_after_doubt(std::unique_ptr<Transfer> transfer) {
    if (token_doubted_until_ == Clock::time_point{}) {
        const auto patience = options_.backoff * 120;
        token_doubted_until_ = Clock::now() + patience;
        spdlog::warn("token refused once, asked again in_ms={}", patience.count());
    }
    transfer->due = token_doubted_until_;
    paused_until_ = std::max(paused_until_, transfer->due);
    ++metrics_.retries;
    waiting_.push_back(std::move(transfer));
}

void Client::fail(std::unique_ptr<Transfer> transfer, ApiError error) {
    ++metrics_.failures;
    // What is said of one request says nothing about the next one.
    const bool of_request = error.key_refused() || error.plan_missing() || error.token_refused();
    const std::string kind = error.text();
    if (!of_request) refusals_ = kind == refusal_ ? refusals_ + 1 : 1, refusal_ = kind;
    Reply reply{{}, std::move(error), transfer->attempts};
    transfer->request.receive(reply);
    if (!of_request && refusals_ >= most_refusals)
        throw Unavailable("Upstox does not answer: " + std::to_string(refusals_) + " requests in a row came to \"" +
                          kind + "\". No more were sent.");
}

void Client::move_due_retries() {
    const auto now = Clock::now();
    for (std::size_t i = 0; i < waiting_.size();) {
        if (waiting_[i]->due > now) {
            ++i;
            continue;
        }
        ready_.push_front(std::move(waiting_[i]));
        waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    }
}

void Client::run(const std::function<std::optional<Request>()>& more, const std::atomic<bool>* stop) {
    bool exhausted = !more;
    auto ask_again = Clock::time_point::min();  // the limiter
    for (;;) {
        const bool stopping = stop && *stop;
        if (stopping) ready_.clear(), waiting_.clear(), exhausted = true;
        move_due_retries();
        const auto room = static_cast<std::size_t>(options_.parallel) - in_flight_.size();
        while (!exhausted && ready_.size() < room) {
            if (auto request = more())
                submit(std::move(*request));
            else
                exhausted = true;
        }
        if (ready_.empty() && waiting_.empty() && in_flight_.empty()) return;

        auto now = Clock::now();
        if (!ready_.empty() && room > 0 && now >= paused_until_ && now >= ask_again) {
            const auto wanted = static_cast<int>(std::min(room, ready_.size()));
            const Limiter::Grant grant = limiter_.acquire(wanted, ready_.front()->request.endpoint);
            for (const std::int64_t ticket : grant.tickets) {
                auto next = std::move(ready_.front());
                ready_.pop_front();
                start(std::move(next), ticket);
            }
            now = Clock::now();
            ask_again = grant.tickets.empty() ? now + grant.wait : Clock::time_point::min();
        }
        int running = 0, left = 0;
        curl_multi_perform(multi_, &running);

        bool any = false;
        while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            void* self = nullptr;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
            const CURLcode code = message->data.result;
            finish(static_cast<Transfer*>(self), code);
            any = true;
        }
        if (any) continue;

        now = Clock::now();
        auto until = now + milliseconds{500};
        for (const auto& transfer : waiting_) until = std::min(until, transfer->due);
        if (!ready_.empty() && in_flight_.size() < static_cast<std::size_t>(options_.parallel)) {
            const auto next = std::max(ask_again, paused_until_);
            if (next > now)
                until = std::min(until, next);
            else
                continue;
        }
        const auto wait = std::max<std::int64_t>(0, ceil<milliseconds>(until - now).count());
        curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait), nullptr);
    }
}

}  // namespace pg_candle::upstox
