#include "ingest/settings.hpp"

#include "model/failure.hpp"

namespace pg_candle::ingest {

store::Connection Settings::connect() const {
    store::Connection connection(database);
    connection.use_candle_tables();
    return connection;
}

std::string Settings::token_path() const { return token_file.empty() ? upstox::default_token_file() : token_file; }

upstox::Token Settings::load_token() const { return upstox::load_token(token_path()); }

upstox::Token Settings::require_token() const {
    upstox::Token token = load_token();
    if (token.empty())
        throw Failure(Exit::authentication, "There is no access token.",
                      "Run \"pgcandle login\", or set UPSTOX_ACCESS_TOKEN.");
    return token;
}

upstox::ClientOptions Settings::client_options() const {
    upstox::ClientOptions options;
    options.parallel = parallel;
    options.attempts = attempts;
    options.backoff = std::chrono::milliseconds{backoff_ms};
    options.total_timeout = std::chrono::seconds{timeout_s};
    options.stall_timeout = std::chrono::seconds{stall_s};
    return options;
}

std::atomic<bool>& Settings::stop() {
    static std::atomic<bool> flag{false};
    return flag;
}

}  // namespace pg_candle::ingest
