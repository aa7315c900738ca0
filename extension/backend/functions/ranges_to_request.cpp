// ranges_to_request() and candles_to_request(): what has to be asked of the provider to complete a series, as dates and
// as candles.
#include <algorithm>

#include "backend/candles/gap_finder.hpp"
#include "backend/catalog/arguments.hpp"
#include "backend/catalog/market_clock.hpp"
#include "backend/freshness/dropped_candles.hpp"
#include "backend/postgres/exception_boundary.hpp"
#include "backend/postgres/result_set.hpp"
#include "backend/postgres/spi.hpp"

extern "C" {
#include "utils/date.h"
}

namespace pg_candle {
namespace {

/// The provider has nothing before these dates (upstox.md 2.1): 2022-01-03 for intraday candles, 2000-01-03 for others.
constexpr int32 intraday_floor = 8038, daily_floor = 2;

/// A day is final, and absence means something, from 07:05 of the next day on (upstox.md 2.5).
constexpr int64 final_after = 7 * USECS_PER_HOUR + 5 * USECS_PER_MINUTE;

int32 date_argument(FunctionCallInfo fcinfo, int argument, int32 otherwise) {
    if (PG_ARGISNULL(argument)) return otherwise;
    const DateADT date = PG_GETARG_DATEADT(argument);
    if (DATE_IS_NOBEGIN(date)) return daily_floor;
    return DATE_IS_NOEND(date) ? otherwise : date;
}

TimestampTz before(TimestampTz at, Datum interval) {
    return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(at), interval));
}

/// Dates that follow each other without a complete session between them become one range; a range is what one looks for
/// with as few requests as can be, and not a date more than is missing at its ends.
class Ranges {
public:
    Ranges(Tuplestorestate* rows, TupleDesc desc, const Timeframe& timeframe, int32 last)
        : rows_(rows), desc_(desc), timeframe_(timeframe), last_(last) {}

    void session(int32 bucket, bool missing) {
        if (!missing) return flush();
        if (!open_) from_ = bucket;
        open_ = true;
        to_ = std::min(next_bucket_date(timeframe_, bucket) - 1, last_);
    }
    void flush() {
        if (!open_) return;
        Datum values[] = {DateADTGetDatum(from_), DateADTGetDatum(to_)};
        bool nulls[] = {false, false};
        tuplestore_putvalues(rows_, desc_, values, nulls);
        open_ = false;
    }

private:
    Tuplestorestate* rows_;
    TupleDesc desc_;
    Timeframe timeframe_;
    int32 last_, from_ = 0, to_ = 0;
    bool open_ = false;
};

