#pragma once
#include "ingest/settings.hpp"
#include "store/request_log.hpp"

namespace pg_candle::ingest {

/// Clients of the provider under the limits that all loaders on the database share; they are kept over a connection of
/// the session's own. One client at a time.
class FetchSession {
public:
    explicit FetchSession(const Settings& settings) : FetchSession(settings, settings.limits()) {}
    FetchSession(const Settings& settings, std::vector<RateLimit> limits)
        : options_(settings.client_options()),
          connection_(settings.connect()),
          limiter_(connection_, std::move(limits)) {}

    /// `token` and the session must outlive it.
    upstox::Client client(const upstox::Token& token) { return upstox::Client(options_, limiter_, token); }

private:
    upstox::ClientOptions options_;
    store::Connection connection_;
    store::SharedLimiter limiter_;
};

}  // namespace pg_candle::ingest
