#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/quote.hpp"
#include "upstox/api_error.hpp"

namespace pg_candle::upstox {

/// Reads bodies of `/v3/market-quote/ltp` (upstox.md 3.1). Entries without a key or a price above 0, or with something
/// in them that is not what it should be, are left out and counted by reason.
class QuoteParser {
public:
    Parsed parse(const JsonText& body, std::vector<Quote>& quotes, std::map<std::string, int>& rejected);

private:
    JsonCheck check_;
    simdjson::ondemand::parser parser_;
};

}  // namespace pg_candle::upstox
