#include "backend/series_gaps.hpp"

#include <algorithm>

#include "backend/cursor.hpp"

namespace pg_candle {
namespace {

enum SpanState : int32 { filled = 1, no_data, failed };

/// Gaps as the scan finds them, their states not settled.
struct Found {
    MemoryContext context;
    Gap* list;
    int64 count, room;
};

void keep(void* self, const Gap& gap) {
    auto* found = static_cast<Found*>(self);
    if (found->count == found->room) {
        const int64 room = std::max<int64>(64, 2 * found->room);
        const Size size = sizeof(Gap) * static_cast<Size>(room);
        found->list = static_cast<Gap*>(found->list ? repalloc_huge(found->list, size) : MemoryContextAllocHuge(found->context, size));
        found->room = room;
    }
    found->list[found->count++] = gap;
}

/// The covered ranges of a series, and for the filled ones whether their candles are all there; -1 is not counted yet.
struct Coverage {
    CoveredSpan* spans;
    int64* rows;
    int8* intact;
    bool* believed;  ///< no_data that the provider has confirmed twice, and lately
    int32 count;
};

Coverage read_coverage(SPIPlanPtr query, MemoryContext context, Datum* values) {
    SPI_execute_plan(query, values, nullptr, true, 0);
    const uint64 count = SPI_processed;
    Coverage coverage{static_cast<CoveredSpan*>(MemoryContextAlloc(context, sizeof(CoveredSpan) * (count + 1))),
                      static_cast<int64*>(MemoryContextAlloc(context, sizeof(int64) * (count + 1))),
                      static_cast<int8*>(MemoryContextAlloc(context, count + 1)), static_cast<bool*>(MemoryContextAlloc(context, count + 1)),
                      static_cast<int32>(count)};
    for (uint64 i = 0; i < count; ++i) {
        bool null;
        const auto value = [&](int column) { return SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, column, &null); };
        coverage.spans[i] = {DatumGetTimestampTz(value(1)), DatumGetTimestampTz(value(2)), DatumGetInt32(value(3))};
        coverage.rows[i] = DatumGetInt64(value(4));
        coverage.intact[i] = -1;
        coverage.believed[i] = DatumGetBool(value(5));
    }
    SPI_freetuptable(SPI_tuptable);
    return coverage;
}

}  // namespace

GapFinder::GapFinder(Oid schema, MemoryContext memory) : times_(schema, memory) {
    Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID};
    const char* candles = table_name(schema, "candle_data");
    const char* of_series = "instrument_id OPERATOR(pg_catalog.=) $1 AND timeframe OPERATOR(pg_catalog.=) $2";
    count_ = prepare_query(psprintf("SELECT pg_catalog.count(*) FROM %s WHERE %s AND ts OPERATOR(pg_catalog.>=) $3 AND ts OPERATOR(pg_catalog.<) $4 "
                                    "AND source OPERATOR(pg_catalog.<>) 'i' AND source OPERATOR(pg_catalog.<>) 'd'", candles, of_series), 4, types, memory);
    coverage_ = prepare_query(psprintf("SELECT from_ts, to_ts, CASE WHEN state OPERATOR(pg_catalog.=) 'filled' THEN 1 WHEN state OPERATOR(pg_catalog.=) 'no_data' THEN 2 "
                                       "ELSE 3 END, rows, state OPERATOR(pg_catalog.=) 'no_data' AND attempts OPERATOR(pg_catalog.>=) 2 AND checked_at OPERATOR(pg_catalog.>=) $5 FROM %s WHERE %s AND to_ts OPERATOR(pg_catalog.>) $3 AND from_ts OPERATOR(pg_catalog.<) $4 ORDER BY 1",
                                       table_name(schema, "candle_coverage"), of_series), 5, types, memory);
    // Of minutes, which are never derived, an index knows the intraday ones.
    const char* provisional = "SELECT ts FROM %s WHERE %s AND ts OPERATOR(pg_catalog.>=) $3 AND ts OPERATOR(pg_catalog.<) $4 AND %s ORDER BY ts";
    provisional_minutes_ = prepare_query(psprintf(provisional, candles, of_series, "source OPERATOR(pg_catalog.=) 'i'"), 4, types, memory);
    provisional_ = prepare_query(psprintf(provisional, candles, of_series, "(source OPERATOR(pg_catalog.=) 'i' OR source OPERATOR(pg_catalog.=) 'd')"), 4, types, memory);
}

