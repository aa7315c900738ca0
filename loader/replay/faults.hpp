#pragma once
#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace pg_candle::replay {

/// What can go wrong with an answer, by the name that users give.
enum class Fault {
    slow,            ///< waits half a second first
    stall,           ///< half of the body, then silence until the connection is closed
    cut,             ///< half of the body, then the connection is closed
    server_error,    ///< HTTP 500 with the provider's UDAPI100500
    unavailable,     ///< HTTP 503 with a gateway's HTML
    too_many,        ///< HTTP 429, Retry-After: 1
    hidden_error,    ///< HTTP 200 with UDAPI10005 inside
    malformed,       ///< broken JSON of full length
    truncated,       ///< JSON that ends in the middle, with a correct length
    truncated_gzip,  ///< gzip that ends in the middle, with a correct length
    damaged,         ///< sound JSON with fields that cannot be (damage.hpp)
    foreign_rows,    ///< candles that nobody asked for among the others
    timeout,         ///< HTTP 408
    too_early,       ///< HTTP 425
    forbidden,       ///< HTTP 403 with a gateway's HTML
    unauthorized,    ///< HTTP 401, by mistake
};
inline constexpr std::array<const char*, 16> fault_names{
    "slow",         "stall",     "cut",       "server_error",   "unavailable", "too_many",
    "hidden_error", "malformed", "truncated", "truncated_gzip", "damaged",     "foreign_rows",
    "timeout",      "too_early", "forbidden", "unauthorized"};

/// Which fault an answer suffers, by chance. For several threads.
class Faults {
public:
    explicit Faults(std::uint64_t seed) : random_(seed) {}

    /// `slow=0.3,cut=0.1`: shares of the answers; replaces what was set. Throws Failure (usage).
    void set(const std::string& text);

    std::optional<Fault> draw();

    /// For what is random in a fault.
    std::uint64_t draw_seed();

private:
    std::mutex mutex_;
    std::mt19937_64 random_;
    std::map<Fault, double> shares_;
};

}  // namespace pg_candle::replay
