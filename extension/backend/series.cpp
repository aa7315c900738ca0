#include "backend/series.hpp"

#include "backend/cursor.hpp"
#include "backend/tables.hpp"

namespace pg_candle {

const char* series_text(Oid schema, const SeriesFilter& filter) {
    return psprintf(
        "(WITH RECURSIVE found AS ("
        "(SELECT c.instrument_id, c.timeframe FROM %1$s c WHERE %2$s ORDER BY c.instrument_id, c.timeframe LIMIT 1)"
        " UNION ALL SELECT n.instrument_id, n.timeframe FROM found f CROSS JOIN LATERAL ("
        "SELECT c.instrument_id, c.timeframe FROM %1$s c WHERE %2$s"
        " AND ROW(c.instrument_id, c.timeframe) OPERATOR(pg_catalog.>) ROW(f.instrument_id, f.timeframe)"
        " ORDER BY c.instrument_id, c.timeframe LIMIT 1) n)"
        " SELECT f.instrument_id, f.timeframe FROM found f UNION SELECT c.instrument_id, c.timeframe FROM %3$s c WHERE %2$s)",
        table_name(schema, "candle_data"), filter.has_instrument ? "c.instrument_id OPERATOR(pg_catalog.=) $1" : "true",
        table_name(schema, "indicator_state"));
}

void for_each_series(const char* query, const SeriesFilter& filter, void (*take)(void* list, HeapTuple row, TupleDesc desc), void* list) {
    Oid types[] = {INT4OID, TEXTOID};
    Datum values[] = {Int32GetDatum(filter.instrument_id),
                      filter.timeframe ? CStringGetTextDatum(filter.timeframe) : Datum{0}};
    const char nulls[] = {filter.has_instrument ? ' ' : 'n', filter.timeframe ? ' ' : 'n'};
    MemoryContext caller = CurrentMemoryContext;
    Portal portal = open_ordered(prepare_query(query, 2, types), values, nulls, false);
    while (SPI_cursor_fetch(portal, true, 1000), SPI_processed > 0) {
        CHECK_FOR_INTERRUPTS();
        MemoryContextSwitchTo(caller);
        for (uint64 i = 0; i < SPI_processed; ++i) take(list, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
        SPI_freetuptable(SPI_tuptable);
    }
    SPI_cursor_close(portal);
    MemoryContextSwitchTo(caller);
}

SeriesList list_series(Oid schema, const SeriesFilter& filter) {
    struct Growing {
        Series* series;
        int count, room;
    } list{nullptr, 0, 0};
    const char* query = psprintf("SELECT s.instrument_id, s.timeframe FROM %s s WHERE $2 IS NULL OR s.timeframe OPERATOR(pg_catalog.=) $2"
                                 " ORDER BY s.instrument_id, s.timeframe", series_text(schema, filter));
    for_each_series(query, filter, [](void* growing, HeapTuple row, TupleDesc desc) {
        auto* to = static_cast<Growing*>(growing);
        bool null;
        append(to->series, to->count, to->room) = {DatumGetInt32(SPI_getbinval(row, desc, 1, &null)), SPI_getvalue(row, desc, 2)};
    }, &list);
    return {list.count, list.series};
}

}  // namespace pg_candle
