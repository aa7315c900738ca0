#pragma once
#include <optional>
#include <string>

#include "india_time.hpp"

namespace pg_candle::upstox {

/// An access token of the API. It leaves this class only into the Authorization header and into its file: it has no stream
/// operator and no formatter, so that it cannot reach a log or an error.
class Token {
public:
    Token() = default;
    explicit Token(std::string secret) : secret_(std::move(secret)) {}

    bool empty() const { return secret_.empty(); }
    const std::string& secret() const { return secret_; }
    bool same_as(const Token& other) const { return secret_ == other.secret_; }

private:
    std::string secret_;
};

/// Whether a token may be sent there: https, or http to this machine.
bool may_carry_token(const std::string& url);

/// PGCANDLE_TOKEN_FILE, else pgcandle/token in the user's configuration folder.
std::string default_token_file();

/// The token from UPSTOX_ACCESS_TOKEN or the file; empty if there is neither. Throws Failure (authentication) when others than
/// the owner can read or write the file, or when it holds no token.
Token load_token(const std::string& file);

/// Writes the token into the file, readable by its owner only, replacing what was there in one step.
void store_token(const std::string& file, const Token& token, const std::string& kind, std::optional<Instant> expires_at);

/// When a token of the code flow that is issued at `at` expires: the next 03:30 in India, whatever the time of issue.
Instant daily_expiry(Instant at);

}  // namespace pg_candle::upstox
