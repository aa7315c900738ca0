#include "backend/known_series.hpp"

extern "C" {
#include "utils/acl.h"
}

namespace pg_candle {
namespace {

/// Whether the caller may know what is watched; whoever may not has it listed among the rest.
bool may_read_watchlist(Oid schema) {
    const Oid table = get_relname_relid("watchlist", schema);
    return OidIsValid(table) && pg_class_aclcheck(table, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

const char* order_text(Oid schema, SeriesOrder order) {
    if (order == SeriesOrder::key) return "";
    const char* watched = may_read_watchlist(schema)
        ? psprintf("EXISTS (SELECT FROM %s w WHERE w.instrument_id OPERATOR(pg_catalog.=) s.instrument_id"
                   " AND s.timeframe OPERATOR(pg_catalog.=) ANY (w.timeframes)) DESC, ", table_name(schema, "watchlist"))
        : "";
    return psprintf("%sn.ts DESC NULLS LAST, (t.computed_through IS NULL), ", watched);
}

// After failures a series waits 2, 4 .. 1024 seconds. What only tells whether a series is due is not looked up where the log says so.
const char* list_text(Oid schema, const SeriesFilter& filter, WhichSeries which, SeriesOrder order) {
    const char* others = which == WhichSeries::known ? psprintf(" UNION SELECT k.instrument_id, k.timeframe FROM %s k", series_text(schema, filter)) : "";
    return psprintf(
        "WITH logged AS (SELECT DISTINCT c.instrument_id, c.timeframe FROM %3$s c WHERE c.consumer OPERATOR(pg_catalog.=) 'indicators' AND %4$s)"
        " SELECT s.instrument_id, s.timeframe, n.ts, t.computed_through, t.signature, l.instrument_id IS NOT NULL,"
        " t.failed_at OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => pg_catalog.power(2::pg_catalog.float8, LEAST(t.failures, 10)::pg_catalog.float8)),"
        " l.instrument_id IS NOT NULL OR t.computed_through IS NULL OR EXISTS (SELECT FROM %7$s d WHERE d.instrument_id OPERATOR(pg_catalog.=) s.instrument_id"
        " AND d.timeframe OPERATOR(pg_catalog.=) s.timeframe AND d.ts OPERATOR(pg_catalog.=) t.computed_through)"
        " FROM (SELECT c.instrument_id, c.timeframe FROM logged c%1$s) s"
        " LEFT JOIN %2$s t ON t.instrument_id OPERATOR(pg_catalog.=) s.instrument_id AND t.timeframe OPERATOR(pg_catalog.=) s.timeframe"
        " LEFT JOIN logged l ON l.instrument_id OPERATOR(pg_catalog.=) s.instrument_id AND l.timeframe OPERATOR(pg_catalog.=) s.timeframe"
        " LEFT JOIN LATERAL (SELECT c.ts FROM %5$s c WHERE c.instrument_id OPERATOR(pg_catalog.=) s.instrument_id"
        " AND c.timeframe OPERATOR(pg_catalog.=) s.timeframe%8$s ORDER BY c.instrument_id DESC, c.timeframe DESC, c.ts DESC LIMIT 1) n ON true"
        " WHERE $2 IS NULL OR s.timeframe OPERATOR(pg_catalog.=) $2 ORDER BY %6$ss.instrument_id, s.timeframe",
        others, table_name(schema, "indicator_state"), table_name(schema, "candle_change"),
        filter.has_instrument ? "c.instrument_id OPERATOR(pg_catalog.=) $1" : "true", table_name(schema, "candle_data"), order_text(schema, order), table_name(schema, "indicator_data"),
        order == SeriesOrder::key ? " AND l.instrument_id IS NULL" : "");
}

struct Growing {
    KnownSeries* series;
    int count, room;
};

void take_series(void* list, HeapTuple row, TupleDesc desc) {
    auto* to = static_cast<Growing*>(list);
    bool null;
    const auto time = [&](int column) {
        const Datum value = SPI_getbinval(row, desc, column, &null);
        return null ? DT_NOBEGIN : DatumGetTimestampTz(value);
    };
    KnownSeries& known = append(to->series, to->count, to->room);
    known.series = {DatumGetInt32(SPI_getbinval(row, desc, 1, &null)), SPI_getvalue(row, desc, 2)};
    known.newest = time(3);
    known.computed_through = time(4);
    const Datum signature = SPI_getbinval(row, desc, 5, &null);
    known.has_signature = !null;
    known.signature = null ? 0 : static_cast<uint64>(DatumGetInt64(signature));
    known.changed = DatumGetBool(SPI_getbinval(row, desc, 6, &null));
    known.waiting_until = time(7);
    known.has_last_row = DatumGetBool(SPI_getbinval(row, desc, 8, &null));
}

}  // namespace

KnownSeriesList list_known_series(Oid schema, const SeriesFilter& filter, WhichSeries which, SeriesOrder order) {
    Growing list{nullptr, 0, 0};
    for_each_series(list_text(schema, filter, which, order), filter, take_series, &list);
    return {list.count, list.series};
}

}  // namespace pg_candle
