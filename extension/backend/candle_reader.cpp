#include "backend/candle_reader.hpp"

#include "backend/cursor.hpp"
#include "backend/tables.hpp"
#include "market/session.hpp"

extern "C" {
#include "pgtime.h"
#include "utils/date.h"
}

namespace pg_candle {
namespace {

constexpr int64 unix_epoch_shift = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;

/// Finds the session zone's offset at `at` and until when it holds; zones change it so rarely that a series has one or two.
void find_session_offset(CandleReader::Receiver* receiver, int64 at) {
    const pg_time_t second = at / USECS_PER_SEC + unix_epoch_shift - (at % USECS_PER_SEC < 0);
    long before, after;
    int before_dst, after_dst;
    pg_time_t boundary;
    const int found = pg_next_dst_boundary(&second, &before, &before_dst, &boundary, &after, &after_dst, receiver->session_zone);
    receiver->session_offset = found < 0 ? 0 : before * USECS_PER_SEC;
    receiver->session_offset_ends = found > 0 ? (boundary - unix_epoch_shift) * USECS_PER_SEC : PG_INT64_MAX;
}

[[noreturn]] void bad_candle(const CandleReader::Receiver* receiver, int64 ts, const char* what) {
    ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                    errmsg("the candle of instrument %d, timeframe %s at %s %s", receiver->series.instrument_id,
                           receiver->series.timeframe, timestamptz_to_str(ts), what),
                    errhint("Correct or delete it, then repeat; nothing was written for this series.")));
    pg_unreachable();
}

double price(CandleReader::Receiver* receiver, TupleTableSlot* slot, int column, int64 ts) {
    if (slot->tts_isnull[column]) bad_candle(receiver, ts, "has no price");
    const double value = DatumGetFloat8(slot->tts_values[column]);
    if (!is_value(value)) bad_candle(receiver, ts, "has a price that is not finite");
    return value + 0.0;
}

uint64 fingerprint(const RowShape* shape, int i) {
    const Candles& candles = shape->plan->candles();
    return fingerprint_of(shape->candles.ts[i], candles.open[i], candles.high[i], candles.low[i], candles.close[i], shape->candles.volume[i]);
}

bool receive_candle(TupleTableSlot* slot, DestReceiver* self) {
    auto* receiver = reinterpret_cast<CandleReader::Receiver*>(self);
    RowShape* shape = receiver->shape;
    const Candles& candles = shape->plan->candles();
    const int i = receiver->count++;
    slot_getallattrs(slot);

    const int64 ts = slot->tts_isnull[0] ? DT_NOBEGIN : DatumGetTimestampTz(slot->tts_values[0]);
    if (TIMESTAMP_NOT_FINITE(ts)) bad_candle(receiver, ts, "has no finite ts");
    if (ts <= receiver->previous_ts) bad_candle(receiver, ts, "is there twice");
    receiver->previous_ts = ts;
    shape->candles.ts[i] = ts;
    candles.open[i] = price(receiver, slot, 1, ts);
    candles.high[i] = price(receiver, slot, 2, ts);
    candles.low[i] = price(receiver, slot, 3, ts);
    candles.close[i] = price(receiver, slot, 4, ts);

    const bool has_volume = !slot->tts_isnull[5], has_oi = !slot->tts_isnull[6];
    shape->candles.volume[i] = has_volume ? DatumGetInt64(slot->tts_values[5]) : PG_INT64_MIN;
    candles.volume[i] = has_volume ? static_cast<double>(shape->candles.volume[i]) : no_value;
    shape->candles.oi[i] = has_oi ? DatumGetInt64(slot->tts_values[6]) : PG_INT64_MIN;
    shape->candles.oi_number[i] = has_oi ? static_cast<double>(shape->candles.oi[i]) : no_value;

    if (receiver->anchored) {
        receiver->anchored = false;
        receiver->count = receiver->anchor == fingerprint(shape, i) ? 0 : -1;
        return true;
    }
    shape->candles.bars[i] = ++receiver->candles;
    // Of a day and longer, every candle is a session of its own.
    if (receiver->intraday && ts >= receiver->session_offset_ends) find_session_offset(receiver, ts);
    candles.session[i] = receiver->intraday ? local_day(ts, receiver->session_offset) : receiver->candles;
    return true;
}

}  // namespace

CandleReader::CandleReader(Oid schema, MemoryContext memory, bool read_only) : zones_(schema, memory, read_only), read_only_(read_only) {
    Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID};
    query_ = prepare_query(
        psprintf("SELECT ts::pg_catalog.timestamptz, open::pg_catalog.float8, high::pg_catalog.float8,"
                 " low::pg_catalog.float8, close::pg_catalog.float8, volume::pg_catalog.int8, oi::pg_catalog.int8"
                 " FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1 AND timeframe OPERATOR(pg_catalog.=) $2"
                 " AND ts OPERATOR(pg_catalog.>=) $3 AND ts OPERATOR(pg_catalog.<) $4 ORDER BY ts",
                 table_name(schema, "candle_data")),
        4, types, memory);
}

const char* CandleReader::session_zone(const Series& series) {
    if (!require_timeframe(series.timeframe).intraday()) return nullptr;
    return pg_get_timezone_name(zones_.of_instrument(series.instrument_id));
}

void CandleReader::open(const Series& series, const Position& anchor, TimestampTz to, RowShape* shape) {
    receiver_ = {};
    receiver_.base = make_receiver(receive_candle);
    receiver_.shape = shape;
    receiver_.series = series;
    receiver_.candles = anchor.bars;
    receiver_.anchored = anchor.bars > 0;
    receiver_.anchor = anchor.fingerprint;
    receiver_.previous_ts = PG_INT64_MIN;
    receiver_.intraday = require_timeframe(series.timeframe).intraday();
    if (receiver_.intraday) receiver_.session_zone = zones_.of_instrument(series.instrument_id);
    receiver_.session_offset_ends = PG_INT64_MIN;
    ended_ = false;
    const TimestampTz from = receiver_.anchored ? anchor.ts : DT_NOBEGIN;
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe), TimestampTzGetDatum(from), TimestampTzGetDatum(to)};
    portal_ = open_ordered(query_, values, nullptr, read_only_);
}

bool CandleReader::find_anchor() {
    fetch_into(portal_, 1, &receiver_.base);
    return !receiver_.anchored && receiver_.count == 0;
}

int CandleReader::read() {
    CHECK_FOR_INTERRUPTS();
    if (ended_) return 0;
    const int capacity = receiver_.shape->plan->capacity();
    const int room = capacity - static_cast<int>(receiver_.candles % capacity);
    receiver_.count = 0;
    fetch_into(portal_, room, &receiver_.base);
    ended_ = receiver_.count < room;
    return receiver_.count;
}

Position CandleReader::position() const {
    const int last = receiver_.count - 1;
    return {receiver_.candles, receiver_.previous_ts, fingerprint(receiver_.shape, last)};
}

void CandleReader::close() {
    SPI_cursor_close(portal_);
    portal_ = nullptr;
}

}  // namespace pg_candle
