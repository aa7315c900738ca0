// detect_gaps() for one series, completeness() for all.
#include <algorithm>
#include <new>

#include "backend/candles/gap_finder.hpp"
#include "backend/catalog/arguments.hpp"
#include "backend/catalog/market_clock.hpp"
#include "backend/catalog/series_list.hpp"
#include "backend/freshness/dropped_candles.hpp"
#include "backend/postgres/exception_boundary.hpp"
#include "backend/postgres/result_set.hpp"
#include "backend/postgres/spi.hpp"

namespace pg_candle {
namespace {

/// What the calls of one statement share: there may be one for each of a hundred thousand series.
struct Shared {
    Calendars calendars;
    GapFinder finder;
    DroppedCandles dropped;
};

Shared& shared_in_statement(FunctionCallInfo fcinfo, Oid schema) {
    FmgrInfo* function = fcinfo->flinfo;
    if (!function->fn_extra) {
        static_assert(std::is_trivially_destructible_v<Shared>);
        auto* memory = MemoryContextAlloc(function->fn_mcxt, sizeof(Shared));
        function->fn_extra =
            new (memory) Shared{Calendars(schema, function->fn_mcxt), GapFinder(schema, function->fn_mcxt),
                                DroppedCandles(schema, function->fn_mcxt, true)};
    }
    return *static_cast<Shared*>(function->fn_extra);
}

Datum detect_gaps(FunctionCallInfo fcinfo) {
    const Oid schema = schema_of_function(fcinfo);
    const Series series = series_argument(fcinfo);
    const Timeframe timeframe = require_timeframe(series.timeframe);
    TupleDesc desc = declared_result(fcinfo);
    Tuplestorestate* rows = begin_result_set(fcinfo, desc, "detect_gaps");
    SPI_connect();
    Shared& shared = shared_in_statement(fcinfo, schema);
    const InstrumentCalendar instrument = shared.calendars.of_instrument(series.instrument_id);
    const TimestampTz from = std::max(bound_argument(fcinfo, 2, DT_NOBEGIN), shared.dropped.of(series).kept_from);
    const ExpectedRange range = expected_range(instrument, from, bound_argument(fcinfo, 3, DT_NOEND), market_now());
    static const char* const states[] = {"not_requested", "no_data", "failed"};
    const SeriesGaps gaps = shared.finder.find(series, timeframe, *instrument.trading, range);
    for (int64 i = 0; i < gaps.count; ++i) {
        const ClassifiedGap& gap = gaps.list[i];
        Datum values[] = {TimestampTzGetDatum(gap.first), TimestampTzGetDatum(gap.last),
                          Int32GetDatum(static_cast<int32>(std::min<int64>(gap.missing, PG_INT32_MAX))),
                          CStringGetTextDatum(states[static_cast<int>(gap.state)])};
        bool nulls[] = {false, false, false, false};
        tuplestore_putvalues(rows, desc, values, nulls);
    }
    SPI_finish();
    return Datum{0};
}

/// Series that are looked after: what has candles or coverage, and what is watched.
struct MonitoredSeries {
    Series series;
    const char* symbol;
    const char* calendar;
    int32 first_date, last_date;  ///< PG_INT32_MIN, PG_INT32_MAX where unknown
};

MonitoredSeries* list_looked_after(Oid schema, int* count) {
    const SeriesList stored = list_series(schema, {false, 0, nullptr});
    auto* ids = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(stored.count + 1)));
    auto* timeframes = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(stored.count + 1)));
    for (int i = 0; i < stored.count; ++i) {
        ids[i] = Int32GetDatum(stored.series[i].instrument_id);
        timeframes[i] = CStringGetTextDatum(stored.series[i].timeframe);
    }
    Oid types[] = {INT4ARRAYOID, TEXTARRAYOID};
    Datum values[] = {PointerGetDatum(construct_array(ids, stored.count, INT4OID, sizeof(int32), true, TYPALIGN_INT)),
                      PointerGetDatum(construct_array(timeframes, stored.count, TEXTOID, -1, false, TYPALIGN_INT))};
    SPIPlanPtr query = prepare_query(
        psprintf(
            "SELECT s.id, s.timeframe::pg_catalog.text, m.trading_symbol::pg_catalog.text, m.segment::pg_catalog.text, "
            "m.listed_on::pg_catalog.date,"
            " m.expiry_date::pg_catalog.date FROM ("
            "SELECT i AS id, t COLLATE pg_catalog.\"C\" AS timeframe FROM ROWS FROM (pg_catalog.unnest($1), "
            "pg_catalog.unnest($2)) AS stored (i, t)"
            " UNION SELECT instrument_id::pg_catalog.int4, timeframe::pg_catalog.text COLLATE pg_catalog.\"C\" FROM %s"
            " UNION SELECT instrument_id::pg_catalog.int4, t COLLATE pg_catalog.\"C\" FROM %s, "
            "pg_catalog.unnest(timeframes::pg_catalog.text[]) AS t) s"
            " JOIN %s m ON m.instrument_id OPERATOR(pg_catalog.=) s.id ORDER BY m.segment, s.id, s.timeframe",
            table_name(schema, "candle_coverage"), table_name(schema, "watchlist"),
            table_name(schema, "instrument_master")),
        2, types);
    MonitoredSeries* list = nullptr;
    int room = 0;
    *count = 0;
    for_each_row(query, values, nullptr, true, 0, [&](const ResultRow& row) {
        const Series series{row.int4(1), row.text(2)};
        const char *symbol = row.text(3), *segment = row.text(4);
        if (!series.timeframe || !is_timeframe(series.timeframe))
            ereport(WARNING,
                    (errmsg("\"%s\" is not a timeframe, and is left out", series.timeframe ? series.timeframe : "NULL"),
                     errdetail("watchlist or candle_coverage has it for instrument %d.", series.instrument_id),
                     errhint("Correct or delete it.")));
        else if (!symbol || !segment)
            ereport(WARNING, (errmsg("instrument %d is left out", series.instrument_id),
                              errdetail("It has no %s in instrument_master.", symbol ? "segment" : "trading_symbol"),
                              errhint("Correct its row.")));
        else
            append(list, *count, room) = {series, symbol, calendar_of_segment(segment), row.date(5, PG_INT32_MIN),
                                          row.date(6, PG_INT32_MAX)};
    });
    return list;
}

