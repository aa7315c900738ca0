#pragma once
#include <mutex>
#include <optional>
#include <string>

#include "ingest/settings.hpp"
#include "model/india_time.hpp"

namespace pg_candle::daemon {

/// While the token is refused, nobody asks with it but now and then; a new one in its place sets work going again.
class TokenGate {
public:
    explicit TokenGate(const ingest::Settings& settings) : settings_(settings) {}

    /// The token to work with; waits as long as there is only the refused one, which is tried again every 15 minutes.
    /// Empty when the program is to stop.
    std::optional<upstox::Token> pass();

    void refuse(const upstox::Token& token, const std::string& why);

    /// Something was answered with it.
    void accept(const upstox::Token& token);

private:
    void forget(const char* what);

    const ingest::Settings& settings_;
    std::mutex mutex_;
    std::optional<upstox::Token> refused_;
    Instant refused_at_{};
};

}  // namespace pg_candle::daemon
