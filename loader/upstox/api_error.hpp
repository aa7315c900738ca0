#pragma once
#include <simdjson.h>

#include <string>

#include "text/json.hpp"

namespace pg_candle::upstox {

/// An error as Upstox states it, or as the transport does (then `code` is empty).
struct ApiError {
    long http_status = 0;
    std::string code;  ///< UDAPI...
    std::string message;

    /// `Invalid Instrument key (UDAPI100011, HTTP 400)`.
    std::string text() const;

    bool too_many_requests() const { return http_status == 429 || code == "UDAPI10005"; }
    /// Another attempt may end differently: the provider is busy, or something on the way is.
    bool is_transient() const {
        return too_many_requests() || http_status == 408 || http_status == 425 || http_status >= 500;
    }
    /// The token is missing, wrong or expired; "pgcandle login" helps. A missing plan is a 401 as well, and not this.
    bool token_refused() const {
        return code == "UDAPI100050" || code == "UDAPI100016" || (http_status == 401 && !plan_missing());
    }
    bool plan_missing() const { return code == "UDAPI1149"; }
    /// The instrument key is unknown, or in a form that is not accepted.
    bool key_refused() const {
        return code == "UDAPI100011" || code == "UDAPI1087" || code == "UDAPI1021" || code == "UDAPI1011" ||
               code == "UDAPI1009";
    }
};

/// Reads `{"status":"error","errors":[{"error_code":...,"message":...}]}`. A body that is something else gives an error
/// without code that says what it is, a gateway's HTML page say, and names the HTTP status.
class ErrorParser {
public:
    ApiError parse(const JsonText& body, long http_status);

    /// Of a 2xx body that is no answer.
    static ApiError unreadable(const JsonText& body, long http_status);

private:
    simdjson::ondemand::parser parser_;
};

/// What a 2xx body turned out to be.
enum class Parsed { taken, refused, malformed };

}  // namespace pg_candle::upstox
