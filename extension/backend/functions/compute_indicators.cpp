// compute_indicators(): for one instrument, by id or by name, or for all.
#include "backend/catalog/arguments.hpp"
#include "backend/catalog/tables.hpp"
#include "backend/freshness/guarded_refresh.hpp"
#include "backend/postgres/exception_boundary.hpp"

extern "C" {
#include "tcop/utility.h"
}

namespace pg_candle {
namespace {

/// The arguments that all variants have.
struct Arguments {
    const char* timeframe;
    SeriesComputation::Options options;
};

Arguments arguments_from(FunctionCallInfo fcinfo, int timeframe, int since, int force, int verify) {
    Arguments arguments{timeframe_argument(fcinfo, timeframe), {}};
    if (!PG_ARGISNULL(since)) arguments.options.since = PG_GETARG_TIMESTAMPTZ(since);
    arguments.options.force = !PG_ARGISNULL(force) && PG_GETARG_BOOL(force);
    arguments.options.verify = !PG_ARGISNULL(verify) && PG_GETARG_BOOL(verify);
    return arguments;
}

Datum compute(FunctionCallInfo fcinfo, const SeriesFilter& filter, const SeriesComputation::Options& options) {
    PreventCommandIfReadOnly("compute_indicators()");
    PreventCommandIfParallelMode("compute_indicators()");
    const Oid schema = schema_of_function(fcinfo);
    SPI_connect();
    GuardedRefresh refresh(schema, SeriesComputation::Waits::always);
    refresh.expand_log();
    const SeriesStatusList list = list_series_status(schema, filter, WhichSeries::known, SeriesOrder::key);
    if (list.count == 0 && filter.has_instrument) require_instrument(schema, filter.instrument_id);
    if (list.count == 0 && filter.timeframe)
        ereport(NOTICE, (filter.has_instrument ? errmsg("instrument %d has no candles of timeframe %s",
                                                        filter.instrument_id, filter.timeframe)
                                               : errmsg("there are no candles of timeframe %s", filter.timeframe)));
    refresh.notice_log_gap();
    const int64 written = refresh.compute_all(list, options);
    SPI_finish();
    return Int64GetDatum(written);
}

Datum compute_of_instrument(FunctionCallInfo fcinfo) {
    if (PG_ARGISNULL(0))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the instrument must not be null"),
                        errhint("For all instruments, leave it out: SELECT compute_indicators(); or "
                                "compute_indicators(timeframe => '1d').")));
    const Arguments arguments = arguments_from(fcinfo, 1, 2, 3, 4);
    return compute(fcinfo, {true, PG_GETARG_INT32(0), arguments.timeframe}, arguments.options);
}

Datum compute_of_all(FunctionCallInfo fcinfo) {
    const Arguments arguments = arguments_from(fcinfo, 3, 2, 0, 1);
    return compute(fcinfo, {false, 0, arguments.timeframe}, arguments.options);
}

}  // namespace
}  // namespace pg_candle

extern "C" {
PG_FUNCTION_INFO_V1(pg_candle_compute_indicators);
PGDLLEXPORT Datum pg_candle_compute_indicators(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::compute_of_instrument(fcinfo); });
}
PG_FUNCTION_INFO_V1(pg_candle_compute_all_indicators);
PGDLLEXPORT Datum pg_candle_compute_all_indicators(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::compute_of_all(fcinfo); });
}
}
