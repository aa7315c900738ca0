#pragma once
#include <string>

#include "upstox/client.hpp"

namespace pg_candle::upstox {

/// An app as registered with the provider. The secret is treated like a token.
struct AppCredentials {
    std::string client_id, client_secret, redirect_uri;
};

/// Where the user logs in. `state` comes back with the code and must be compared.
std::string authorization_url(const std::string& api_url, const AppCredentials& app, const std::string& state);

/// 32 random characters.
std::string random_state();

/// What the provider sent the browser to: `?code=...&state=...`.
struct Redirect {
    std::string code, state;
};

/// Reads a redirected address, or a bare code (then `state` is empty).
Redirect parse_redirect(const std::string& text);

/// Listens once at a redirect address on this machine (http, 127.0.0.1 or localhost) until the browser arrives there.
/// Requests with another state are refused and do not end the waiting. Throws Failure (authentication) when nobody
/// comes in time or the address cannot be listened at.
Redirect wait_for_redirect(const std::string& redirect_uri, const std::string& state, std::chrono::seconds patience);

/// Exchanges the code, which works once, for a token. Throws Failure (authentication) with the provider's reason.
Token exchange_code(Client& client, const std::string& api_url, const AppCredentials& app, const std::string& code);

}  // namespace pg_candle::upstox
