#pragma once
#include "backend/freshness/state_format.hpp"
#include "backend/postgres/compat.hpp"

namespace pg_candle {

/// What drop_candles() has removed: the beginnings of series, whose indicators and derived candles stay. Whoever may
/// read candles gets this right, too: the table is used with its owner's rights, as for a foreign key, since nothing of
/// it is shown. Needs SPI.
class DroppedCandles {
public:
    /// Statements live in `memory`. `read_only`: look at the caller's snapshot instead of a new one.
    DroppedCandles(Oid schema, MemoryContext memory, bool read_only);

    struct Cut {
        TimestampTz kept_from = DT_NOBEGIN;  ///< candles from here on are kept; DT_NOBEGIN: none were dropped
        int64 bars = 0;                      ///< how many were dropped
        SavedState state;                    ///< after the last dropped candle; in the current memory context
    };

    /// Where the series was cut last.
    Cut of(const Series& series);

    /// The series begins with what is left: no state of dropped candles is gone on from any more; `columns`
    /// (save_columns()) takes its place. With the owner's rights.
    void forget_state(const Series& series, const bytea* columns);

    /// All of them are there again. With the owner's rights.
    void forget(const Series& series);

    /// Notes a cut; `dropped` candles went with it. Needs the caller's rights.
    void note(const Series& series, TimestampTz kept_from, int64 dropped, const bytea* state);

private:
    Oid table_;
    const char* name_;
    MemoryContext memory_;
    bool read_only_;
    SPIPlanPtr of_ = nullptr, forget_state_ = nullptr, forget_ = nullptr, note_ = nullptr;
};

}  // namespace pg_candle
