// trading_sessions(), market_is_open() and expected_candles(): what a calendar says.
#include <algorithm>

#include "backend/catalog/arguments.hpp"
#include "backend/catalog/market_clock.hpp"
#include "backend/catalog/series_list.hpp"
#include "backend/catalog/tables.hpp"
#include "backend/catalog/trading_calendar.hpp"
#include "backend/freshness/dropped_candles.hpp"
#include "backend/postgres/exception_boundary.hpp"
#include "backend/postgres/result_set.hpp"

extern "C" {
#include "utils/date.h"
}

namespace pg_candle {
namespace {

constexpr int32 longest_list = 366 * 200;

const char* kind_of(const TradingCalendar& trading, const Period& period) {
    if (period.kind == PeriodKind::special) return trading.special_kinds[period.special];
    return period.kind == PeriodKind::regular ? "regular" : "assumed";
}

Datum trading_sessions(FunctionCallInfo fcinfo) {
    const Oid schema = schema_of_function(fcinfo);
    require_argument(fcinfo, 0, "the calendar");
    require_argument(fcinfo, 1, "from_date");
    require_argument(fcinfo, 2, "to_date");
    const char* name = text_to_cstring(PG_GETARG_TEXT_PP(0));
    const DateADT from = PG_GETARG_DATEADT(1), to = PG_GETARG_DATEADT(2);
    if (DATE_NOT_FINITE(from) || DATE_NOT_FINITE(to) || static_cast<int64>(to) - from > longest_list)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the range of dates is too long"),
                        errdetail("Sessions are listed for at most 200 years."), errhint("Give both dates.")));
    TupleDesc desc = declared_result(fcinfo);
    Tuplestorestate* rows = begin_result_set(fcinfo, desc, "trading_sessions");
    SPI_connect();
    const TradingCalendar* trading = require_calendar(schema, name);
    const ZoneClock clock = trading->clock();
    Periods periods(trading->calendar, from, to);
    for (Period period; periods.next(period);) {
        CHECK_FOR_INTERRUPTS();
        const char* kind = kind_of(*trading, period);
        Datum values[] = {DateADTGetDatum(period.date),
                          TimestampTzGetDatum(clock.instant(clock.zone, period.date, period.opens)),
                          TimestampTzGetDatum(clock.instant(clock.zone, period.date, period.closes)),
                          kind ? CStringGetTextDatum(kind) : Datum{0}};
        bool nulls[] = {false, false, false, kind == nullptr};
        tuplestore_putvalues(rows, desc, values, nulls);
    }
    SPI_finish();
    return Datum{0};
}

Datum market_is_open(FunctionCallInfo fcinfo) {
    const Oid schema = schema_of_function(fcinfo);
    require_argument(fcinfo, 0, "the calendar");
    require_argument(fcinfo, 1, "the moment");
    const char* name = text_to_cstring(PG_GETARG_TEXT_PP(0));
    const TimestampTz at = PG_GETARG_TIMESTAMPTZ(1);
    if (TIMESTAMP_NOT_FINITE(at)) return BoolGetDatum(false);
    SPI_connect();
    const TradingCalendar* trading = require_calendar(schema, name);
    const ZoneClock clock = trading->clock();
    const int32 date = clock.date(clock.zone, at);
    Periods periods(trading->calendar, date, date);
    bool open = false;
    for (Period period; !open && periods.next(period);)
        open =
            clock.instant(clock.zone, date, period.opens) <= at && at < clock.instant(clock.zone, date, period.closes);
    SPI_finish();
    return BoolGetDatum(open);
}

Datum calendar_problem(FunctionCallInfo fcinfo) {
    const Oid schema = schema_of_function(fcinfo);
    require_argument(fcinfo, 0, "the calendar");
    const MemoryContext caller = CurrentMemoryContext;
    SPI_connect();
    const char* problem = nullptr;
    Datum answer = Datum{0};
    if (!read_calendar(schema, text_to_cstring(PG_GETARG_TEXT_PP(0)), &problem)) {
        MemoryContextSwitchTo(caller);
        answer = CStringGetTextDatum(problem);
    }
    SPI_finish();
    fcinfo->isnull = problem == nullptr;
    return answer;
}

/// What keeps candles of a series from being expected; the answer to which all that plans for many series listens.
Datum series_problem(FunctionCallInfo fcinfo) {
    const Oid schema = schema_of_function(fcinfo);
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1)) return CStringGetTextDatum("It has no instrument, or no timeframe.");
    const char* name = text_to_cstring(PG_GETARG_TEXT_PP(1));
    if (!is_timeframe(name)) return CStringGetTextDatum(psprintf("\"%s\" is not a timeframe.", name));
    const MemoryContext caller = CurrentMemoryContext;
    SPI_connect();
    InstrumentCalendar calendar;
    const char* problem = Calendars(schema, CurrentMemoryContext).find_instrument(PG_GETARG_INT32(0), calendar);
    Datum answer = Datum{0};
    if (problem) {
        MemoryContextSwitchTo(caller);
        answer = CStringGetTextDatum(problem);
    }
    SPI_finish();
    fcinfo->isnull = problem == nullptr;
    return answer;
}

Datum expected_candles(FunctionCallInfo fcinfo) {
    const Oid schema = schema_of_function(fcinfo);
    const Series series = series_argument(fcinfo);
    const Timeframe timeframe = require_timeframe(series.timeframe);
    SPI_connect();
    const InstrumentCalendar instrument = Calendars(schema, CurrentMemoryContext).of_instrument(series.instrument_id);
    const TimestampTz kept_from = DroppedCandles(schema, CurrentMemoryContext, true).of(series).kept_from;
    const ExpectedRange range = expected_range(instrument, std::max(bound_argument(fcinfo, 2, DT_NOBEGIN), kept_from),
                                               bound_argument(fcinfo, 3, DT_NOEND), market_now());
    int64 count = 0;
    if (range.from < range.to) {
        ExpectedCandles expected(instrument.trading->calendar, instrument.trading->clock(), timeframe, range);
        count = expected.count();
    }
    SPI_finish();
    return Int64GetDatum(count);
}

}  // namespace
}  // namespace pg_candle

extern "C" {
PG_FUNCTION_INFO_V1(pg_candle_trading_sessions);
PGDLLEXPORT Datum pg_candle_trading_sessions(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::trading_sessions(fcinfo); });
}
PG_FUNCTION_INFO_V1(pg_candle_market_is_open);
PGDLLEXPORT Datum pg_candle_market_is_open(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::market_is_open(fcinfo); });
}
PG_FUNCTION_INFO_V1(pg_candle_calendar_problem);
PGDLLEXPORT Datum pg_candle_calendar_problem(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::calendar_problem(fcinfo); });
}
PG_FUNCTION_INFO_V1(pg_candle_series_problem);
PGDLLEXPORT Datum pg_candle_series_problem(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::series_problem(fcinfo); });
}
PG_FUNCTION_INFO_V1(pg_candle_expected_candles);
PGDLLEXPORT Datum pg_candle_expected_candles(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::expected_candles(fcinfo); });
}
PG_FUNCTION_INFO_V1(pg_candle_calendar_of_segment);
PGDLLEXPORT Datum pg_candle_calendar_of_segment(PG_FUNCTION_ARGS) {
    return pg_candle::catch_row_exceptions(
        [&] { return CStringGetTextDatum(pg_candle::calendar_of_segment(text_to_cstring(PG_GETARG_TEXT_PP(0)))); });
}
}
