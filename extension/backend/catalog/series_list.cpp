#include "backend/catalog/series_list.hpp"

#include "backend/catalog/tables.hpp"
#include "backend/postgres/spi.hpp"

namespace pg_candle {

FilterValues::FilterValues(const SeriesFilter& filter)
    : values{Int32GetDatum(filter.instrument_id), filter.timeframe ? CStringGetTextDatum(filter.timeframe) : Datum{0}},
      nulls{filter.has_instrument ? ' ' : 'n', filter.timeframe ? ' ' : 'n'} {}

const char* skip_scan_text(Oid schema, const char* table, const SeriesFilter& filter) {
    return psprintf(
        "(WITH RECURSIVE found AS ("
        "(SELECT c.instrument_id, c.timeframe FROM %1$s c WHERE %2$s ORDER BY c.instrument_id, c.timeframe LIMIT 1)"
        " UNION ALL SELECT n.instrument_id, n.timeframe FROM found f CROSS JOIN LATERAL ("
        "SELECT c.instrument_id, c.timeframe FROM %1$s c WHERE %2$s"
        " AND ROW(c.instrument_id, c.timeframe) OPERATOR(pg_catalog.>) ROW(f.instrument_id, f.timeframe)"
        " ORDER BY c.instrument_id, c.timeframe LIMIT 1) n)"
        " SELECT f.instrument_id, f.timeframe FROM found f)",
        table_name(schema, table), filter.has_instrument ? "c.instrument_id OPERATOR(pg_catalog.=) $1" : "true");
}

const char* series_text(Oid schema, const SeriesFilter& filter) {
    return psprintf(
        "(SELECT f.instrument_id, f.timeframe FROM %s f UNION SELECT c.instrument_id, c.timeframe FROM %s c WHERE %s)",
        skip_scan_text(schema, "candle_data", filter), table_name(schema, "indicator_state"),
        filter.has_instrument ? "c.instrument_id OPERATOR(pg_catalog.=) $1" : "true");
}

bool is_timeframe(const char* text) {
    Timeframe timeframe;
    const char* reason;
    return parse_timeframe(text, timeframe, reason);
}

bool warn_of_timeframe(Oid schema, const Series& series) {
    Oid types[] = {INT4OID, TEXTOID};
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe)};
    SPIPlanPtr plan =
        prepare_query(psprintf("SELECT ts::pg_catalog.timestamptz FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1"
                               " AND timeframe OPERATOR(pg_catalog.=) $2",
                               table_name(schema, "candle_data")),
                      2, types);
    const uint64 found = for_each_row(plan, values, nullptr, true, 1, [&](const ResultRow& row) {
        const NearTimeframe meant = near_timeframe(series.timeframe);
        ereport(WARNING,
                (errmsg("candles of instrument %d are left out: their timeframe \"%s\" is none", series.instrument_id,
                        series.timeframe),
                 errdetail("One of them is at %s.", row.is_null(1) ? "NULL" : timestamptz_to_str(row.time(1, 0))),
                 *meant.text ? errhint("Correct or delete them; %s is probably meant.", meant.text)
                             : errhint("Correct or delete them.")));
    });
    SPI_freeplan(plan);
    return found > 0;
}

void warn_of_nulls(Oid schema) {
    const Oid table = find_table(schema, "candle_data");
    for (const char* column : {"instrument_id", "timeframe", "ts"}) {
        HeapTuple tuple = SearchSysCacheAttName(table, column);
        const bool nullable =
            HeapTupleIsValid(tuple) && !reinterpret_cast<Form_pg_attribute>(GETSTRUCT(tuple))->attnotnull;
        if (HeapTupleIsValid(tuple)) ReleaseSysCache(tuple);
        if (!nullable) continue;
        SPIPlanPtr plan =
            prepare_query(psprintf("SELECT coalesce(instrument_id::pg_catalog.text, 'NULL'::pg_catalog.text), "
                                   "coalesce(timeframe::pg_catalog.text, 'NULL'::pg_catalog.text),"
                                   " coalesce(ts::pg_catalog.text, 'NULL'::pg_catalog.text) FROM %s WHERE %s IS NULL",
                                   table_name(schema, "candle_data"), column),
                          0, nullptr);
        for_each_row(plan, nullptr, nullptr, true, 1, [&](const ResultRow& row) {
            ereport(WARNING, (errmsg("candles without %s are left out", column),
                              errdetail("One of them has instrument_id %s, timeframe %s, ts %s.", row.text(1),
                                        row.text(2), row.text(3)),
                              errhint("Correct or delete them.")));
        });
        SPI_freeplan(plan);
    }
}

SeriesList list_series(Oid schema, const SeriesFilter& filter) {
    SeriesList list{0, nullptr};
    int room = 0;
    const char* query = psprintf(
        "SELECT s.instrument_id::pg_catalog.int4, s.timeframe::pg_catalog.text FROM %s s"
        " WHERE $2 IS NULL OR s.timeframe OPERATOR(pg_catalog.=) $2 ORDER BY s.instrument_id, s.timeframe",
        series_text(schema, filter));
    Oid types[] = {INT4OID, TEXTOID};
    FilterValues of_filter(filter);
    warn_of_nulls(schema);
    for_each_row_of_many(prepare_query(query, 2, types), of_filter.values, of_filter.nulls, false,
                         [&](const ResultRow& row) {
                             const Series series{row.int4(1), row.text(2)};
                             if (row.is_null(1) || !series.timeframe) return;
                             if (is_timeframe(series.timeframe))
                                 append(list.series, list.count, room) = series;
                             else
                                 warn_of_timeframe(schema, series);
                         });
    return list;
}

}  // namespace pg_candle
