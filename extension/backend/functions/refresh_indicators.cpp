// refresh_indicators(timeframe, workers).
#include <algorithm>

#include "backend/catalog/arguments.hpp"
#include "backend/postgres/exception_boundary.hpp"
#include "backend/postgres/progress_notice.hpp"
#include "backend/postgres/subtransaction.hpp"
#include "backend/workers/parallel_refresh.hpp"
#include "backend/workers/refresh_progress_log.hpp"

extern "C" {
#include "storage/latch.h"
#include "tcop/utility.h"
#include "utils/wait_event.h"
}

namespace pg_candle {
namespace {

void require_top_level(FunctionCallInfo fcinfo) {
    if (!may_commit(fcinfo))
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
                 errmsg("refresh_indicators() commits after every series and cannot run inside a transaction block"),
                 errhint("Call it on its own, or use SELECT compute_indicators() inside a transaction.")));
    PreventCommandIfReadOnly("refresh_indicators()");
}

/// The same without workers, in this session. `done` so far are counted in what it reports.
void refresh_here(GuardedRefresh& refresh, RefreshProgressLog& progress_row, const SeriesStatusList& list,
                  Progress& progress, int fresh, int64 run, RefreshTotals* totals) {
    MemoryContext procedure = CurrentMemoryContext;
    MemoryContext each = AllocSetContextCreate(procedure, "pg_candle refresh, one series", ALLOCSET_DEFAULT_SIZES);
    SeriesStatusList held{};
    int room = 0;
    for (int i = 0; i < list.count; ++i) {
        CHECK_FOR_INTERRUPTS();
        const Series& series = list.series[i].series;
        MemoryContextSwitchTo(each);
        const SeriesOutcome refreshed = refresh.refresh(list.series[i]);
        totals->done += refreshed.held ? 0 : 1;
        totals->failed += refreshed.error ? 1 : 0;
        totals->rows += refreshed.written;
        progress_row.report(run, 1, totals->done, totals->failed, totals->rows,
                            i + 1 < list.count ? &list.series[i + 1].series : nullptr);
        SPI_commit();
        if (refreshed.error)
            ereport(WARNING, (errmsg("instrument %d, timeframe %s: %s", series.instrument_id, series.timeframe,
                                     refreshed.error)));
        MemoryContextSwitchTo(procedure);
        if (refreshed.held) append(held.series, held.count, room) = list.series[i];
        MemoryContextReset(each);
        progress.set(fresh + totals->done, totals->rows);
    }
    MemoryContextDelete(each);
    totals->held = held;
}

/// Comes back to what somebody held, for as long as some of it is let go within `patience` rounds, each a little later.
void come_back(GuardedRefresh& refresh, RefreshProgressLog& progress_row, Progress& progress, int fresh, int64 run,
               RefreshTotals* totals) {
    constexpr int patience = 8;
    constexpr long longest_pause = 4000;  // milliseconds
    long pause = 50;
    for (int round = 0; totals->held.count > 0 && round < patience; ++round) {
        WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, pause, PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
        pause = std::min(2 * pause, longest_pause);
        const int before = totals->held.count;
        refresh_here(refresh, progress_row, totals->held, progress, fresh, run, totals);
        if (totals->held.count < before) round = 0;
    }
    constexpr int named = 10;
    for (int i = 0; i < std::min(totals->held.count, named); ++i)
        ereport(WARNING,
                (errmsg("instrument %d, timeframe %s is held by another session",
                        totals->held.series[i].series.instrument_id, totals->held.series[i].series.timeframe),
                 errdetail("It was passed over."),
                 errhint("pg_stat_activity and pg_prepared_xacts show who has a transaction open. The next refresh "
                         "takes the series up.")));
    if (totals->held.count > named) ereport(WARNING, (errmsg("%d more series are held", totals->held.count - named)));
}

Datum refresh_indicators(FunctionCallInfo fcinfo) {
    const int32 workers = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1);
    if (workers < 0 || workers > max_workers)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("workers must be between 0 and %d", max_workers)));
    require_top_level(fcinfo);
    const Oid schema = schema_of_function(fcinfo);
    const SeriesFilter filter{false, 0, timeframe_argument(fcinfo, 0)};

    SPI_connect_ext(SPI_OPT_NONATOMIC);
    MemoryContext procedure = CurrentMemoryContext;
    GuardedRefresh refresh(schema, SeriesComputation::Waits::never);
    RefreshProgressLog progress_row(schema);
    refresh.expand_log();
    SeriesStatusList list = list_series_status(schema, filter, WhichSeries::known, SeriesOrder::newest_first);
    refresh.notice_log_gap();
    const int all = list.count;
    refresh.keep_due(list);
    const int fresh = all - list.count;
    Progress progress(all, "series", fresh);
    RefreshTotals totals;
    int64 run = 0;
    if (list.count > 0) {
        run = progress_row.begin(filter.timeframe, list.count);
        SPI_commit();
        MemoryContextSwitchTo(procedure);
        const bool done = workers > 0 && refresh_in_workers(schema, list, workers, progress, fresh, run, &totals);
        if (!done && workers > 0)
            ereport(NOTICE, (errmsg("no background worker could be started; going on without"),
                             errhint("Consider raising max_worker_processes.")));
        if (!done) refresh_here(refresh, progress_row, list, progress, fresh, run, &totals);
        come_back(refresh, progress_row, progress, fresh, run, &totals);
    }
    MemoryContextSwitchTo(procedure);
    if (ErrorData* error = try_in_subtransaction([&] { refresh.tidy_log(list); }); error && !is_held(error))
        ReThrowError(error);
    if (list.count > 0) progress_row.end(run);
    SPI_commit();
    const int unfinished = list.count - totals.done - totals.held.count;
    if (totals.failed > 0 || unfinished > 0)
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                        errmsg("%d of %d series could not be refreshed", totals.failed + unfinished, list.count),
                        errdetail("The others were, and are committed."),
                        errhint("Correct what the warnings name, then call it again.")));
    SPI_finish();
    return Datum{0};
}

}  // namespace
}  // namespace pg_candle

extern "C" {
PG_FUNCTION_INFO_V1(pg_candle_refresh_indicators);
PGDLLEXPORT Datum pg_candle_refresh_indicators(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::refresh_indicators(fcinfo); });
}
}
