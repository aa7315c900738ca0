// detect_gaps() for one series, completeness() for all.
#include <algorithm>
#include <new>

#include "backend/boundary.hpp"
#include "backend/market_clock.hpp"
#include "backend/result_rows.hpp"
#include "backend/series.hpp"
#include "backend/series_gaps.hpp"

namespace pg_candle {
namespace {

/// What the calls of one statement share: there may be one for each of a hundred thousand series.
struct Shared {
    Calendars calendars;
    GapFinder finder;
};

Shared& shared_in_statement(FunctionCallInfo fcinfo, Oid schema) {
    FmgrInfo* function = fcinfo->flinfo;
    if (!function->fn_extra) {
        static_assert(std::is_trivially_destructible_v<Shared>);
        auto* memory = MemoryContextAlloc(function->fn_mcxt, sizeof(Shared));
        function->fn_extra = new (memory) Shared{Calendars(schema, function->fn_mcxt), GapFinder(schema, function->fn_mcxt)};
    }
    return *static_cast<Shared*>(function->fn_extra);
}

Datum detect_gaps(FunctionCallInfo fcinfo) {
    const Oid schema = schema_of_function(fcinfo);
    const Series series{PG_GETARG_INT32(0), text_to_cstring(PG_GETARG_TEXT_PP(1))};
    const Timeframe timeframe = require_timeframe(series.timeframe);
    TupleDesc desc = declared_result(fcinfo);
    Tuplestorestate* rows = start_result(fcinfo, desc, "detect_gaps");
    SPI_connect();
    Shared& shared = shared_in_statement(fcinfo, schema);
    const InstrumentCalendar instrument = shared.calendars.of_instrument(series.instrument_id);
    const ExpectedRange range = expected_range(instrument, PG_GETARG_TIMESTAMPTZ(2), PG_GETARG_TIMESTAMPTZ(3), market_now());
    static const char* const states[] = {"not_requested", "no_data", "failed"};
    const SeriesGaps gaps = shared.finder.find(series, timeframe, *instrument.trading, range);
    for (int64 i = 0; i < gaps.count; ++i) {
        const SettledGap& gap = gaps.list[i];
        Datum values[] = {TimestampTzGetDatum(gap.first), TimestampTzGetDatum(gap.last), Int32GetDatum(static_cast<int32>(std::min<int64>(gap.missing, PG_INT32_MAX))),
                          CStringGetTextDatum(states[static_cast<int>(gap.state)])};
        bool nulls[] = {false, false, false, false};
        tuplestore_putvalues(rows, desc, values, nulls);
    }
    SPI_finish();
    return Datum{0};
}

/// Series that are looked after: what has candles or coverage, and what is watched.
struct LookedAfter {
    Series series;
    const char* symbol;
    const char* calendar;
    int32 first_date, last_date;  ///< PG_INT32_MIN, PG_INT32_MAX where unknown
};

LookedAfter* list_looked_after(Oid schema, MemoryContext context, uint64* count) {
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
    SPI_execute_with_args(
        psprintf("SELECT s.id, s.timeframe, m.trading_symbol, m.segment, m.listed_on, m.expiry_date FROM ("
                 "SELECT i AS id, t COLLATE pg_catalog.\"C\" AS timeframe FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS stored (i, t) "
                 "UNION SELECT instrument_id, timeframe FROM %s "
                 "UNION SELECT instrument_id, t COLLATE pg_catalog.\"C\" FROM %s, pg_catalog.unnest(timeframes) AS t) s "
                 "JOIN %s m ON m.instrument_id OPERATOR(pg_catalog.=) s.id ORDER BY m.segment, s.id, s.timeframe",
                 table_name(schema, "candle_coverage"), table_name(schema, "watchlist"), table_name(schema, "instrument_master")),
        2, types, values, nullptr, true, 0);
    *count = SPI_processed;
    auto* result = static_cast<LookedAfter*>(MemoryContextAllocHuge(context, sizeof(LookedAfter) * (SPI_processed + 1)));
    for (uint64 i = 0; i < SPI_processed; ++i) {
        HeapTuple row = SPI_tuptable->vals[i];
        const auto text = [&](int column) { return MemoryContextStrdup(context, SPI_getvalue(row, SPI_tuptable->tupdesc, column)); };
        bool null;
        const auto number = [&](int column, int32 otherwise) {
            const Datum found = SPI_getbinval(row, SPI_tuptable->tupdesc, column, &null);
            return null ? otherwise : DatumGetInt32(found);
        };
        result[i] = {{number(1, 0), text(2)}, text(3), calendar_of_segment(SPI_getvalue(row, SPI_tuptable->tupdesc, 4)),
                     number(5, PG_INT32_MIN), number(6, PG_INT32_MAX)};
    }
    return result;
}

Datum completeness(FunctionCallInfo fcinfo) {
    const Oid schema = schema_of_function(fcinfo);
    const TimestampTz from = PG_GETARG_TIMESTAMPTZ(0), to = PG_GETARG_TIMESTAMPTZ(1), now = market_now();
    TupleDesc desc = declared_result(fcinfo);
    Tuplestorestate* rows = start_result(fcinfo, desc, "completeness");
    SPI_connect();
    MemoryContext whole = CurrentMemoryContext;
    MemoryContext each = AllocSetContextCreate(whole, "completeness of a series", ALLOCSET_DEFAULT_SIZES);
    uint64 count;
    const LookedAfter* all = list_looked_after(schema, whole, &count);
    GapFinder finder(schema, whole);
    Calendars calendars(schema, whole);
    for (uint64 i = 0; i < count; ++i) {
        CHECK_FOR_INTERRUPTS();
        const LookedAfter& one = all[i];
        const InstrumentCalendar instrument{calendars.named(one.calendar), one.first_date, one.last_date};
        MemoryContextSwitchTo(each);
        const ExpectedRange range = expected_range(instrument, from, to, now);
        const SeriesGaps gaps = finder.find(one.series, require_timeframe(one.series.timeframe), *instrument.trading, range);
        const int64 none = gaps.missing[static_cast<int>(GapState::no_data)];
        const int64 missing = gaps.missing[static_cast<int>(GapState::not_requested)] + gaps.missing[static_cast<int>(GapState::failed)];
        const int64 wanted = gaps.present + missing;
        Datum values[] = {Int32GetDatum(one.series.instrument_id), CStringGetTextDatum(one.symbol), CStringGetTextDatum(one.series.timeframe),
                          Int64GetDatum(wanted + none), Int64GetDatum(gaps.present), Int64GetDatum(none), Int64GetDatum(missing),
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
    return pg_candle::boundary([&] { return pg_candle::detect_gaps(fcinfo); });
}
PG_FUNCTION_INFO_V1(pg_candle_completeness);
PGDLLEXPORT Datum pg_candle_completeness(PG_FUNCTION_ARGS) {
    return pg_candle::boundary([&] { return pg_candle::completeness(fcinfo); });
}
}
