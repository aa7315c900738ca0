// ranges_to_request() and candles_to_request(): what has to be asked of the provider to complete a series, as dates and
// as candles; cut_into_requests(): with which requests; provider_first_day() and provider_last_day(): what it has.
#include <algorithm>

#include "backend/candles/gap_finder.hpp"
#include "backend/catalog/arguments.hpp"
#include "backend/catalog/market_clock.hpp"
#include "backend/freshness/dropped_candles.hpp"
#include "backend/postgres/exception_boundary.hpp"
#include "backend/postgres/result_set.hpp"
#include "backend/postgres/spi.hpp"
#include "market/provider.hpp"

extern "C" {
#include "utils/date.h"
}

namespace pg_candle {
namespace {

/// A bound of dates, infinite ones included; `otherwise` where there is none.
int32 date_argument(FunctionCallInfo fcinfo, int argument, int32 otherwise) {
    return PG_ARGISNULL(argument) ? otherwise : PG_GETARG_DATEADT(argument);
}

int32 last_final_date(const ZoneClock& clock) {
    return clock.date(clock.zone, market_now() - provider::final_after * USECS_PER_SEC) - 1;
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
    // Whole weeks and months, which are final with their last day.
    const int32 final_date = last_final_date(clock);
    const int32 first = bucket_date(timeframe, std::clamp(date_argument(fcinfo, 2, 0), provider::first_date(timeframe),
                                                          std::max(provider::first_date(timeframe), final_date + 1)));
    const int32 last =
        std::min({date_argument(fcinfo, 3, final_date), final_date, bucket_date(timeframe, final_date + 1) - 1});
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
    return DateADTGetDatum(provider::first_date(require_timeframe(timeframe_argument(fcinfo, 0))));
}

Datum provider_has_running_day(FunctionCallInfo fcinfo) {
    return BoolGetDatum(provider::has_running_day(require_timeframe(timeframe_argument(fcinfo, 0))));
}

Datum provider_last_day(FunctionCallInfo fcinfo) {
    const Oid schema = schema_of_function(fcinfo);
    SPI_connect();
    const InstrumentCalendar instrument = Calendars(schema, CurrentMemoryContext).of_instrument(PG_GETARG_INT32(0));
    const int32 date = last_final_date(instrument.trading->clock());
    SPI_finish();
    return DateADTGetDatum(date);
}

Datum cut_into_requests(FunctionCallInfo fcinfo) {
    const Timeframe timeframe = require_timeframe(timeframe_argument(fcinfo, 0));
    const bool expired = PG_GETARG_BOOL(1);
    const DateADT first = PG_GETARG_DATEADT(2), last = PG_GETARG_DATEADT(3);
    if (DATE_NOT_FINITE(first) || DATE_NOT_FINITE(last))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("dates to request must be finite")));
    TupleDesc desc = declared_result(fcinfo);
    Tuplestorestate* rows = begin_result_set(fcinfo, desc, "cut_into_requests");
    for (int32 from = first; from <= last;) {
        CHECK_FOR_INTERRUPTS();
        const int32 end = std::min(provider::request_end(timeframe, expired, from), last + 1);
        Datum values[] = {DateADTGetDatum(from), DateADTGetDatum(end - 1)};
        bool nulls[] = {false, false};
        tuplestore_putvalues(rows, desc, values, nulls);
        from = end;
    }
    return Datum{0};
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
PG_FUNCTION_INFO_V1(pg_candle_ranges_to_request);
PGDLLEXPORT Datum pg_candle_ranges_to_request(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::ranges_to_request(fcinfo); });
}
PG_FUNCTION_INFO_V1(pg_candle_candles_to_request);
PGDLLEXPORT Datum pg_candle_candles_to_request(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::candles_to_request(fcinfo); });
}
PG_FUNCTION_INFO_V1(pg_candle_provider_first_day);
PGDLLEXPORT Datum pg_candle_provider_first_day(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::provider_first_day(fcinfo); });
}
PG_FUNCTION_INFO_V1(pg_candle_provider_has_running_day);
PGDLLEXPORT Datum pg_candle_provider_has_running_day(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::provider_has_running_day(fcinfo); });
}
PG_FUNCTION_INFO_V1(pg_candle_provider_last_day);
PGDLLEXPORT Datum pg_candle_provider_last_day(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::provider_last_day(fcinfo); });
}
PG_FUNCTION_INFO_V1(pg_candle_cut_into_requests);
PGDLLEXPORT Datum pg_candle_cut_into_requests(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::cut_into_requests(fcinfo); });
}
}
