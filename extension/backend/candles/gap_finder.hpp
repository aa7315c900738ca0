#pragma once
#include "backend/candles/candle_starts.hpp"
#include "backend/catalog/trading_calendar.hpp"
#include "market/gap_scan.hpp"

namespace pg_candle {

/// What is said about absent candles.
enum class GapState { not_requested, no_data, failed };

/// A run of absent candles of one state; both ends are starts of candles.
struct ClassifiedGap {
    TimestampTz first, last;
    int64 missing;
    GapState state;
};

/// The absent candles of a series, and how many of the expected ones are stored.
struct SeriesGaps {
    ClassifiedGap* list;
    int64 count;
    int64 present;
    int64 missing[3];  ///< by GapState
};

/// Absent candles that are worth asking for.
struct RequestableGaps {
    Gap* list;
    int64 count;
};

/// Finds the gaps of one series after the other, with queries that are prepared once and kept in a memory context.
/// Needs SPI.
class GapFinder {
public:
    GapFinder(Oid schema, MemoryContext memory);

    /// One ordered pass over the stored candles of the range. Filled ranges of candle_coverage whose candles are all
    /// there make holes `no_data`; where some are lost, the holes were not requested. What it returns lives in the
    /// current memory context.
    SeriesGaps find(const Series& series, const Timeframe& timeframe, const TradingCalendar& trading,
                    const ExpectedRange& range);

    /// What to ask the provider for: expected candles that are not stored, or only as intraday or derived ones, unless
    /// the provider has confirmed twice that there are none, the last time not before `confirmed_since`. A hole in a
    /// filled range was asked for once.
    RequestableGaps find_requestable(const Series& series, const Timeframe& timeframe, const TradingCalendar& trading,
                                     const ExpectedRange& range, TimestampTz confirmed_since);

private:
    CandleStarts times_;
    SPIPlanPtr coverage_, count_, provisional_minutes_, provisional_;
};

}  // namespace pg_candle
