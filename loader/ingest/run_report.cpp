#include "ingest/run_report.hpp"

#include <nlohmann/json.hpp>

namespace pg_candle::ingest {

double RunReport::error_rate() const {
    return http.requests == 0 ? 0
                              : static_cast<double>(http.retries + http.failures) / static_cast<double>(http.requests);
}

nlohmann::ordered_json RunReport::json() const {
    using Json = nlohmann::ordered_json;
    const auto candles = [](const store::Stored& one) {
        return Json{
            {"inserted", one.inserted}, {"updated", one.updated}, {"unchanged", one.unchanged}, {"kept", one.kept}};
    };
    const auto gap_counts = [](const store::GapCounts& one) {
        return Json{{"found", one.filled + one.confirmed}, {"filled", one.filled}, {"confirmed_empty", one.confirmed}};
    };
    Json details = Json::array();
    for (const auto& [key, one] : series) {
        Json detail{{"symbol", one.instrument.symbol},
                    {"instrument_key", one.instrument.key},
                    {"timeframe", key.second},
                    {"requests", one.requests},
                    {"empty", one.empty},
                    {"failed", one.failed},
                    {"candles", candles(one.stored)},
                    {"gaps", gap_counts(one.gaps)}};
        if (!one.rejected.empty()) detail["rejected"] = one.rejected;
        if (!one.altered.empty()) detail["altered"] = one.altered;
        if (!one.error.empty()) detail["error"] = one.error;
        details.push_back(std::move(detail));
    }
    return {{"complete", complete()},
            {"seconds", seconds},
            {"requests", {{"planned", planned}, {"done", done}, {"failed", failed}}},
            {"http",
             {{"sent", http.requests},
              {"retries", http.retries},
              {"too_many_requests", http.too_many},
              {"bytes", http.bytes},
              {"least_seconds", least_seconds},
              {"error_rate", error_rate()},
              {"latency_ms",
               {{"p50", http.latency_quantile(0.5)},
                {"p95", http.latency_quantile(0.95)},
                {"p99", http.latency_quantile(0.99)}}}}},
            {"candles", candles(stored)},
            {"gaps", gap_counts(gaps)},
            {"rejected", rejected},
            {"series", std::move(details)}};
}

}  // namespace pg_candle::ingest
