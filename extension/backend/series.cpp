#include "backend/series.hpp"

#include "backend/cursor.hpp"
#include "backend/tables.hpp"

namespace pg_candle {

SeriesList list_series(Oid schema, const SeriesFilter& filter, SeriesOrder order) {
    const char* candles = table_name(schema, "candle_data");
    const char* one = filter.has_instrument ? "c.instrument_id OPERATOR(pg_catalog.=) $1" : "true";
    const char* newest = psprintf(
        "(SELECT c.ts FROM %s c WHERE c.instrument_id OPERATOR(pg_catalog.=) s.instrument_id"
        " AND c.timeframe OPERATOR(pg_catalog.=) s.timeframe ORDER BY c.instrument_id DESC, c.timeframe DESC, c.ts DESC LIMIT 1)"
        " DESC NULLS LAST, ",
        candles);
    const char* query = psprintf(
        "WITH RECURSIVE found AS ("
        "(SELECT c.instrument_id, c.timeframe FROM %1$s c WHERE %2$s ORDER BY c.instrument_id, c.timeframe LIMIT 1)"
        " UNION ALL SELECT n.instrument_id, n.timeframe FROM found f CROSS JOIN LATERAL ("
        "SELECT c.instrument_id, c.timeframe FROM %1$s c WHERE %2$s"
        " AND ROW(c.instrument_id, c.timeframe) OPERATOR(pg_catalog.>) ROW(f.instrument_id, f.timeframe)"
        " ORDER BY c.instrument_id, c.timeframe LIMIT 1) n)"
        " SELECT s.instrument_id, s.timeframe FROM ("
        "SELECT f.instrument_id, f.timeframe FROM found f UNION SELECT c.instrument_id, c.timeframe FROM %3$s c WHERE %2$s) s"
        " WHERE $2 IS NULL OR s.timeframe OPERATOR(pg_catalog.=) $2 ORDER BY %4$ss.instrument_id, s.timeframe",
        candles, one, table_name(schema, "indicator_state"), order == SeriesOrder::key ? "" : newest);
    Oid types[] = {INT4OID, TEXTOID};
    Datum values[] = {Int32GetDatum(filter.instrument_id),
                      filter.timeframe ? CStringGetTextDatum(filter.timeframe) : Datum{0}};
    const char nulls[] = {filter.has_instrument ? ' ' : 'n', filter.timeframe ? ' ' : 'n'};

    Portal portal = open_ordered(prepare_query(query, 2, types), values, nulls, false);
    SeriesList list{0, nullptr};
    int room = 256;
    list.series = static_cast<Series*>(palloc(sizeof(Series) * room));
    while (SPI_cursor_fetch(portal, true, 1000), SPI_processed > 0) {
        CHECK_FOR_INTERRUPTS();
        for (uint64 i = 0; i < SPI_processed; ++i) {
            if (list.count == room) {
                room *= 2;
                list.series = static_cast<Series*>(repalloc_huge(list.series, sizeof(Series) * room));
            }
            bool null;
            Series& series = list.series[list.count++];
            series.instrument_id = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &null));
            series.timeframe = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2);
        }
        SPI_freetuptable(SPI_tuptable);
    }
    SPI_cursor_close(portal);
    return list;
}

SeriesLock::SeriesLock(Oid schema) {
    const char* table = table_name(schema, "indicator_state");
    const char* row = "instrument_id OPERATOR(pg_catalog.=) $1 AND timeframe OPERATOR(pg_catalog.=) $2";
    Oid types[] = {INT4OID, TEXTOID};
    lock_ = prepare_query(psprintf("SELECT 1 FROM %s WHERE %s FOR UPDATE", table, row), 2, types);
    insert_ = prepare_query(
        psprintf("INSERT INTO %s (instrument_id, timeframe) VALUES ($1, $2) ON CONFLICT DO NOTHING", table), 2, types);
    mark_ = prepare_query(
        psprintf("UPDATE %s SET computed_at = pg_catalog.clock_timestamp() WHERE %s", table, row), 2, types);
}

void SeriesLock::lock(const Series& series) {
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe)};
    // Found, or inserted; or somebody else inserted it in between, and then it is found.
    for (int attempt = 0; attempt < 3; ++attempt) {
        if (execute_query(lock_, values) > 0 || execute_query(insert_, values) > 0) return;
    }
    ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                    errmsg("could not lock instrument %d, timeframe %s", series.instrument_id, series.timeframe),
                    errdetail("Its row in indicator_state comes and goes."), errhint("Repeat the call.")));
}

void SeriesLock::mark_written(const Series& series) {
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe)};
    execute_query(mark_, values);
}

}  // namespace pg_candle