Datum completeness(FunctionCallInfo fcinfo) {
    const Oid schema = schema_of_function(fcinfo);
    const TimestampTz from = bound_argument(fcinfo, 0, DT_NOBEGIN), to = bound_argument(fcinfo, 1, DT_NOEND),
                      now = market_now();
    TupleDesc desc = declared_result(fcinfo);
    Tuplestorestate* rows = begin_result_set(fcinfo, desc, "completeness");
    SPI_connect();
    MemoryContext whole = CurrentMemoryContext;
    MemoryContext each = AllocSetContextCreate(whole, "completeness of a series", ALLOCSET_DEFAULT_SIZES);
    int count;
    const MonitoredSeries* all = list_looked_after(schema, &count);
    GapFinder finder(schema, whole);
    Calendars calendars(schema, whole);
    DroppedCandles dropped(schema, whole, true);
    for (int i = 0; i < count; ++i) {
        CHECK_FOR_INTERRUPTS();
        const MonitoredSeries& one = all[i];
        const char* problem;
        bool is_new;
        const InstrumentCalendar instrument{calendars.named(one.calendar, &problem, &is_new), one.first_date,
                                            one.last_date};
        if (!instrument.trading) {
            if (is_new)
                ereport(WARNING,
                        (errmsg("instruments of calendar \"%s\" are left out", one.calendar), errdetail("%s", problem),
                         errhint("Correct or add its rows of trading_calendar, trading_holiday and special_session.")));
            continue;
        }
        MemoryContextSwitchTo(each);
        const ExpectedRange range =
            expected_range(instrument, std::max(from, dropped.of(one.series).kept_from), to, now);
        const SeriesGaps gaps =
            finder.find(one.series, require_timeframe(one.series.timeframe), *instrument.trading, range);
        const int64 none = gaps.missing[static_cast<int>(GapState::no_data)];
        const int64 missing =
            gaps.missing[static_cast<int>(GapState::not_requested)] + gaps.missing[static_cast<int>(GapState::failed)];
        const int64 wanted = gaps.present + missing;
        Datum values[] = {
            Int32GetDatum(one.series.instrument_id),
            CStringGetTextDatum(one.symbol),
            CStringGetTextDatum(one.series.timeframe),
            Int64GetDatum(wanted + none),
            Int64GetDatum(gaps.present),
            Int64GetDatum(none),
            Int64GetDatum(missing),
            Float8GetDatum(wanted == 0 ? 1 : static_cast<double>(gaps.present) / static_cast<double>(wanted))};
        bool nulls[] = {false, false, false, false, false, false, false, false};
        tuplestore_putvalues(rows, desc, values, nulls);
        MemoryContextSwitchTo(whole);
        MemoryContextReset(each);
    }
    SPI_finish();
    return Datum{0};
}

}  // namespace
}  // namespace pg_candle

extern "C" {
PG_FUNCTION_INFO_V1(pg_candle_detect_gaps);
PGDLLEXPORT Datum pg_candle_detect_gaps(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::detect_gaps(fcinfo); });
}
PG_FUNCTION_INFO_V1(pg_candle_completeness);
PGDLLEXPORT Datum pg_candle_completeness(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::completeness(fcinfo); });
}
}
