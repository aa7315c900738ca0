#include "backend/catalog/arguments.hpp"

namespace pg_candle {

Timeframe require_timeframe(const char* text) {
    Timeframe timeframe;
    const char* reason = "";
    if (!parse_timeframe(text, timeframe, reason)) {
        const NearTimeframe meant = near_timeframe(text);
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("\"%s\" is not a timeframe", text),
                        errdetail("%s", reason),
                        *meant.text
                            ? errhint("Write %s.", meant.text)
                            : errhint("Timeframes are 1m 3m 5m 15m 30m 1h 4h 1d 1w 1mo and other minutes and hours.")));
    }
    return timeframe;
}

const char* timeframe_argument(FunctionCallInfo fcinfo, int argument) {
    if (PG_ARGISNULL(argument)) return nullptr;
    const char* timeframe = text_to_cstring(PG_GETARG_TEXT_PP(argument));
    require_timeframe(timeframe);
    return timeframe;
}

Series series_argument(FunctionCallInfo fcinfo) {
    require_argument(fcinfo, 0, "instrument_id");
    require_argument(fcinfo, 1, "the timeframe");
    return {PG_GETARG_INT32(0), timeframe_argument(fcinfo, 1)};
}

void require_argument(FunctionCallInfo fcinfo, int argument, const char* name) {
    if (PG_ARGISNULL(argument))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name)));
}

TimestampTz bound_argument(FunctionCallInfo fcinfo, int argument, TimestampTz open) {
    return PG_ARGISNULL(argument) ? open : PG_GETARG_TIMESTAMPTZ(argument);
}

}  // namespace pg_candle