SeriesGaps GapFinder::find(const Series& series, const Timeframe& timeframe, const TradingCalendar& trading, const ExpectedRange& range) {
    SeriesGaps result{nullptr, 0, 0, {0, 0, 0}};
    if (range.from >= range.to) return result;
    MemoryContext context = CurrentMemoryContext;
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe), TimestampTzGetDatum(range.from), TimestampTzGetDatum(range.to),
                      TimestampTzGetDatum(DT_NOEND)};
    const Coverage coverage = read_coverage(coverage_, context, values);
    Found found{context, nullptr, 0, 0};
    ExpectedCandles expected(trading.calendar, trading.clock(), timeframe, range);
    GapScan scan(expected, timeframe.intraday(), coverage.spans, coverage.count, keep, &found);

    times_.open(series, range.from, range.to);
    const TimestampTz* times;
    while (const int count = times_.read(times))
        for (int i = 0; i < count; ++i) scan.candle(times[i]);
    times_.close();
    scan.finish();
    result.present = scan.present();

    const auto is_intact = [&](int32 span) {
        if (coverage.intact[span] < 0) {
            Datum of_span[] = {values[0], values[1], TimestampTzGetDatum(coverage.spans[span].from), TimestampTzGetDatum(coverage.spans[span].to)};
            for_each_row(count_, of_span, nullptr, true, 1,
                         [&](const ResultRow& row) { coverage.intact[span] = DatumGetInt64(row[1].value) == coverage.rows[span]; });
        }
        return coverage.intact[span] != 0;
    };
    const auto state_of = [&](int32 span) {
        if (span < 0) return GapState::not_requested;
        if (coverage.spans[span].state == no_data) return GapState::no_data;
        if (coverage.spans[span].state == failed) return GapState::failed;
        return is_intact(span) ? GapState::no_data : GapState::not_requested;
    };
    result.list = static_cast<SettledGap*>(MemoryContextAllocHuge(context, sizeof(SettledGap) * static_cast<Size>(found.count + 1)));
    for (int64 i = 0; i < found.count; ++i) {
        CHECK_FOR_INTERRUPTS();
        const Gap& gap = found.list[i];
        const GapState state = state_of(gap.span);
        result.missing[static_cast<int>(state)] += gap.missing;
        // Runs that only the edge of a covered range parts are one if their states agree.
        SettledGap* last = result.count > 0 ? &result.list[result.count - 1] : nullptr;
        if (gap.continues && last && last->state == state) {
            last->last = gap.last;
            last->missing += gap.missing;
        } else {
            result.list[result.count++] = {gap.first, gap.last, gap.missing, state};
        }
    }
    return result;
}

AskedGaps GapFinder::find_to_ask(const Series& series, const Timeframe& timeframe, const TradingCalendar& trading, const ExpectedRange& range,
                                 TimestampTz believed_from) {
    if (range.from >= range.to) return {nullptr, 0};
    MemoryContext context = CurrentMemoryContext;
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe), TimestampTzGetDatum(range.from), TimestampTzGetDatum(range.to),
                      TimestampTzGetDatum(believed_from)};
    const Coverage coverage = read_coverage(coverage_, context, values);
    Found found{context, nullptr, 0, 0};
    ExpectedCandles expected(trading.calendar, trading.clock(), timeframe, range);
    GapScan scan(expected, timeframe.intraday(), coverage.spans, coverage.count, keep, &found);

    const bool minutes = timeframe.unit == Timeframe::Unit::minute && timeframe.count == 1;
    SPI_execute_plan(minutes ? provisional_minutes_ : provisional_, values, nullptr, true, 0);
    SPITupleTable* provisional = SPI_tuptable;
    const uint64 provisional_count = SPI_processed;
    MemoryContextSwitchTo(context);
    bool null;
    uint64 next = 0;
    const auto next_provisional = [&] {
        return next < provisional_count ? DatumGetTimestampTz(SPI_getbinval(provisional->vals[next], provisional->tupdesc, 1, &null)) : DT_NOEND;
    };
    times_.open(series, range.from, range.to);
    const TimestampTz* times;
    while (const int count = times_.read(times))
        for (int i = 0; i < count; ++i) {
            if (times[i] == next_provisional()) ++next;
            else scan.candle(times[i]);
        }
    times_.close();
    scan.finish();
    SPI_freetuptable(provisional);

    int64 kept = 0;
    for (int64 i = 0; i < found.count; ++i)
        if (found.list[i].span < 0 || !coverage.believed[found.list[i].span]) found.list[kept++] = found.list[i];
    return {found.list, kept};
}

}  // namespace pg_candle
