// compute_indicators(instrument_id, timeframe, since, force).
#include "backend/boundary.hpp"
#include "backend/engine.hpp"
#include "backend/tables.hpp"

extern "C" {
#include "tcop/utility.h"
}

namespace pg_candle {
namespace {

Datum compute_indicators(FunctionCallInfo fcinfo) {
    PreventCommandIfReadOnly("compute_indicators()");
    PreventCommandIfParallelMode("compute_indicators()");
    const Oid schema = schema_of_function(fcinfo);
    const SeriesFilter filter{!PG_ARGISNULL(0), PG_ARGISNULL(0) ? 0 : PG_GETARG_INT32(0), timeframe_argument(fcinfo, 1)};
    Engine::Options options;
    if (!PG_ARGISNULL(2)) options.since = PG_GETARG_TIMESTAMPTZ(2);
    options.force = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);

    SPI_connect();
    const KnownSeriesList list = list_known_series(schema, filter, WhichSeries::known, SeriesOrder::key);
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

}  // namespace
}  // namespace pg_candle

extern "C" {
PG_FUNCTION_INFO_V1(pg_candle_compute_indicators);
PGDLLEXPORT Datum pg_candle_compute_indicators(PG_FUNCTION_ARGS) {
    return pg_candle::boundary([&] { return pg_candle::compute_indicators(fcinfo); });
}
}
