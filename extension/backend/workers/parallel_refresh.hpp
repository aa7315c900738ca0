#pragma once
#include "backend/freshness/guarded_refresh.hpp"
#include "backend/postgres/progress_notice.hpp"

namespace pg_candle {

inline constexpr int max_workers = 64;

/// What became of a refresh of many series.
struct RefreshTotals {
    int done = 0;  ///< series that were worked on, failed ones among them
    int failed = 0;
    int64 rows = 0;
    SeriesStatusList held{};  ///< that somebody held: not done
};

/// Refreshes the series of a list in dynamic background workers, which take one after the other from a common queue,
/// commit each, and go on when one fails; every failure is a warning here. Waits for them, and says how far they are
/// (`fresh` series had nothing to do). The workers act as the current user. They end with the caller: when it is
/// cancelled, terminated, or fails. What somebody holds they pass over; `held` lists it in the current memory context.
///
/// Returns false, with nothing done, if not one worker could be started. Called outside of any snapshot.
bool refresh_in_workers(Oid schema, const SeriesStatusList& list, int workers, Progress& progress, int fresh, int64 run,
                        RefreshTotals* totals);

}  // namespace pg_candle
