#pragma once
#include <optional>
#include <string>

#include "model/india_time.hpp"

namespace pg_candle::upstox {

/// An access token of the API. It leaves this class only into the Authorization header and into its file: it has no
/// stream operator and no formatter, so that it cannot reach a log or an error.
class Token {
public:
    Token() = default;
    /// `place`: where it was found, `kind`: daily or analytics, empty if not known; for messages.
    explicit Token(std::string secret, std::string place = {}, std::string kind = {})
        : secret_(std::move(secret)), place_(std::move(place)), kind_(std::move(kind)) {}

    bool empty() const { return secret_.empty(); }
    const std::string& secret() const { return secret_; }
    const std::string& place() const { return place_; }
    const std::string& kind() const { return kind_; }
    bool same_as(const Token& other) const { return secret_ == other.secret_; }

private:
    std::string secret_, place_, kind_;
};

/// Whether a URL is of http and this machine, which no proxy has anything to do with.
bool is_this_machine(const std::string& url);

/// Whether a token may be sent there: https, or http to this machine.
bool may_carry_token(const std::string& url);

/// PGCANDLE_TOKEN_FILE, else pgcandle/token in the user's configuration folder.
std::string default_token_file();

/// The token from UPSTOX_ACCESS_TOKEN or the file; empty if there is neither. Throws Failure (authentication) when
/// others than the owner can read or write the file, or when it holds no token.
Token load_token(const std::string& file);

/// What a token's file, or its variable, says about it.
struct TokenRecord {
    std::string place, kind;  ///< where it is; daily or analytics, empty if not known
    std::optional<Instant> issued_at, expires_at;
};

/// Of the token that load_token() returns; no value where that is empty. Throws as load_token().
std::optional<TokenRecord> token_record(const std::string& file);

/// What to do about a token that was refused: which one it is, and where a new one goes.
std::string renewal(const Token& token);

/// Writes the token into the file, readable by its owner only, replacing what was there in one step.
void store_token(const std::string& file, const Token& token, const std::string& kind,
                 std::optional<Instant> expires_at);

/// When a token of the code flow that is issued at `at` expires: the next 03:30 in India, whatever the time of issue.
Instant daily_expiry(Instant at);

}  // namespace pg_candle::upstox
