#include "backend/candles/gap_finder.hpp"

#include <algorithm>

#include "backend/catalog/series_list.hpp"
#include "backend/postgres/spi.hpp"

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
        found->list = static_cast<Gap*>(found->list ? repalloc_huge(found->list, size)
                                                    : MemoryContextAllocHuge(found->context, size));
        found->room = room;
    }
    found->list[found->count++] = gap;
}

/// A covered range, and for a filled one whether its candles are all there; -1 is not counted yet.
struct Covered {
    int64 rows;
    int8 intact;
    bool believed;  ///< no_data that the provider has confirmed twice, and lately
};

struct Coverage {
    CoveredSpan* spans = nullptr;
    Covered* details = nullptr;  // of the same count
    int count = 0;
};

Coverage read_coverage(SPIPlanPtr query, Datum* values) {
    Coverage coverage;
    int room = 0, detail_room = 0, detail_count = 0;
    for_each_row(query, values, nullptr, true, 0, [&](const ResultRow& row) {
        const CoveredSpan span{row.time(1, DT_NOEND), row.time(2, DT_NOBEGIN), row.int4(3)};
        // What covers nothing, or lies before what was read: nothing to go by.
        if (span.from >= span.to || (coverage.count > 0 && span.from < coverage.spans[coverage.count - 1].to)) return;
        append(coverage.spans, coverage.count, room) = span;
        append(coverage.details, detail_count, detail_room) = {row.int8(4), -1, row.boolean(5)};
    });
    return coverage;
}

}  // namespace

GapFinder::GapFinder(Oid schema, MemoryContext memory) : times_(schema, memory) {
    Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID};
    const char* candles = table_name(schema, "candle_data");
    const char* of_series = "instrument_id OPERATOR(pg_catalog.=) $1 AND timeframe OPERATOR(pg_catalog.=) $2";
    count_ = prepare_query(psprintf("SELECT pg_catalog.count(*) FROM %s WHERE %s AND ts OPERATOR(pg_catalog.>=) $3 AND "
                                    "ts OPERATOR(pg_catalog.<) $4 "
                                    "AND source OPERATOR(pg_catalog.<>) 'i' AND source OPERATOR(pg_catalog.<>) 'd'",
                                    candles, of_series),
                           4, types, memory);
    coverage_ = prepare_query(
        psprintf(
            "SELECT from_ts::pg_catalog.timestamptz, to_ts::pg_catalog.timestamptz, CASE WHEN state "
            "OPERATOR(pg_catalog.=) 'filled' THEN 1"
            " WHEN state OPERATOR(pg_catalog.=) 'no_data' THEN 2 ELSE 3 END, rows::pg_catalog.int8,"
            " state OPERATOR(pg_catalog.=) 'no_data' AND attempts OPERATOR(pg_catalog.>=) 2 AND checked_at "
            "OPERATOR(pg_catalog.>=) $5"
            " FROM %s WHERE %s AND to_ts OPERATOR(pg_catalog.>) $3 AND from_ts OPERATOR(pg_catalog.<) $4 ORDER BY 1",
            table_name(schema, "candle_coverage"), of_series),
        5, types, memory);
    // Of minutes, which are never derived, an index knows the intraday ones.
    const char* provisional =
        "SELECT ts::pg_catalog.timestamptz FROM %s WHERE %s AND ts OPERATOR(pg_catalog.>=) $3 AND ts "
        "OPERATOR(pg_catalog.<) $4 AND %s ORDER BY ts";
    provisional_minutes_ =
        prepare_query(psprintf(provisional, candles, of_series, "source OPERATOR(pg_catalog.=) 'i'"), 4, types, memory);
    provisional_ = prepare_query(psprintf(provisional, candles, of_series,
                                          "(source OPERATOR(pg_catalog.=) 'i' OR source OPERATOR(pg_catalog.=) 'd')"),
                                 4, types, memory);
}

