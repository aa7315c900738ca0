#pragma once
#include "backend/compat.hpp"
#include "market/timeframe.hpp"

namespace pg_candle {

/// One series: an instrument in a timeframe.
struct Series {
    int32 instrument_id;
    const char* timeframe;
};

/// The tables that create_candle_tables() made live in the schema of the function that needs them.
Oid schema_of_function(FunctionCallInfo fcinfo);

/// The table's OID; a clear error if it does not exist.
Oid find_table(Oid schema, const char* name);

/// The same as a quoted, qualified name for SQL text; palloc'd.
const char* table_name(Oid schema, const char* name);

/// Reads a timeframe argument, or fails with a hint.
Timeframe require_timeframe(const char* text);

/// The same of an SQL argument; null where that is NULL.
const char* timeframe_argument(FunctionCallInfo fcinfo, int argument);

/// Fails unless instrument_master knows the instrument. Needs SPI.
void require_instrument(Oid schema, int32 instrument_id);

}  // namespace pg_candle
