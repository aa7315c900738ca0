#include "backend/freshness/series_status.hpp"

#include "backend/freshness/change_log.hpp"
#include "backend/postgres/spi.hpp"

extern "C" {
#include "utils/acl.h"
}

namespace pg_candle {
namespace {

/// Whether the caller may know what is watched; otherwise it is listed among the rest.
bool may_read_watchlist(Oid schema) {
    const Oid table = get_relname_relid("watchlist", schema);
    return OidIsValid(table) && pg_class_aclcheck(table, GetUserId(), ACL_SELECT) == ACLCHECK_OK &&
           !table_problem(schema, "watchlist");
}

const char* order_text(Oid schema, SeriesOrder order) {
    if (order == SeriesOrder::key) return "";
    const char* watched =
        may_read_watchlist(schema)
            ? psprintf(
                  "EXISTS (SELECT FROM %s w WHERE w.instrument_id OPERATOR(pg_catalog.=) s.instrument_id"
                  " AND s.timeframe OPERATOR(pg_catalog.=) ANY (w.timeframes)) DESC, ",
                  table_name(schema, "watchlist"))
            : "";
    return psprintf("%sn.ts DESC NULLS LAST, (t.computed_through IS NULL), ", watched);
}

// After failures a series waits 2, 4 .. 1024 seconds. What only tells whether a series is due is not looked up where
// the log says so.
const char* list_text(Oid schema, const SeriesFilter& filter, WhichSeries which, SeriesOrder order) {
    const char* others = which == WhichSeries::known ? psprintf(" UNION SELECT k.instrument_id, k.timeframe FROM %s k",
                                                                series_text(schema, filter))
                                                     : "";
    return psprintf(
        "WITH logged AS (SELECT DISTINCT c.instrument_id, c.timeframe FROM %3$s c WHERE c.consumer "
        "OPERATOR(pg_catalog.=) 'indicators' AND %4$s)"
        " SELECT s.instrument_id::pg_catalog.int4, s.timeframe::pg_catalog.text, n.ts::pg_catalog.timestamptz, "
        "t.computed_through::pg_catalog.timestamptz,"
        " t.signature::pg_catalog.int8, l.instrument_id IS NOT NULL,"
        " t.failed_at OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => pg_catalog.power(2::pg_catalog.float8, "
        "LEAST(t.failures, 10)::pg_catalog.float8)),"
        " l.instrument_id IS NOT NULL OR t.computed_through IS NULL OR EXISTS (SELECT FROM %7$s d WHERE "
        "d.instrument_id OPERATOR(pg_catalog.=) s.instrument_id"
        " AND d.timeframe OPERATOR(pg_catalog.=) s.timeframe AND d.ts OPERATOR(pg_catalog.=) t.computed_through)"
        " FROM (SELECT c.instrument_id, c.timeframe FROM logged c%1$s) s"
        " LEFT JOIN %2$s t ON t.instrument_id OPERATOR(pg_catalog.=) s.instrument_id AND t.timeframe "
        "OPERATOR(pg_catalog.=) s.timeframe"
        " LEFT JOIN logged l ON l.instrument_id OPERATOR(pg_catalog.=) s.instrument_id AND l.timeframe "
        "OPERATOR(pg_catalog.=) s.timeframe"
        " LEFT JOIN LATERAL (SELECT c.ts FROM %5$s c WHERE c.instrument_id OPERATOR(pg_catalog.=) s.instrument_id"
        " AND c.timeframe OPERATOR(pg_catalog.=) s.timeframe%8$s ORDER BY c.instrument_id DESC, c.timeframe DESC, c.ts "
        "DESC LIMIT 1) n ON true"
        " WHERE $2 IS NULL OR s.timeframe OPERATOR(pg_catalog.=) $2 ORDER BY %6$ss.instrument_id, s.timeframe",
        others, table_name(schema, "indicator_state"), table_name(schema, "candle_change"),
        filter.has_instrument ? "c.instrument_id OPERATOR(pg_catalog.=) $1" : "true", table_name(schema, "candle_data"),
        order_text(schema, order), table_name(schema, "indicator_data"),
        order == SeriesOrder::key ? " AND l.instrument_id IS NULL" : "");
}

}  // namespace

SeriesStatusList list_series_status(Oid schema, const SeriesFilter& filter, WhichSeries which, SeriesOrder order) {
    SeriesStatusList list{};
    int room = 0, room_gone = 0, room_empty = 0;
    if (which == WhichSeries::known) warn_of_nulls(schema);
    Oid types[] = {INT4OID, TEXTOID};
    FilterValues of_filter(filter);
    for_each_row_of_many(prepare_query(list_text(schema, filter, which, order), 2, types), of_filter.values,
                         of_filter.nulls, false, [&](const ResultRow& row) {
                             const Series series{row.int4(1), row.text(2)};
                             if (row.is_null(1) || !series.timeframe || means_all_series(series)) return;
                             if (!is_timeframe(series.timeframe)) {
                                 if (!warn_of_timeframe(schema, series))
                                     append(list.gone.series, list.gone.count, room_gone) = series;
                                 return;
                             }
                             const SeriesStatus known{
                                 series,          row.time(3, DT_NOBEGIN),          row.time(4, DT_NOBEGIN),
                                 !row.is_null(5), static_cast<uint64>(row.int8(5)), row.boolean(8),
                                 row.boolean(6),  row.time(7, DT_NOBEGIN)};
                             const bool empty = known.newest == DT_NOBEGIN && known.computed_through == DT_NOBEGIN &&
                                                !known.changed && !filter.has_instrument;
                             if (empty)
                                 append(list.empty.series, list.empty.count, room_empty) = series;
                             else
                                 append(list.series, list.count, room) = known;
                         });
    return list;
}

}  // namespace pg_candle
