// refresh_indicators(timeframe, workers).
#include "backend/boundary.hpp"
#include "backend/progress.hpp"
#include "backend/refresh_run.hpp"
#include "backend/refresh_workers.hpp"

extern "C" {
#include "tcop/utility.h"
}

namespace pg_candle {
namespace {

void require_top_level(FunctionCallInfo fcinfo) {
    if (!may_commit(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
                        errmsg("refresh_indicators() commits after every series and cannot run inside a transaction block"),
                        errhint("Call it on its own, or use SELECT compute_indicators() inside a transaction.")));
    PreventCommandIfReadOnly("refresh_indicators()");
}

/// The same without workers, in this session.
RefreshTotals refresh_here(SeriesRefresh& refresh, RefreshRun& progress_row, const KnownSeriesList& list, Progress& progress, int fresh, int64 run) {
    MemoryContext procedure = CurrentMemoryContext;
    MemoryContext each = AllocSetContextCreate(procedure, "pg_candle refresh, one series", ALLOCSET_DEFAULT_SIZES);
    RefreshTotals totals;
    for (int i = 0; i < list.count; ++i) {
        CHECK_FOR_INTERRUPTS();
        const Series& series = list.series[i].series;
        SPI_connect();  // what the engine opens goes with it
        MemoryContextSwitchTo(each);
        const Refreshed refreshed = refresh.refresh(list.series[i]);
        ++totals.done;
        totals.failed += refreshed.error ? 1 : 0;
        totals.rows += refreshed.written;
        progress_row.report(run, 1, totals.done, totals.failed, totals.rows, i + 1 < list.count ? &list.series[i + 1].series : nullptr);
        SPI_finish();
        SPI_commit();
        if (refreshed.error) ereport(WARNING, (errmsg("instrument %d, timeframe %s: %s", series.instrument_id, series.timeframe, refreshed.error)));
        MemoryContextSwitchTo(procedure);
        MemoryContextReset(each);
        progress.set(fresh + totals.done, totals.rows);
    }
    return totals;
}

Datum refresh_indicators(FunctionCallInfo fcinfo) {
    const int32 workers = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1);
    if (workers < 0 || workers > most_workers)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("workers must be between 0 and %d", most_workers)));
    require_top_level(fcinfo);
    const Oid schema = schema_of_function(fcinfo);
    const SeriesFilter filter{false, 0, timeframe_argument(fcinfo, 0)};

    SPI_connect_ext(SPI_OPT_NONATOMIC);
    MemoryContext procedure = CurrentMemoryContext;
    KnownSeriesList list = list_known_series(schema, filter, WhichSeries::known, SeriesOrder::newest_first);
    SeriesRefresh refresh(schema);
    RefreshRun progress_row(schema);
    const int all = list.count;
    refresh.keep_due(list);
    const int fresh = all - list.count;
    Progress progress(all, "series", fresh);
    RefreshTotals totals;
    if (list.count > 0) {
        const int64 run = progress_row.begin(filter.timeframe, list.count);
        SPI_commit();
        MemoryContextSwitchTo(procedure);
        bool done = workers > 0 && refresh_in_workers(schema, list, workers, progress, fresh, run, &totals);
        if (!done && workers > 0)
            ereport(NOTICE, (errmsg("no background worker could be started; going on without"), errhint("Consider raising max_worker_processes.")));
        if (!done) totals = refresh_here(refresh, progress_row, list, progress, fresh, run);
        SPI_connect();
        progress_row.end(run);
        SPI_finish();
        SPI_commit();
    }
    const int unfinished = list.count - totals.done;
    if (totals.failed > 0 || unfinished > 0)
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("%d of %d series could not be refreshed", totals.failed + unfinished, list.count),
                        errdetail("The others were, and are committed."), errhint("Correct what the warnings name, then call it again.")));
    SPI_finish();
    return Datum{0};
}

}  // namespace
}  // namespace pg_candle

extern "C" {
PG_FUNCTION_INFO_V1(pg_candle_refresh_indicators);
PGDLLEXPORT Datum pg_candle_refresh_indicators(PG_FUNCTION_ARGS) {
    return pg_candle::boundary([&] { return pg_candle::refresh_indicators(fcinfo); });
}
}
