#pragma once
#include <httplib.h>

#include <nlohmann/json.hpp>
#include <string>

#include "replay/market.hpp"

namespace pg_candle::replay {

/// `{"status":"error",...}` as the provider writes it, each field twice.
std::string error_body(const std::string& code, const std::string& message);

/// `{"status":"success","data":...}`.
std::string success_body(const std::string& data);

void refuse(httplib::Response& response, int status, const std::string& code, const std::string& message);

/// Rows newest first, times with +05:30.
std::string candles_json(const std::vector<Bar>& bars);

/// An instrument as in the files (`expiry` in milliseconds), or as the contract endpoints have it (a date).
nlohmann::ordered_json listing_json(const Listing& listing, bool in_file);

std::string gzip(const std::string& text);

}  // namespace pg_candle::replay
