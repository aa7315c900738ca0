#pragma once
#include "backend/freshness/guarded_refresh.hpp"
#include "backend/postgres/compat.hpp"

namespace pg_candle {

/// A refresh of many series, as the view refresh_progress shows it: a row of refresh_run for the whole, and one for
/// each process that works on it, which that process writes in the transactions in which it stores rows. Without the
/// right to write that table there is nothing to see. Needs SPI.
class RefreshProgressLog {
public:
    /// Statements live in the current memory context.
    explicit RefreshProgressLog(Oid schema);

    /// Begins a run and returns its number. Ended runs of which more than a week has passed are forgotten.
    int64 begin(const char* timeframe, int series_total);

    /// What `worker` of the run has done so far, and what it takes up next; null for nothing more.
    void report(int64 run, int worker, int done, int failed, int64 rows, const Series* current);

    void end(int64 run);

private:
    SPIPlanPtr begin_ = nullptr, forget_ = nullptr, report_ = nullptr, end_ = nullptr;
};

}  // namespace pg_candle
