#pragma once
#include "backend/postgres/progress.hpp"
#include "backend/freshness/series_refresh.hpp"

namespace pg_candle {

inline constexpr int most_workers = 64;

/// What became of a refresh of many series.
struct RefreshTotals {
    int done = 0;    ///< series that were worked on, failed ones among them
    int failed = 0;
    int64 rows = 0;
    KnownSeriesList held{};  ///< that somebody held: not done
};

/// Refreshes the series of a list in dynamic background workers, which take one after the other from a common queue,
/// commit each, and go on when one fails; every failure is a warning here. Waits for them, and says how far they are
/// (`fresh` series had nothing to do). The workers act as the current user. They end with the caller: when it is
/// cancelled, terminated, or fails. What somebody holds they pass over; `held` lists it in the current memory context.
///
/// Returns false, with nothing done, if not one worker could be started. Called outside of any snapshot.
bool refresh_in_workers(Oid schema, const KnownSeriesList& list, int workers, Progress& progress, int fresh, int64 run,
                        RefreshTotals* totals);

}  // namespace pg_candle
