#pragma once
#include "model/candle.hpp"
#include "upstox/api_error.hpp"

namespace pg_candle::upstox {

/// Reads bodies of the historical and intraday candle endpoints, V2 and V3:
/// `{"status":"success","data":{"candles":[["2026-09-22T15:25:00+05:30",open,high,low,close,volume,oi], ...]}}`.
/// Source: upstox.md 2.1. Keeps its buffers between calls.
class CandleParser {
public:
    /// Appends to `batch` what the body holds, in the body's order; rows that are no candles are counted there.
    /// `refused` when the body says that it is no success; `malformed` when it is no JSON of that form, and then
    /// `batch` may hold a part.
    Parsed parse(const JsonText& body, const Timeframe& timeframe, CandleBatch& batch);

private:
    JsonCheck check_;
    simdjson::ondemand::parser parser_;
};

}  // namespace pg_candle::upstox
