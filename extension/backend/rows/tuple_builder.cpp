#include "backend/rows/tuple_builder.hpp"

#include <cmath>

extern "C" {
#include "access/tupmacs.h"
}

namespace pg_candle {
namespace {

double number(const void* source, int i) { return static_cast<const double*>(source)[i]; }
int64 integer(const void* source, int i) { return static_cast<const int64*>(source)[i]; }

/// A real that overflows is no value, like any number that is not finite.
float4 real(double x) { return static_cast<float4>(x) + 0.0f; }

bool is_absent(ShapeColumn::Kind kind, const void* source, int i) {
    switch (kind) {
        case ShapeColumn::Kind::float8:
            return !is_value(number(source, i));
        case ShapeColumn::Kind::float4:
            return !is_value(real(number(source, i)));
        case ShapeColumn::Kind::whole:
            return !is_value(number(source, i));
        default:
            return false;
    }
}

}  // namespace

TupleBuilder::TupleBuilder(RowShape* shape) : shape_(shape), memory_(CurrentMemoryContext) {
    const int natts = shape->desc->natts;
    // Header and NULL bitmap, 8 bytes a column with as many for its alignment; a timeframe has at most five characters.
    room_ = MAXALIGN(SizeofHeapTupleHeader + BITMAPLEN(natts)) + 16 * (shape->count + 1);
    fields_ = static_cast<Field*>(palloc(sizeof(Field) * (shape->count + 1)));
    row_values_ = static_cast<Datum*>(palloc0(sizeof(Datum) * natts));
    row_nulls_ = static_cast<bool*>(palloc(sizeof(bool) * natts));
    memset(row_nulls_, true, natts);
}

/// A volume or open interest as a bigint; one that has a fraction, or is larger, has no place there.
int64 TupleBuilder::whole(const void* source, int i) const {
    const double value = number(source, i);
    if (value != std::floor(value) || !(value >= -0x1p63 && value < 0x1p63)) {
        const char* column = "";
        for (int c = 0; c < shape_->count; ++c)
            if (shape_->columns[c].source == source)
                column = NameStr(TupleDescAttr(shape_->desc, shape_->columns[c].attno - 1)->attname);
        ereport(
            ERROR,
            (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
             errmsg("%.17g does not fit into column \"%s\" of %s, which is a bigint", value, column, shape_->name),
             errdetail("It is that of the candle of instrument %d, timeframe %s at %s.", DatumGetInt32(instrument_id_),
                       TextDatumGetCString(timeframe_), timestamptz_to_str(shape_->candles.ts[i])),
             errhint("Make the column a float8.")));
    }
    return static_cast<int64>(value);
}

void TupleBuilder::start(const Series& series) {
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    if (sample_) heap_freetuple(sample_);
    sample_ = nullptr;
    if (timeframe_ != 0) pfree(DatumGetPointer(timeframe_));
    instrument_id_ = Int32GetDatum(series.instrument_id);
    timeframe_ = CStringGetTextDatum(series.timeframe);
    MemoryContextSwitchTo(caller);
}

Datum TupleBuilder::value(const ShapeColumn& column, int i, bool* null) const {
    *null = is_absent(column.kind, column.source, i);
    switch (column.kind) {
        case ShapeColumn::Kind::float8:
            return Float8GetDatum(number(column.source, i));
        case ShapeColumn::Kind::float4:
            return Float4GetDatum(real(number(column.source, i)));
        case ShapeColumn::Kind::whole:
            return *null ? Datum{0} : Int64GetDatum(whole(column.source, i));
        case ShapeColumn::Kind::int8:
            return Int64GetDatum(integer(column.source, i));
        case ShapeColumn::Kind::instrument_id:
            return instrument_id_;
        case ShapeColumn::Kind::timeframe:
            return timeframe_;
    }
    pg_unreachable();
}

void TupleBuilder::values(int i, Datum* values, bool* nulls) const {
    for (int c = 0; c < shape_->count; ++c) values[c] = value(shape_->columns[c], i, &nulls[c]);
}

bool TupleBuilder::equals(int i, const Datum* values, const bool* nulls) const {
    for (int c = 0; c < shape_->count; ++c) {
        const ShapeColumn& column = shape_->columns[c];
        if (column.kind >= ShapeColumn::Kind::instrument_id) continue;  // the same series
        bool null;
        const Datum now = value(column, i, &null);
        if (null != nulls[c]) return false;
        if (null) continue;
        if (column.kind == ShapeColumn::Kind::float4) {
            if (DatumGetInt32(now) != DatumGetInt32(values[c])) return false;
        } else if (now != values[c]) {
            return false;
        }
    }
    return true;
}

void TupleBuilder::take_sample(int i) {
    if (sample_) heap_freetuple(sample_);
    present_ = absent_ = 0;
    for (int c = 0; c < shape_->count; ++c) {
        const ShapeColumn& column = shape_->columns[c];
        const int at = column.attno - 1;
        row_values_[at] = value(column, i, &row_nulls_[at]);
    }
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    sample_ = heap_form_tuple(shape_->desc, row_values_, row_nulls_);
    MemoryContextSwitchTo(caller);

    // Where PostgreSQL put each column.
    const char* data = reinterpret_cast<const char*>(sample_->t_data);
    uint32 offset = sample_->t_data->t_hoff;
    int c = 0;
    for (int at = 0; at < shape_->desc->natts; ++at) {
        Form_pg_attribute attribute = TupleDescAttr(shape_->desc, at);
        const bool ours = c < shape_->count && shape_->columns[c].attno == at + 1;
        const ShapeColumn* column = ours ? &shape_->columns[c++] : nullptr;
        const bool numeric = column && column->kind < ShapeColumn::Kind::instrument_id;
        if (row_nulls_[at]) {
            if (numeric) fields_[shape_->count - ++absent_] = {column->source, 0, column->kind};
            continue;
        }
        offset = att_align_pointer(offset, attribute->attalign, attribute->attlen, data + offset);
        if (numeric) fields_[present_++] = {column->source, offset, column->kind};
        offset = att_addlength_pointer(offset, attribute->attlen, data + offset);
    }
    Assert(MAXALIGN(sample_->t_len) <= room_);
}

void TupleBuilder::form(int i, HeapTuple tuple, char* space) {
    bool fits = sample_ != nullptr;
    for (int f = 0; fits && f < absent_; ++f) {
        const Field& field = fields_[shape_->count - 1 - f];
        fits = is_absent(field.kind, field.source, i);
    }
    if (fits) memcpy(space, sample_->t_data, sample_->t_len);
    for (int f = 0; fits && f < present_; ++f) {
        const Field& field = fields_[f];
        if (field.kind == ShapeColumn::Kind::float8) {
            const double x = number(field.source, i);
            fits = is_value(x);
            memcpy(space + field.offset, &x, sizeof x);
        } else if (field.kind == ShapeColumn::Kind::float4) {
            const float4 x = real(number(field.source, i));
            fits = is_value(x);
            memcpy(space + field.offset, &x, sizeof x);
        } else if (field.kind == ShapeColumn::Kind::whole) {
            fits = is_value(number(field.source, i));
            const int64 x = fits ? whole(field.source, i) : 0;
            memcpy(space + field.offset, &x, sizeof x);
        } else {
            const int64 x = integer(field.source, i);
            memcpy(space + field.offset, &x, sizeof x);
        }
    }
    if (!fits) {
        take_sample(i);
        memcpy(space, sample_->t_data, sample_->t_len);
    }
    tuple->t_len = sample_->t_len;
    tuple->t_data = reinterpret_cast<HeapTupleHeader>(space);
    tuple->t_tableOid = InvalidOid;
    ItemPointerSetInvalid(&tuple->t_self);
}

}  // namespace pg_candle
