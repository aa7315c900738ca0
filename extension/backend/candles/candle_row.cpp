#include "backend/candles/candle_row.hpp"

#include <algorithm>

#include "kernels/kernel.hpp"

extern "C" {
#include "utils/fmgrprotos.h"
}

namespace pg_candle {
namespace {

constexpr int first_price = 1, volume = 5, oi = 6, columns = 7;

}  // namespace

void CandleRowReader::bad_candle(TimestampTz ts, const char* what) const {
    ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                    errmsg("the candle of instrument %d, timeframe %s at %s %s", series_.instrument_id,
                           series_.timeframe, timestamptz_to_str(ts), what),
                    errhint("Correct or delete it, then repeat; nothing was written for this series.")));
    pg_unreachable();
}

void CandleRowReader::open(const Series& series) {
    series_ = series;
    desc_ = nullptr;
    previous_ = DT_NOBEGIN;
}

void CandleRowReader::look_at_types(TupleDesc desc) {
    const auto refuse = [&](int column) {
        ereport(ERROR,
                (errcode(ERRCODE_DATATYPE_MISMATCH),
                 errmsg("column \"%s\" of candle_data has type %s", NameStr(TupleDescAttr(desc, column)->attname),
                        format_type_be(TupleDescAttr(desc, column)->atttypid)),
                 errhint("ts is a timestamp with time zone, all else are numbers.")));
    };
    if (desc->natts != columns) elog(ERROR, "a candle has %d columns, not %d", columns, desc->natts);
    if (getBaseType(TupleDescAttr(desc, 0)->atttypid) != TIMESTAMPTZOID) refuse(0);
    plain_ = true;
    for (int column = first_price; column < columns; ++column) {
        switch (getBaseType(TupleDescAttr(desc, column)->atttypid)) {
            case FLOAT8OID:
                numbers_[column] = Number::float8;
                break;
            case FLOAT4OID:
                numbers_[column] = Number::float4;
                break;
            case INT8OID:
                numbers_[column] = Number::int8;
                break;
            case INT4OID:
                numbers_[column] = Number::int4;
                break;
            case INT2OID:
                numbers_[column] = Number::int2;
                break;
            case NUMERICOID:
                numbers_[column] = Number::numeric;
                break;
            default:
                refuse(column);
        }
        plain_ &= numbers_[column] == Number::float8;
    }
    if (!plain_ && !scratch_) scratch_ = AllocSetContextCreate(memory_, "pg_candle candle row", ALLOCSET_SMALL_SIZES);
    desc_ = desc;
}

double CandleRowReader::number(TupleTableSlot* slot, int column) const {
    const Datum value = slot->tts_values[column];
    if (plain_) return DatumGetFloat8(value);
    switch (numbers_[column]) {
        case Number::float8:
            return DatumGetFloat8(value);
        case Number::float4:
            return DatumGetFloat4(value);
        case Number::int8:
            return static_cast<double>(DatumGetInt64(value));
        case Number::int4:
            return DatumGetInt32(value);
        case Number::int2:
            return DatumGetInt16(value);
        case Number::numeric:
            return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value));
    }
    pg_unreachable();
}

double CandleRowReader::price(TupleTableSlot* slot, int column, TimestampTz ts) const {
    if (slot->tts_isnull[column]) bad_candle(ts, "has no price");
    const double value = number(slot, column);
    if (!is_value(value)) bad_candle(ts, "has a price that is not finite");
    return value + 0.0;
}

double CandleRowReader::count(TupleTableSlot* slot, int column, TimestampTz ts, const char* wrong) const {
    if (slot->tts_isnull[column]) return no_value;
    const double value = number(slot, column);
    if (!is_value(value) || (column == volume && value < 0)) bad_candle(ts, wrong);
    return value + 0.0;
}

CandleRow CandleRowReader::read(TupleTableSlot* slot) {
    slot_getallattrs(slot);
    if (desc_ != slot->tts_tupleDescriptor) look_at_types(slot->tts_tupleDescriptor);
    CandleRow row;
    row.ts = slot->tts_isnull[0] ? DT_NOBEGIN : DatumGetTimestampTz(slot->tts_values[0]);
    if (TIMESTAMP_NOT_FINITE(row.ts)) bad_candle(row.ts, "has no finite ts");
    if (row.ts <= previous_) bad_candle(row.ts, "is there twice");
    previous_ = row.ts;
    MemoryContext caller = plain_ ? CurrentMemoryContext : MemoryContextSwitchTo(scratch_);
    row.open = price(slot, first_price, row.ts);
    row.high = price(slot, first_price + 1, row.ts);
    row.low = price(slot, first_price + 2, row.ts);
    row.close = price(slot, first_price + 3, row.ts);
    row.volume = count(slot, volume, row.ts, "has a volume that is negative or not finite");
    row.oi = count(slot, oi, row.ts, "has an open interest that is not finite");
    MemoryContextSwitchTo(caller);
    if (!plain_) MemoryContextReset(scratch_);
    return row;
}

}  // namespace pg_candle