SeriesGaps GapFinder::find(const Series& series, const Timeframe& timeframe, const TradingCalendar& trading,
                           const ExpectedRange& range) {
    SeriesGaps result{nullptr, 0, 0, {0, 0, 0}};
    if (range.from >= range.to) return result;
    MemoryContext context = CurrentMemoryContext;
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe),
                      TimestampTzGetDatum(range.from), TimestampTzGetDatum(range.to), TimestampTzGetDatum(DT_NOEND)};
    const Coverage coverage = read_coverage(coverage_, values);
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
        Covered& covered = coverage.details[span];
        if (covered.intact < 0) {
            Datum of_span[] = {values[0], values[1], TimestampTzGetDatum(coverage.spans[span].from),
                               TimestampTzGetDatum(coverage.spans[span].to)};
            for_each_row(count_, of_span, nullptr, true, 1,
                         [&](const ResultRow& row) { covered.intact = row.int8(1) == covered.rows; });
        }
        return covered.intact != 0;
    };
    const auto state_of = [&](int32 span) {
        if (span < 0) return GapState::not_requested;
        if (coverage.spans[span].state == no_data) return GapState::no_data;
        if (coverage.spans[span].state == failed) return GapState::failed;
        return is_intact(span) ? GapState::no_data : GapState::not_requested;
    };
    result.list = static_cast<ClassifiedGap*>(
        MemoryContextAllocHuge(context, sizeof(ClassifiedGap) * static_cast<Size>(found.count + 1)));
    for (int64 i = 0; i < found.count; ++i) {
        CHECK_FOR_INTERRUPTS();
        const Gap& gap = found.list[i];
        const GapState state = state_of(gap.span);
        result.missing[static_cast<int>(state)] += gap.missing;
        // Runs that only the edge of a covered range parts are one if their states agree.
        ClassifiedGap* last = result.count > 0 ? &result.list[result.count - 1] : nullptr;
        if (gap.continues && last && last->state == state) {
            last->last = gap.last;
            last->missing += gap.missing;
        } else {
            result.list[result.count++] = {gap.first, gap.last, gap.missing, state};
        }
    }
    return result;
}

RequestableGaps GapFinder::find_requestable(const Series& series, const Timeframe& timeframe,
                                            const TradingCalendar& trading, const ExpectedRange& range,
                                            TimestampTz confirmed_since) {
    if (range.from >= range.to) return {nullptr, 0};
    MemoryContext context = CurrentMemoryContext;
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe),
                      TimestampTzGetDatum(range.from), TimestampTzGetDatum(range.to),
                      TimestampTzGetDatum(confirmed_since)};
    const Coverage coverage = read_coverage(coverage_, values);
    Found found{context, nullptr, 0, 0};
    ExpectedCandles expected(trading.calendar, trading.clock(), timeframe, range);
    GapScan scan(expected, timeframe.intraday(), coverage.spans, coverage.count, keep, &found);

    const bool minutes = timeframe.unit == Timeframe::Unit::minute && timeframe.count == 1;
    TimestampTz* provisional = nullptr;
    int provisional_count = 0, room = 0, next = 0;
    for_each_row(minutes ? provisional_minutes_ : provisional_, values, nullptr, true, 0,
                 [&](const ResultRow& row) { append(provisional, provisional_count, room) = row.time(1, DT_NOBEGIN); });
    times_.open(series, range.from, range.to);
    const TimestampTz* times;
    while (const int count = times_.read(times))
        for (int i = 0; i < count; ++i) {
            while (next < provisional_count && provisional[next] < times[i]) ++next;
            if (next == provisional_count || provisional[next] != times[i]) scan.candle(times[i]);
        }
    times_.close();
    scan.finish();

    int64 kept = 0;
    for (int64 i = 0; i < found.count; ++i)
        if (found.list[i].span < 0 || !coverage.details[found.list[i].span].believed)
            found.list[kept++] = found.list[i];
    return {found.list, kept};
}

}  // namespace pg_candle
