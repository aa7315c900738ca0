#include "backend/catalog/market_clock.hpp"

#include "backend/postgres/exception_boundary.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace pg_candle {

TimestampTz market_now() {
    const char* setting = GetConfigOption("pg_candle.now", true, false);
    if (!setting || !*setting) return GetCurrentTransactionStartTimestamp();
    return DatumGetTimestampTz(
        DirectFunctionCall3(timestamptz_in, CStringGetDatum(setting), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

}  // namespace pg_candle

extern "C" {
PG_FUNCTION_INFO_V1(pg_candle_candle_now);
PGDLLEXPORT Datum pg_candle_candle_now(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    return pg_candle::catch_exceptions([&] { return TimestampTzGetDatum(pg_candle::market_now()); });
}
}
