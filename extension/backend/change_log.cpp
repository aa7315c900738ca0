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
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe)};
    TimestampTz earliest = DT_NOEND;
    for_each_row(take_, values, nullptr, false, 0, [&](const ResultRow& row) { earliest = std::min(earliest, DatumGetTimestampTz(row[1].value)); });
    return earliest;
}

void ChangeLog::leave(const Series& series, TimestampTz earliest) {
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe), TimestampTzGetDatum(earliest)};
    execute_query(leave_, values);
}

}  // namespace pg_candle
