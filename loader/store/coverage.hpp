#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "model/india_time.hpp"
#include "store/connection.hpp"

namespace pg_candle::store {

/// What is known about [from, to) of a series (design section 3, candle_coverage).
struct CoveredRange {
    enum class State { filled, no_data, failed };

    Instant from, to;
    State state;
    std::int64_t rows = 0;  ///< filled: candles that were stored in it, but intraday ones
    int attempts = 1;
    Instant checked_at{};
    std::string error;  ///< failed: why

    friend bool operator==(const CoveredRange&, const CoveredRange&) = default;
};

/// A range of candle_coverage, and how many of its candles (but intraday ones) are stored just before a part of it is
/// replaced: in that part and, where the range goes on to both sides of it, behind it.
struct StoredRange {
    CoveredRange range;
    std::int64_t stored_inside = 0, stored_after = 0;
};

/// The series' ranges after `fresh` was learned: ascending, without overlap, neighbours of equal state merged. `old`
/// are the ranges that overlap or touch `fresh`, ascending. What was stored and is cut off takes its rows along,
/// counted before the writing: where that count and the range's rows disagree, they go on disagreeing, so a lost candle
/// is never forgotten. A failure replaces only what nothing better is known about.
std::vector<CoveredRange> learn(const std::vector<StoredRange>& old, const CoveredRange& fresh);

/// The ranges that touch [from, to), locked in effect by the series lock of CandleStore.
std::vector<StoredRange> read_coverage(Connection& connection, int instrument_id, const std::string& timeframe,
                                       Instant from, Instant to);

/// Replaces them.
void write_coverage(Connection& connection, int instrument_id, const std::string& timeframe,
                    const std::vector<StoredRange>& old, const std::vector<CoveredRange>& fresh);

}  // namespace pg_candle::store
