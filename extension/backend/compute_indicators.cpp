// compute_indicators(instrument_id, timeframe, since, force) and refresh_indicators(timeframe, workers).
#include "backend/boundary.hpp"
#include "backend/engine.hpp"
#include "backend/progress.hpp"
#include "backend/tables.hpp"

extern "C" {
#include "tcop/utility.h"
}

namespace pg_candle {
namespace {

/// The timeframe argument, checked; null for all.
const char* timeframe_argument(FunctionCallInfo fcinfo, int argument) {
    if (PG_ARGISNULL(argument)) return nullptr;
    const char* timeframe = text_to_cstring(PG_GETARG_TEXT_PP(argument));
    require_timeframe(timeframe);
    return timeframe;
}

Datum compute_indicators(FunctionCallInfo fcinfo) {
    PreventCommandIfReadOnly("compute_indicators()");
    PreventCommandIfParallelMode("compute_indicators()");
    const Oid schema = schema_of_function(fcinfo);
    const SeriesFilter filter{!PG_ARGISNULL(0), PG_ARGISNULL(0) ? 0 : PG_GETARG_INT32(0), timeframe_argument(fcinfo, 1)};
    Engine::Options options;
    if (!PG_ARGISNULL(2)) options.since = PG_GETARG_TIMESTAMPTZ(2);
    options.force = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);

    SPI_connect();
    const KnownSeriesList list = list_known_series(schema, filter, SeriesOrder::key);
    if (list.count == 0 && filter.has_instrument) require_instrument(schema, filter.instrument_id);
    int64 written = 0;
    Engine engine(schema);
    engine.open();
    for (int i = 0; i < list.count; ++i) {
        CHECK_FOR_INTERRUPTS();
        if (options.force || engine.is_due(list.series[i])) written += engine.compute(list.series[i].series, options);
    }
    engine.close();
    SPI_finish();
    PG_RETURN_INT64(written);
}

Datum refresh_indicators(FunctionCallInfo fcinfo) {
    const int32 workers = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1);
    if (workers < 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("workers must not be negative")));
    if (workers > 0)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("this version refreshes without background workers"),
                        errhint("Leave workers at 0.")));
    if (!may_commit(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
                        errmsg("refresh_indicators() commits after every series and cannot run inside a transaction block"),
                        errhint("Call it on its own, or use SELECT compute_indicators() inside a transaction.")));
    PreventCommandIfReadOnly("refresh_indicators()");
    const Oid schema = schema_of_function(fcinfo);
    const SeriesFilter filter{false, 0, timeframe_argument(fcinfo, 0)};

    SPI_connect_ext(SPI_OPT_NONATOMIC);
    const KnownSeriesList list = list_known_series(schema, filter, SeriesOrder::newest_first);
    Progress progress(list.count, "series");
    MemoryContext procedure = CurrentMemoryContext;
    Engine engine(schema);
    for (int i = 0; i < list.count; ++i) {
        // A nested connection: what the engine opens goes with it.
        SPI_connect();
        engine.open();
        const int64 written = engine.is_due(list.series[i]) ? engine.compute(list.series[i].series, {}) : 0;
        engine.close();
        SPI_finish();
        SPI_commit();
        MemoryContextSwitchTo(procedure);
        progress.add(written);
    }
    SPI_finish();
    return Datum{0};
}

}  // namespace
}  // namespace pg_candle

extern "C" {
PG_FUNCTION_INFO_V1(pg_candle_compute_indicators);
PGDLLEXPORT Datum pg_candle_compute_indicators(PG_FUNCTION_ARGS) {
    return pg_candle::boundary([&] { return pg_candle::compute_indicators(fcinfo); });
}

PG_FUNCTION_INFO_V1(pg_candle_refresh_indicators);
PGDLLEXPORT Datum pg_candle_refresh_indicators(PG_FUNCTION_ARGS) {
    return pg_candle::boundary([&] { return pg_candle::refresh_indicators(fcinfo); });
}
}