Datum ranges_to_request(FunctionCallInfo fcinfo) {
    const Oid schema = schema_of_function(fcinfo);
    const Series series = series_argument(fcinfo);
    const Timeframe timeframe = require_timeframe(series.timeframe);
    require_argument(fcinfo, 4, "retry_no_data_after");
    const TimestampTz now = market_now();
    const TimestampTz confirmed_since = before(now, PG_GETARG_DATUM(4));
    TupleDesc desc = declared_result(fcinfo);
    Tuplestorestate* rows = begin_result_set(fcinfo, desc, "ranges_to_request");
    SPI_connect();
    const InstrumentCalendar instrument = Calendars(schema, CurrentMemoryContext).of_instrument(series.instrument_id);
    const ZoneClock clock = instrument.trading->clock();
    // Weeks and months are final with their last day.
    const int32 final_day = clock.date(clock.zone, now - final_after) - 1;
    const int32 last = std::min(date_argument(fcinfo, 3, final_day), bucket_date(timeframe, final_day + 1) - 1);
    const int32 first = bucket_date(timeframe, std::max(date_argument(fcinfo, 2, daily_floor),
                                                        timeframe.intraday() ? intraday_floor : daily_floor));
    if (first <= last) {
        // What was dropped is not to come back.
        const TimestampTz kept_from = DroppedCandles(schema, CurrentMemoryContext, true).of(series).kept_from;
        const ExpectedRange range = expected_range(instrument, std::max(clock.instant(clock.zone, first, 0), kept_from),
                                                   clock.instant(clock.zone, last + 1, 0), now);
        GapFinder finder(schema, CurrentMemoryContext);
        const RequestableGaps gaps =
            finder.find_requestable(series, timeframe, *instrument.trading, range, confirmed_since);
        Ranges ranges(rows, desc, timeframe, last);
        Periods periods(instrument.trading->calendar, std::max(first, instrument.first_date),
                        std::min(last, instrument.last_date));
        int64 gap = 0;
        Period period;
        for (int32 bucket = PG_INT32_MIN; periods.next(period);) {
            CHECK_FOR_INTERRUPTS();
            if (bucket_date(timeframe, period.date) == bucket) continue;  // its other periods and days
            bucket = bucket_date(timeframe, period.date);
            const TimestampTz begins = clock.instant(clock.zone, bucket, 0),
                              ends = clock.instant(clock.zone, next_bucket_date(timeframe, bucket), 0);
            while (gap < gaps.count && gaps.list[gap].last < begins) ++gap;
            ranges.session(bucket, gap < gaps.count && gaps.list[gap].first < ends);
        }
        ranges.flush();
    }
    SPI_finish();
    return Datum{0};
}

Datum provider_first_day(FunctionCallInfo fcinfo) {
    const bool intraday = require_timeframe(timeframe_argument(fcinfo, 0)).intraday();
    return DateADTGetDatum(intraday ? intraday_floor : daily_floor);
}

Datum candles_to_request(FunctionCallInfo fcinfo) {
    const Oid schema = schema_of_function(fcinfo);
    const Series series = series_argument(fcinfo);
    const Timeframe timeframe = require_timeframe(series.timeframe);
    require_argument(fcinfo, 4, "retry_no_data_after");
    TupleDesc desc = declared_result(fcinfo);
    Tuplestorestate* rows = begin_result_set(fcinfo, desc, "candles_to_request");
    SPI_connect();
    const InstrumentCalendar instrument = Calendars(schema, CurrentMemoryContext).of_instrument(series.instrument_id);
    const TimestampTz kept_from = DroppedCandles(schema, CurrentMemoryContext, true).of(series).kept_from;
    const ExpectedRange range = expected_range(instrument, std::max(bound_argument(fcinfo, 2, DT_NOBEGIN), kept_from),
                                               bound_argument(fcinfo, 3, DT_NOEND), market_now());
    GapFinder finder(schema, CurrentMemoryContext);
    const RequestableGaps gaps = finder.find_requestable(series, timeframe, *instrument.trading, range,
                                                         before(market_now(), PG_GETARG_DATUM(4)));
    for (int64 i = 0; i < gaps.count; ++i) {
        CHECK_FOR_INTERRUPTS();
        Datum values[] = {TimestampTzGetDatum(gaps.list[i].first), TimestampTzGetDatum(gaps.list[i].last)};
        bool nulls[] = {false, false};
        tuplestore_putvalues(rows, desc, values, nulls);
    }
    SPI_finish();
    return Datum{0};
}

}  // namespace
}  // namespace pg_candle

extern "C" {
PG_FUNCTION_INFO_V1(pg_candle_candles_to_ask);
PGDLLEXPORT Datum pg_candle_candles_to_ask(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::candles_to_request(fcinfo); });
}
PG_FUNCTION_INFO_V1(pg_candle_provider_first_day);
PGDLLEXPORT Datum pg_candle_provider_first_day(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::provider_first_day(fcinfo); });
}
PG_FUNCTION_INFO_V1(pg_candle_missing_dates);
PGDLLEXPORT Datum pg_candle_missing_dates(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::ranges_to_request(fcinfo); });
}
}
