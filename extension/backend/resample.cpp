// resample_candles(): candles of a longer timeframe, computed from stored ones.
#include <algorithm>

#include "backend/boundary.hpp"
#include "backend/cursor.hpp"
#include "backend/result_rows.hpp"
#include "backend/tables.hpp"
#include "backend/trading_calendar.hpp"
#include "market/resample.hpp"

namespace pg_candle {
namespace {

/// How far behind its start a bucket can reach.
int64 reach(const Timeframe& timeframe) {
    switch (timeframe.unit) {
        case Timeframe::Unit::minute: return timeframe.count * USECS_PER_MINUTE;
        case Timeframe::Unit::hour: return timeframe.count * USECS_PER_HOUR;
        case Timeframe::Unit::day: return 2 * USECS_PER_DAY;  // some days have 25 hours
        case Timeframe::Unit::week: return 8 * USECS_PER_DAY;
        case Timeframe::Unit::month: return 32 * USECS_PER_DAY;
    }
    return 0;
}

struct Receiver {
    DestReceiver base;  // first
    Resampler* resampler;
    Tuplestorestate* rows;
    TupleDesc desc;
    TimestampTz from, to;
};

void put(const Receiver* receiver, const PlainCandle& candle) {
    if (candle.start < receiver->from || candle.start >= receiver->to) return;
    Datum values[] = {TimestampTzGetDatum(candle.start), Float8GetDatum(candle.open), Float8GetDatum(candle.high), Float8GetDatum(candle.low),
                      Float8GetDatum(candle.close), Int64GetDatum(candle.volume), Int64GetDatum(candle.oi)};
    bool nulls[] = {false, false, false, false, false, candle.volume == PlainCandle::absent(), candle.oi == PlainCandle::absent()};
    tuplestore_putvalues(receiver->rows, receiver->desc, values, nulls);
}

bool receive(TupleTableSlot* slot, DestReceiver* self) {
    auto* receiver = reinterpret_cast<Receiver*>(self);
    slot_getallattrs(slot);
    const auto count = [&](int column) { return slot->tts_isnull[column] ? PlainCandle::absent() : DatumGetInt64(slot->tts_values[column]); };
    const PlainCandle candle{DatumGetTimestampTz(slot->tts_values[0]), DatumGetFloat8(slot->tts_values[1]), DatumGetFloat8(slot->tts_values[2]),
                             DatumGetFloat8(slot->tts_values[3]), DatumGetFloat8(slot->tts_values[4]), count(5), count(6)};
    PlainCandle finished;
    if (receiver->resampler->add(candle, finished)) put(receiver, finished);
    return true;
}

Datum resample_candles(FunctionCallInfo fcinfo) {
    const Oid schema = schema_of_function(fcinfo);
    const int32 instrument_id = PG_GETARG_INT32(0);
    const char* source_name = text_to_cstring(PG_GETARG_TEXT_PP(1));
    const Timeframe source = require_timeframe(source_name), target = require_timeframe(text_to_cstring(PG_GETARG_TEXT_PP(2)));
    const char* reason = "";
    if (!can_resample(source, target, reason))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("%s cannot be made from %s", text_to_cstring(PG_GETARG_TEXT_PP(2)), source_name), errdetail("%s", reason),
                        errhint("1m makes all intraday timeframes and 1d, and 1d makes 1w and 1mo.")));
    TupleDesc desc = declared_result(fcinfo);
    Tuplestorestate* rows = start_result(fcinfo, desc, "resample_candles");
    SPI_connect();
    const InstrumentCalendar instrument = Calendars(schema, CurrentMemoryContext).of_instrument(instrument_id);
    // The last bucket that starts in the range ends behind it.
    const ExpectedRange range = expected_range(instrument, PG_GETARG_TIMESTAMPTZ(3), PG_GETARG_TIMESTAMPTZ(4), DT_NOEND);
    if (range.from < range.to) {
        const TimestampTz end = range.to + reach(target);
        Resampler resampler(instrument.trading->calendar, instrument.trading->clock(), target, range.from, end);
        Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID};
        Datum values[] = {Int32GetDatum(instrument_id), CStringGetTextDatum(source_name), TimestampTzGetDatum(range.from), TimestampTzGetDatum(end)};
        SPIPlanPtr query = prepare_query(
            psprintf("SELECT ts, open, high, low, close, volume, oi FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1 "
                     "AND timeframe OPERATOR(pg_catalog.=) $2 AND ts OPERATOR(pg_catalog.>=) $3 AND ts OPERATOR(pg_catalog.<) $4 ORDER BY ts",
                     table_name(schema, "candle_data")), 4, types);
        Portal portal = open_ordered(query, values, nullptr, true);
        Receiver receiver{make_receiver(receive), &resampler, rows, desc, range.from, range.to};
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
    return pg_candle::boundary([&] { return pg_candle::resample_candles(fcinfo); });
}
}
