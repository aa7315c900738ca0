#include "replay/server.hpp"

#include <zlib.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "model/failure.hpp"
#include "replay/answers.hpp"
#include "replay/damage.hpp"

namespace pg_candle::replay {
namespace {

using namespace std::chrono;

/// Not the plain type: that one httplib would compress itself, by the slowest of brotli.
constexpr const char* json_type = "application/json;charset=utf-8";

/// Half of the bytes, then nothing more: the connection ends after `pause`.
void send_half(httplib::Response& response, std::string body, milliseconds pause) {
    const auto content = std::make_shared<std::string>(std::move(body));
    response.set_content_provider(content->size(), json_type,
                                  [content, pause](std::size_t offset, std::size_t, httplib::DataSink& sink) {
                                      const std::size_t half = content->size() / 2;
                                      if (offset < half) return sink.write(content->data() + offset, half - offset);
                                      std::this_thread::sleep_for(pause);
                                      return false;
                                  });
}

}  // namespace

Server::Server(const Market& market, ServerOptions options)
    : market_(market), options_(std::move(options)), faults_(options_.chances), listed_(market.listed(options_.today)) {
    http_.new_task_queue = [] { return new httplib::ThreadPool(64); };
    http_.set_keep_alive_max_count(100'000);
    http_.set_tcp_nodelay(true);
    add_candles();
    add_quotes();
    add_instruments();
    add_calendar();
    add_expired();
    add_login();
    add_control();
    http_.set_error_handler([](const Request&, Response& response) {
        if (response.body.empty())
            response.set_content(error_body("UDAPI10000", "This request is not supported by Upstox API"), json_type);
    });
}

int Server::bind(int port) {
    if (port == 0)
        port = http_.bind_to_any_port("127.0.0.1");
    else if (!http_.bind_to_port("127.0.0.1", port))
        port = -1;
    if (port < 0) throw Failure(Exit::failed, "The port cannot be listened at.");
    return port;
}

void Server::serve() { http_.listen_after_bind(); }

bool Server::admit() {
    const auto now = steady_clock::now();
    const std::lock_guard lock(mutex_);
    ++requests_;
    microseconds longest{0};
    for (const auto& limit : options_.limits) {
        longest = std::max(longest, limit.span);
        const auto inside = arrivals_.end() - std::upper_bound(arrivals_.begin(), arrivals_.end(), now - limit.span);
        if (inside >= limit.most) {
            ++too_many_;
            return false;
        }
    }
    arrivals_.push_back(now);
    while (!arrivals_.empty() && arrivals_.front() <= now - longest) arrivals_.pop_front();
    return true;
}

void Server::route(const std::string& pattern, std::function<void(const Request&, Response&)> handler,
                   bool needs_token) {
    http_.Get(pattern, [this, handler = std::move(handler), needs_token](const Request& request, Response& response) {
        if (!admit()) return refuse(response, 429, "UDAPI10005", "Too Many Request Sent");
        const std::string authorization = request.get_header_value("Authorization");
        if ((needs_token && authorization.empty()) || (!authorization.empty() && expired_) ||
            (!options_.token.empty() && !authorization.empty() && authorization != "Bearer " + options_.token))
            return refuse(response, 401, "UDAPI100050", "Invalid token used to access API");
        handler(request, response);
        if (response.status > 0 && response.status != 200) return;
        std::string body = std::move(response.body);
        response.body.clear();
        response.headers.erase("Content-Type");
        send(request, response, std::move(body));
    });
}

void Server::send(const Request& request, Response& response, std::string body) {
    const auto fault = faults_.draw();
    if (fault == Fault::slow) std::this_thread::sleep_for(milliseconds{500});
    if (fault == Fault::server_error) return refuse(response, 500, "UDAPI100500", "Something went wrong");
    if (fault == Fault::hidden_error)
        return response.set_content(error_body("UDAPI10005", "Too Many Request Sent"), json_type);
    if (fault == Fault::too_many) {
        response.set_header("Retry-After", "1");
        return refuse(response, 429, "UDAPI10005", "Too Many Request Sent");
    }
    const auto page = [&](int status, const std::string& title) {
        response.status = status;
        response.set_content("<html><body><h1>" + title + "</h1></body></html>", "text/html");
    };
    if (fault == Fault::unavailable) return page(503, "503 Service Temporarily Unavailable");
    if (fault == Fault::forbidden) return page(403, "403 Forbidden");
    if (fault == Fault::timeout) return page(408, "408 Request Timeout");
    if (fault == Fault::too_early) return page(425, "425 Too Early");
    if (fault == Fault::unauthorized) return refuse(response, 401, "UDAPI100050", "Invalid token used to access API");
    if (fault == Fault::damaged) body = damage(body, faults_.draw_seed());
    if (fault == Fault::foreign_rows) body = add_foreign_rows(body);
    if (fault == Fault::malformed)
        for (std::size_t i = body.size() / 3; i < std::min(body.size(), body.size() / 3 + 40); ++i)
            body[i] = i % 2 ? ']' : '{';
    if (fault == Fault::malformed) body.back() = ']';  // the rest may lie within a text
    if (fault == Fault::truncated) body.resize(body.size() * 2 / 3);
    if (fault == Fault::cut) return send_half(response, std::move(body), milliseconds{0});
    if (fault == Fault::stall) return send_half(response, std::move(body), milliseconds{3000});
    if (request.get_header_value("Accept-Encoding").find("gzip") != std::string::npos) {
        body = gzip(body);
        response.set_header("Content-Encoding", "gzip");
        if (fault == Fault::truncated_gzip) body.resize(body.size() / 2);
    }
    response.set_content(body, json_type);
}

const Listing* Server::find(const std::string& key) const {
    const auto found = std::find_if(listed_.begin(), listed_.end(), [&](const Listing& one) { return one.key == key; });
    return found == listed_.end() ? nullptr : &*found;
}

void Server::add_quotes() {
    route(
        "/v3/market-quote/ltp",
        [this](const Request& request, Response& response) {
            if (!request.has_param("instrument_key"))
                return refuse(response, 400, "UDAPI1009", "Instrument key is required");
            std::vector<const Listing*> asked;
            std::stringstream keys(request.get_param_value("instrument_key"));
            for (std::string key; std::getline(keys, key, ',');) {
                asked.push_back(find(key));
                if (!asked.back())
                    return refuse(response, 400, "UDAPI1087", "One of either symbol or instrument_key is invalid");
            }
            if (asked.size() > 500)
                return refuse(response, 400, "UDAPI100043", "Too many instrument keys in the request");
            nlohmann::ordered_json data = nlohmann::ordered_json::object();
            for (const Listing* one : asked) {
                const auto days =
                    market_.bars(*one, Width::day, options_.today - std::chrono::days{20}, options_.today);
                if (days.size() < 2) continue;  // nothing traded: the provider leaves it out
                const Bar& bar = days.back();
                data[one->segment + ":" + one->symbol] = {{"last_price", bar.close},
                                                          {"instrument_token", one->key},
                                                          {"ltq", one->lot},
                                                          {"volume", static_cast<std::int64_t>(bar.volume)},
                                                          {"cp", days[days.size() - 2].close}};
            }
            response.body = success_body(data.dump());
        },
        true);
}

void Server::add_instruments() {
    http_.Get("/market-quote/instruments/exchange/(complete|NSE|BSE|MCX)\\.json\\.gz",
              [this](const Request& request, Response& response) {
                  const std::string which = request.matches[1];
                  std::string text = "[";
                  for (const Listing& one : listed_) {
                      if (which != "complete" && one.exchange != which) continue;
                      if (text.size() > 1) text += ',';
                      text += listing_json(one, true).dump();
                  }
                  text += ']';
                  const Fault fault = faults_.draw().value_or(Fault::slow);
                  if (fault == Fault::damaged) text = damage(text, faults_.draw_seed());
                  std::string body = gzip(text);
                  switch (fault) {
                      case Fault::server_error:
                      case Fault::unavailable:
                      case Fault::too_many:
                      case Fault::timeout:
                      case Fault::too_early:
                          response.status = 503;
                          return;
                      case Fault::cut:
                      case Fault::stall:
                          return send_half(response, std::move(body), milliseconds{0});
                      case Fault::truncated_gzip:
                      case Fault::truncated:
                          body.resize(body.size() / 2);
                          break;
                      case Fault::malformed:
                          body[body.size() / 2] = static_cast<char>(body[body.size() / 2] ^ 0x55);
                          break;
                      default:
                          break;
                  }
                  response.set_content(body, "application/gzip");
              });
}

void Server::add_login() {
    http_.Get("/v2/login/authorization/dialog", [this](const Request& request, Response& response) {
        if (!request.has_param("redirect_uri")) return refuse(response, 400, "UDAPI1018", "Redirect URI is required");
        const std::lock_guard lock(mutex_);
        const std::string code = "code" + std::to_string(codes_.size() + 1);
        codes_.insert(code);
        response.set_redirect(request.get_param_value("redirect_uri") + "?code=" + code +
                              "&state=" + request.get_param_value("state"));
    });
    http_.Post("/v2/login/authorization/token", [this](const Request& request, Response& response) {
        const std::lock_guard lock(mutex_);
        if (codes_.erase(request.get_param_value("code")) == 0)
            return refuse(response, 401, "UDAPI100057", "Invalid Auth code");
        if (request.get_param_value("client_secret").empty())
            return refuse(response, 400, "UDAPI1024", "Client secret is required");
        const std::string token = options_.token.empty() ? "replay-token" : options_.token;
        expired_ = false;
        response.set_content(
            nlohmann::json{{"user_id", "REPLAY"}, {"access_token", token}, {"extended_token", token}}.dump(),
            json_type);
    });
}

void Server::add_control() {
    http_.Get("/_replay/stats", [this](const Request&, Response& response) {
        const std::lock_guard lock(mutex_);
        response.set_content(
            nlohmann::json{{"requests", requests_}, {"too_many", too_many_}, {"candles", asked_}}.dump(), json_type);
    });
    http_.Post("/_replay/reset", [this](const Request&, Response& response) {
        const std::lock_guard lock(mutex_);
        requests_ = too_many_ = 0;
        asked_.clear();
        arrivals_.clear();
        response.set_content("{}", json_type);
    });
    http_.Post("/_replay/faults", [this](const Request& request, Response& response) {
        try {
            faults_.set(request.body);
            response.set_content("{}", json_type);
        } catch (const Failure& failure) {
            response.status = 400;
            response.set_content(failure.what(), "text/plain");
        }
    });
    http_.Post("/_replay/expire_token", [this](const Request&, Response& response) {
        expired_ = true;
        response.set_content("{}", json_type);
    });
}

}  // namespace pg_candle::replay
