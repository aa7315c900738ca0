#pragma once
#include <nlohmann/json.hpp>
#include <string_view>

#include "upstox/api_error.hpp"

namespace pg_candle::upstox {

/// The list in a small successful answer, `{"status":"success","data":[...]}`; `data` is left alone otherwise.
inline Parsed read_list(std::string_view body, nlohmann::json& data) {
    nlohmann::json whole = nlohmann::json::parse(body, nullptr, false);
    if (!whole.is_object() || !whole.contains("status") || !whole["status"].is_string()) return Parsed::malformed;
    if (whole["status"] != "success") return Parsed::refused;
    if (!whole.contains("data") || !whole["data"].is_array()) return Parsed::malformed;
    data = std::move(whole["data"]);
    return Parsed::taken;
}

}  // namespace pg_candle::upstox
