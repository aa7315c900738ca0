#pragma once
#include "backend/freshness/series_computation.hpp"

namespace pg_candle {

/// What came of one series.
struct SeriesOutcome {
    int64 written = 0;
    bool held = false;            ///< somebody holds it: not looked at, to be tried again
    const char* error = nullptr;  ///< why it failed, if it did; palloc'd in the caller's memory context
    bool noted = true;            ///< so that it waits longer each time
};

/// Refreshes series for those who go through many of them and must stop at none: neither at one that fails nor at one
/// that somebody holds. Needs an SPI connection, not always the same one; the caller commits.
class GuardedRefresh {
public:
    GuardedRefresh(Oid schema, SeriesComputation::Waits waits, bool expect_concurrent_writers = false);

    /// Keeps those series of a list that are due, in their order.
    void keep_due(SeriesStatusList& list);

    /// Changes with the columns of indicator_data, and with all else that makes every series due.
    uint64 columns_signature();

    /// Says as a notice why everything is computed anew each time, where it is.
    void notice_log_gap();

    /// Computes the series if it is due, in a subtransaction. A failure is noted in indicator_state, if that can be
    /// done without waiting. What the transaction needs it does not wait for, either.
    SeriesOutcome refresh(const SeriesStatus& known, const SeriesComputation::Options& options = {});

    /// Computes those series of a list that are due (all, with options.all()) within the caller's transaction; returns
    /// the rows written. A series whose data are bad is left out with a warning, unless it is the only one.
    int64 compute_all(const SeriesStatusList& list, const SeriesComputation::Options& options);

    // Whoever lists series begins with the one and ends with the other.

    /// Before a list is made: logged changes of all series become changes of each.
    void expand_log();

    /// After a list was worked on: one row of the log a series and consumer, none of series that are gone.
    void tidy_log(const SeriesStatusList& list);

private:
    int64 compute(const SeriesStatus* series, int count, const SeriesComputation::Options& options);
    bool note_failure(const Series& series, const char* error);

    SeriesComputation computation_;
    ChangeLog log_;
    SPIPlanPtr failed_;
};

}  // namespace pg_candle
