#pragma once
#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "store/instruments.hpp"
#include "store/quote_store.hpp"
#include "upstox/client.hpp"

namespace pg_candle::ingest {

struct QuoteReport {
    std::int64_t stored = 0;
    std::vector<std::string> missing;     ///< symbols that the answer left out
    std::vector<std::string> refused;     ///< symbols whose key the provider does not accept
    std::vector<std::string> errors;      ///< of requests that failed for good
    std::map<std::string, int> rejected;  ///< reason → answers that were left out; their symbols are missing
    bool complete() const { return missing.empty() && refused.empty() && errors.empty() && rejected.empty(); }
};

/// Most keys that one request may name (upstox.md 3).
inline constexpr std::size_t keys_per_request = 500;

/// Asks for the last prices of all instruments and stores what came. When the provider refuses a whole list because of
/// a key in it, or a gateway because of its length, the list is halved until the key stands alone. Throws Failure
/// (authentication) for a refused token.
QuoteReport fetch_quotes(const std::vector<store::Instrument>& instruments, upstox::Client& client,
                         store::Connection& connection, const std::string& api_url, const std::atomic<bool>& stop);

}  // namespace pg_candle::ingest
