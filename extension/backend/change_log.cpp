#include "backend/change_log.hpp"

#include <algorithm>

#include "backend/cursor.hpp"

namespace pg_candle {

ChangeLog::ChangeLog(Oid schema, MemoryContext memory) {
    const char* log = table_name(schema, "candle_change");
    Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID};
    take_ = prepare_query(psprintf("DELETE FROM %s WHERE consumer OPERATOR(pg_catalog.=) 'indicators' AND instrument_id OPERATOR(pg_catalog.=) $1"
                                   " AND timeframe OPERATOR(pg_catalog.=) $2 RETURNING earliest", log),
                          2, types, memory);
    leave_ = prepare_query(psprintf("INSERT INTO %s (consumer, instrument_id, timeframe, earliest) VALUES ('indicators', $1, $2, $3)", log), 3, types, memory);
}

TimestampTz ChangeLog::take(const Series& series) {
    MemoryContext caller = CurrentMemoryContext;
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe)};
    const int result = SPI_execute_plan(take_, values, nullptr, false, 0);
    if (result < 0) elog(ERROR, "could not read candle_change: %s", SPI_result_code_string(result));
    TimestampTz earliest = DT_NOEND;
    for (uint64 i = 0; i < SPI_processed; ++i) {
        bool null;
        earliest = std::min(earliest, DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &null)));
    }
    SPI_freetuptable(SPI_tuptable);
    MemoryContextSwitchTo(caller);
    return earliest;
}

void ChangeLog::leave(const Series& series, TimestampTz earliest) {
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe), TimestampTzGetDatum(earliest)};
    execute_query(leave_, values);
}

}  // namespace pg_candle
