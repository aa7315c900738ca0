#pragma once
#include <atomic>
#include <string>
#include <vector>

#include "store/connection.hpp"
#include "upstox/client.hpp"

namespace pg_candle::ingest {

/// What every run has to know: where the database and the provider are, and how to ask.
struct Settings {
    std::string database, api_url, assets_url, token_file, rate_limits, log_level;
    int parallel = 16, attempts = 6, backoff_ms = 500, timeout_s = 180, stall_s = 30;
    bool quiet = false;

    /// A connection to the database with the candle tables in reach.
    store::Connection connect() const;

    /// A connection to the database as it is, for `init`.
    store::Connection connect_plain() const { return store::Connection(database); }

    /// The file that holds the token.
    std::string token_path() const;
    upstox::Token load_token() const;
    /// As load_token, but throws Failure (authentication) when there is none.
    upstox::Token require_token() const;

    upstox::ClientOptions client_options() const;
    std::vector<RateLimit> limits() const { return parse_limits(rate_limits); }

    /// Set by SIGINT and SIGTERM: finish what is in flight, then end.
    static std::atomic<bool>& stop();
};

}  // namespace pg_candle::ingest
