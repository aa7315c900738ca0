#pragma once
#include "backend/catalog/tables.hpp"

namespace pg_candle {

/// Reads a timeframe argument, or fails with a hint.
Timeframe require_timeframe(const char* text);

/// The same of an SQL argument; null where that is NULL.
const char* timeframe_argument(FunctionCallInfo fcinfo, int argument);

/// The first two arguments as a series; fails if one is NULL or the timeframe is none.
Series series_argument(FunctionCallInfo fcinfo);

/// An argument that says what is meant, which NULL does not; fails with its name.
void require_argument(FunctionCallInfo fcinfo, int argument, const char* name);

/// A bound of a range: `open` where the argument is NULL.
TimestampTz bound_argument(FunctionCallInfo fcinfo, int argument, TimestampTz open);

}  // namespace pg_candle
