// resample_candles(): candles of a longer timeframe, computed from stored ones.
#include <algorithm>

#include "backend/candles/candle_row.hpp"
#include "backend/catalog/arguments.hpp"
#include "backend/catalog/tables.hpp"
#include "backend/catalog/trading_calendar.hpp"
#include "backend/freshness/dropped_candles.hpp"
#include "backend/postgres/exception_boundary.hpp"
#include "backend/postgres/result_set.hpp"
#include "backend/postgres/spi.hpp"
#include "kernels/kernel.hpp"
#include "market/resample.hpp"

namespace pg_candle {
namespace {

/// How far behind its start a bucket can reach.
int64 reach(const Timeframe& timeframe) {
    switch (timeframe.unit) {
        case Timeframe::Unit::minute:
            return timeframe.count * USECS_PER_MINUTE;
        case Timeframe::Unit::hour:
            return timeframe.count * USECS_PER_HOUR;
        case Timeframe::Unit::day:
            return 2 * USECS_PER_DAY;  // some days have 25 hours
        case Timeframe::Unit::week:
            return 8 * USECS_PER_DAY;
        case Timeframe::Unit::month:
            return 32 * USECS_PER_DAY;
    }
    return 0;
}

struct Receiver {
    DestReceiver base;  // first
    CandleRowReader* candles;
    Resampler* resampler;
    Tuplestorestate* rows;
    TupleDesc desc;
    TimestampTz from, to;
};

void put(const Receiver* receiver, const PlainCandle& candle) {
    if (candle.start < receiver->from || candle.start >= receiver->to) return;
    Datum values[] = {TimestampTzGetDatum(candle.start), Float8GetDatum(candle.open),  Float8GetDatum(candle.high),
                      Float8GetDatum(candle.low),        Float8GetDatum(candle.close), Float8GetDatum(candle.volume),
                      Float8GetDatum(candle.oi)};
    // A sum that is no number any more is not known.
    bool nulls[] = {false, false, false, false, false, !is_value(candle.volume), !is_value(candle.oi)};
    tuplestore_putvalues(receiver->rows, receiver->desc, values, nulls);
}

bool receive(TupleTableSlot* slot, DestReceiver* self) {
    auto* receiver = reinterpret_cast<Receiver*>(self);
    const CandleRow row = receiver->candles->read(slot);
    PlainCandle finished;
    if (receiver->resampler->add({row.ts, row.open, row.high, row.low, row.close, row.volume, row.oi}, finished))
        put(receiver, finished);
    return true;
}

Datum resample_candles(FunctionCallInfo fcinfo) {
    const Oid schema = schema_of_function(fcinfo);
    const Series series = series_argument(fcinfo);
    require_argument(fcinfo, 2, "the target timeframe");
    const char* target_name = timeframe_argument(fcinfo, 2);
    const Timeframe source = require_timeframe(series.timeframe), target = require_timeframe(target_name);
    const char* reason = "";
    if (!can_resample(source, target, reason))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("%s cannot be made from %s", target_name, series.timeframe), errdetail("%s", reason),
                        errhint("1m makes all intraday timeframes and 1d, and 1d makes 1w and 1mo.")));
    TupleDesc desc = declared_result(fcinfo);
    Tuplestorestate* rows = begin_result_set(fcinfo, desc, "resample_candles");
    SPI_connect();
    const InstrumentCalendar instrument = Calendars(schema, CurrentMemoryContext).of_instrument(series.instrument_id);
    const TimestampTz kept_from = first_whole_candle(
        target, *instrument.trading, DroppedCandles(schema, CurrentMemoryContext, true).of(series).kept_from);
    // The last bucket that starts in the range ends behind it.
    const ExpectedRange range = expected_range(instrument, std::max(bound_argument(fcinfo, 3, DT_NOBEGIN), kept_from),
                                               bound_argument(fcinfo, 4, DT_NOEND), DT_NOEND);
    if (range.from < range.to) {
        const TimestampTz end = range.to + reach(target);
        Resampler resampler(instrument.trading->calendar, instrument.trading->clock(), target, range.from, end);
        Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID};
        Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe),
                          TimestampTzGetDatum(range.from), TimestampTzGetDatum(end)};
        SPIPlanPtr query =
            prepare_query(psprintf("SELECT %s FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1 AND timeframe "
                                   "OPERATOR(pg_catalog.=) $2"
                                   " AND ts OPERATOR(pg_catalog.>=) $3 AND ts OPERATOR(pg_catalog.<) $4 ORDER BY ts",
                                   candle_row_columns, table_name(schema, "candle_data")),
                          4, types);
        CandleRowReader candles(CurrentMemoryContext);
        candles.open(series);
        Portal portal = open_ordered(query, values, nullptr, true);
        Receiver receiver{make_receiver(receive), &candles, &resampler, rows, desc, range.from, range.to};
        fetch_all(portal, &receiver.base);
        PlainCandle last;
        if (resampler.finish(last)) put(&receiver, last);
    }
    SPI_finish();
    return Datum{0};
}

}  // namespace
}  // namespace pg_candle

extern "C" {
PG_FUNCTION_INFO_V1(pg_candle_resample_candles);
PGDLLEXPORT Datum pg_candle_resample_candles(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::resample_candles(fcinfo); });
}
}
