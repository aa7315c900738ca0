#include "backend/rows/row_shape.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "backend/catalog/column_rules.hpp"
#include "backend/catalog/tables.hpp"
#include "kernels/column_name.hpp"

namespace pg_candle {
namespace {

void* allocate_in_context(void*, std::size_t bytes) {
    return MemoryContextAllocHuge(CurrentMemoryContext, bytes > 0 ? bytes : 1);
}

[[noreturn]] void wrong_type(const RowShape* shape, Form_pg_attribute column, const char* expected) {
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("column \"%s\" of %s has type %s, not %s", NameStr(column->attname), shape->name,
                           format_type_be(column->atttypid), expected),
                    key_part(NameStr(column->attname)) >= 0
                        ? errhint("Change its type.")
                        : errhint("Change its type, or give it a name that means nothing to pg_candle.")));
    pg_unreachable();
}

void require_writable(const RowShape* shape, Form_pg_attribute column) {
    if (!is_generated(column)) return;
    ereport(ERROR,
            (errcode(ERRCODE_GENERATED_ALWAYS),
             errmsg("column \"%s\" of %s is generated and cannot be computed", NameStr(column->attname), shape->name),
             key_part(NameStr(column->attname)) >= 0 ? errhint("It must be a column that can be written.")
                                                     : errhint("Give it a name that means nothing to pg_candle.")));
}

/// Calls `each` with every name of a list.
template <class Each>
void for_each_name(const char* names, Each&& each) {
    for (std::string_view rest = names; !rest.empty();) {
        const auto end = std::min(rest.find(','), rest.size());
        each(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
}

bool is_among(std::string_view name, const char* names) {
    bool found = false;
    for_each_name(names, [&](std::string_view one) { found |= one == name; });
    return found;
}

/// Adds to what the plan was made for.
void note_indicator(RowShape* shape, const char* name) {
    if (!is_among(name, shape->indicators))
        shape->indicators = psprintf("%s%s%s", shape->indicators, *shape->indicators ? "," : "", name);
}

/// Adds a column for one double per candle.
void add_number(RowShape* shape, Form_pg_attribute column, const double* source) {
    const bool single = column->atttypid == FLOAT4OID;
    if (!single && column->atttypid != FLOAT8OID) wrong_type(shape, column, "float8 or real");
    shape->columns[shape->count++] = {column->attnum, single ? ShapeColumn::Kind::float4 : ShapeColumn::Kind::float8,
                                      source};
}

/// The same, of numbers that mostly are whole ones.
void add_count(RowShape* shape, Form_pg_attribute column, const double* source) {
    if (column->atttypid != INT8OID) {
        if (column->atttypid != FLOAT8OID && column->atttypid != FLOAT4OID)
            wrong_type(shape, column, "float8, real or bigint");
        return add_number(shape, column, source);
    }
    shape->columns[shape->count++] = {column->attnum, ShapeColumn::Kind::whole, source};
}

void add_key(RowShape* shape, Form_pg_attribute column, ShapeColumn::Kind kind, Oid type, const char* type_name) {
    if (column->atttypid != type) wrong_type(shape, column, type_name);
    shape->columns[shape->count++] = {column->attnum, kind, nullptr};
}

/// The columns that do not depend on parameters; false if the name is none of them.
bool add_plain_column(RowShape* shape, Form_pg_attribute column, ShapeUse use) {
    const char* name = NameStr(column->attname);
    if (use == ShapeUse::stored && (key_part(name) >= 0 || strcmp(name, "bars") == 0)) require_writable(shape, column);
    const Candles& candles = shape->plan->candles();
    if (strcmp(name, "instrument_id") == 0)
        add_key(shape, column, ShapeColumn::Kind::instrument_id, INT4OID, "integer");
    else if (strcmp(name, "timeframe") == 0)
        add_key(shape, column, ShapeColumn::Kind::timeframe, TEXTOID, "text");
    else if (strcmp(name, "ts") == 0) {
        add_key(shape, column, ShapeColumn::Kind::int8, TIMESTAMPTZOID, "timestamp with time zone");
        shape->columns[shape->count - 1].source = shape->candles.ts;
    } else if (strcmp(name, "bars") == 0) {
        add_key(shape, column, ShapeColumn::Kind::int8, INT8OID, "bigint");
        shape->columns[shape->count - 1].source = shape->candles.bars;
    } else if (use == ShapeUse::stored)
        return false;
    else if (strcmp(name, "open") == 0)
        add_number(shape, column, candles.open);
    else if (strcmp(name, "high") == 0)
        add_number(shape, column, candles.high);
    else if (strcmp(name, "low") == 0)
        add_number(shape, column, candles.low);
    else if (strcmp(name, "close") == 0)
        add_number(shape, column, candles.close);
    else if (strcmp(name, "volume") == 0)
        add_count(shape, column, candles.volume);
    else if (strcmp(name, "oi") == 0)
        add_count(shape, column, shape->candles.oi);
    else
        return false;
    return true;
}

/// Says, once a session, that a name only looks like an indicator's: ema34.
void notice_near_name(const RowShape* shape, const char* column) {
    struct Said {
        const char* column;
        Said* next;
    };
    static constinit Said* said = nullptr;
    const NearColumnName near = near_column_name(column);
    if (!*near.text) return;
    for (const Said* one = said; one; one = one->next)
        if (strcmp(one->column, column) == 0) return;
    said = new (MemoryContextAlloc(TopMemoryContext, sizeof(Said)))
        Said{MemoryContextStrdup(TopMemoryContext, column), said};
    ereport(NOTICE, (errmsg("column \"%s\" of %s is left alone, its name is no indicator", column, shape->name),
                     errhint("If %s was meant, rename the column.", near.text)));
}

void add_indicator(RowShape* shape, Form_pg_attribute column) {
    ColumnName name;
    Reason reason;
    switch (parse_column_name(NameStr(column->attname), name, reason)) {
        case NameKind::other:
            notice_near_name(shape, NameStr(column->attname));
            return;
        case NameKind::impossible:
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("column \"%s\" of %s cannot be computed", NameStr(column->attname), shape->name),
                            errdetail("%s", reason.text),
                            errhint("Rename or drop the column; a name that is no indicator is left alone.")));
        case NameKind::indicator:
            require_writable(shape, column);
            add_number(shape, column, shape->plan->column(name));
            note_indicator(shape, NameStr(column->attname));
    }
}

}  // namespace

