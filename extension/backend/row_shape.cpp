#include "kernels/column_name.hpp"

#include "backend/row_shape.hpp"

namespace pg_candle {
namespace {

void* allocate_in_context(void*, std::size_t bytes) {
    return MemoryContextAllocHuge(CurrentMemoryContext, bytes > 0 ? bytes : 1);
}

[[noreturn]] void wrong_type(const RowShape* shape, Form_pg_attribute column, const char* expected) {
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("column \"%s\" of %s has type %s, not %s", NameStr(column->attname), shape->name,
                           format_type_be(column->atttypid), expected),
                    errhint("Change its type, or give it a name that means nothing to pg_candle.")));
    pg_unreachable();
}

/// Adds the column with the values of `number`, or of `whole` if the column is a bigint and there are any.
void add_number(RowShape* shape, Form_pg_attribute column, const double* number, const int64* whole) {
    ShapeColumn& added = shape->columns[shape->count++];
    added.attno = column->attnum;
    if (whole && column->atttypid == INT8OID) {
        added.kind = ShapeColumn::Kind::int8;
        added.source = whole;
    } else if (number && column->atttypid == FLOAT8OID) {
        added.kind = ShapeColumn::Kind::float8;
        added.source = number;
    } else if (number && column->atttypid == FLOAT4OID) {
        added.kind = ShapeColumn::Kind::float4;
        added.source = number;
    } else {
        wrong_type(shape, column, !number ? "bigint" : whole ? "bigint, float8 or real" : "float8 or real");
    }
}

void add_key(RowShape* shape, Form_pg_attribute column, ShapeColumn::Kind kind, Oid type, const char* type_name) {
    if (column->atttypid != type) wrong_type(shape, column, type_name);
    shape->columns[shape->count++] = {column->attnum, kind, nullptr};
}

/// The columns that do not depend on parameters; false if the name is none of them.
bool add_plain_column(RowShape* shape, Form_pg_attribute column, ShapeUse use) {
    const char* name = NameStr(column->attname);
    const Candles& candles = shape->plan->candles();
    if (strcmp(name, "instrument_id") == 0)
        add_key(shape, column, ShapeColumn::Kind::instrument_id, INT4OID, "integer");
    else if (strcmp(name, "timeframe") == 0)
        add_key(shape, column, ShapeColumn::Kind::timeframe, TEXTOID, "text");
    else if (strcmp(name, "ts") == 0) {
        add_key(shape, column, ShapeColumn::Kind::int8, TIMESTAMPTZOID, "timestamp with time zone");
        shape->columns[shape->count - 1].source = shape->candles.ts;
    } else if (strcmp(name, "bars") == 0)
        add_number(shape, column, nullptr, shape->candles.bars);
    else if (use == ShapeUse::stored)
        return false;
    else if (strcmp(name, "open") == 0)
        add_number(shape, column, candles.open, nullptr);
    else if (strcmp(name, "high") == 0)
        add_number(shape, column, candles.high, nullptr);
    else if (strcmp(name, "low") == 0)
        add_number(shape, column, candles.low, nullptr);
    else if (strcmp(name, "close") == 0)
        add_number(shape, column, candles.close, nullptr);
    else if (strcmp(name, "volume") == 0)
        add_number(shape, column, candles.volume, shape->candles.volume);
    else if (strcmp(name, "oi") == 0)
        add_number(shape, column, shape->candles.oi_number, shape->candles.oi);
    else
        return false;
    return true;
}

void add_indicator(RowShape* shape, Form_pg_attribute column) {
    ColumnName name;
    Reason reason;
    switch (parse_column_name(NameStr(column->attname), name, reason)) {
        case NameKind::other:
            return;
        case NameKind::impossible:
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("column \"%s\" of %s cannot be computed", NameStr(column->attname), shape->name),
                            errdetail("%s", reason.text),
                            errhint("Rename or drop the column; a name that is no indicator is left alone.")));
        case NameKind::indicator:
            if (column->atttypid != FLOAT8OID && column->atttypid != FLOAT4OID)
                wrong_type(shape, column, "float8 or real");
            add_number(shape, column, shape->plan->column(name), nullptr);
    }
}

}  // namespace

int key_part(const char* column) {
    constexpr const char* key[] = {"instrument_id", "timeframe", "ts"};
    for (int part = 0; part < 3; ++part)
        if (strcmp(column, key[part]) == 0) return part;
    return -1;
}

RowShape* compile_shape(TupleDesc desc, const char* name, ShapeUse use) {
    static_assert(std::is_trivially_destructible_v<Plan> && std::is_trivially_destructible_v<Arena>);
    Arena& arena = *new (palloc(sizeof(Arena))) Arena(allocate_in_context, nullptr);
    auto* shape = static_cast<RowShape*>(palloc0(sizeof(RowShape)));
    shape->desc = desc;
    shape->name = name;
    shape->plan = new (palloc(sizeof(Plan))) Plan(arena, block_capacity);
    shape->candles = {arena.array<int64>(block_capacity), arena.array<int64>(block_capacity),
                      arena.array<int64>(block_capacity), arena.array<int64>(block_capacity),
                      arena.array<double>(block_capacity)};
    shape->columns = arena.array<ShapeColumn>(desc->natts);

    bool has_ts = false;
    for (int i = 0; i < desc->natts; ++i) {
        Form_pg_attribute column = TupleDescAttr(desc, i);
        if (column->attisdropped) continue;
        has_ts |= strcmp(NameStr(column->attname), "ts") == 0;
        if (!add_plain_column(shape, column, use)) add_indicator(shape, column);
    }
    if (!has_ts)
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("%s has no column \"ts\"", name),
                        errdetail("Each row is the candle that starts at ts."),
                        errhint("Add a column \"ts timestamptz\".")));
    shape->plan->ready();
    return shape;
}

}  // namespace pg_candle