RowShape* compile_shape(TupleDesc desc, const char* name, ShapeUse use, const char* first) {
    static_assert(std::is_trivially_destructible_v<Plan> && std::is_trivially_destructible_v<Arena>);
    Arena& arena = *new (palloc(sizeof(Arena))) Arena(allocate_in_context, nullptr);
    auto* shape = static_cast<RowShape*>(palloc0(sizeof(RowShape)));
    shape->desc = desc;
    shape->name = name;
    shape->plan = new (palloc(sizeof(Plan))) Plan(arena, block_capacity);
    shape->candles = {arena.array<int64>(block_capacity), arena.array<int64>(block_capacity),
                      arena.array<double>(block_capacity)};
    shape->columns = arena.array<ShapeColumn>(desc->natts);
    shape->indicators = "";

    for_each_name(first, [&](std::string_view one) {
        ColumnName indicator;
        Reason reason;
        if (parse_column_name(one, indicator, reason) != NameKind::indicator) return;
        shape->plan->column(indicator);
        note_indicator(shape, pnstrdup(one.data(), one.size()));
    });
    bool has_ts = false;
    for (int i = 0; i < desc->natts; ++i) {
        Form_pg_attribute column = TupleDescAttr(desc, i);
        if (column->attisdropped) continue;
        has_ts |= strcmp(NameStr(column->attname), "ts") == 0;
        if (!add_plain_column(shape, column, use)) add_indicator(shape, column);
    }
    if (!has_ts)
        ereport(ERROR,
                (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("%s has no column \"ts\"", name),
                 errdetail("Each row is the candle that starts at ts."), errhint("Add a column \"ts timestamptz\".")));
    shape->plan->ready();
    return shape;
}

const char* columns_of(const RowShape* shape) {
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfo(&text, "%s|%d", shape->indicators, shape->desc->natts);
    for_each_name(shape->indicators, [&](std::string_view name) {
        AttrNumber place = 0;
        for (int i = 0; i < shape->desc->natts; ++i) {
            Form_pg_attribute column = TupleDescAttr(shape->desc, i);
            if (!column->attisdropped && name == NameStr(column->attname)) place = column->attnum;
        }
        appendStringInfo(&text, " %d", place);
    });
    return text.data;
}

const char* indicators_in(const char* columns) {
    const char* bar = strchr(columns, '|');
    return bar ? pnstrdup(columns, static_cast<Size>(bar - columns)) : pstrdup(columns);
}

List* renamed_since(const RowShape* shape, const char* columns) {
    const char* bar = strchr(columns, '|');
    if (!bar) return NIL;
    const char* indicators = indicators_in(columns);
    List* renamed = NIL;
    for (int c = 0; c < shape->count; ++c) {
        const AttrNumber attno = shape->columns[c].attno;
        char* name = NameStr(TupleDescAttr(shape->desc, attno - 1)->attname);
        if (!is_among(name, shape->indicators)) continue;
        char* places = const_cast<char*>(bar + 1);
        const long known = strtol(places, &places, 10);
        long was = 0;
        for_each_name(indicators, [&](std::string_view one) {
            const long place = strtol(places, &places, 10);
            if (one == name) was = place;
        });
        if (attno <= known && attno != was) renamed = lappend(renamed, name);
    }
    return renamed;
}

bool are_among(const char* indicators, const char* others) {
    bool all = true;
    for_each_name(indicators, [&](std::string_view one) { all &= is_among(one, others); });
    return all;
}

}  // namespace pg_candle
