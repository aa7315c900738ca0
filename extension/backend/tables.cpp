#include "backend/tables.hpp"

#include <algorithm>
#include <cstring>

#include "backend/cursor.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/namespace.h"
#include "storage/lmgr.h"
#include "utils/catcache.h"
}

namespace pg_candle {
namespace {

/// What a column holds, and so of which types it may be.
enum class Holds : uint8 {
    integer,
    whole,
    hash,
    number,
    text,
    letter,
    texts,
    integers,
    flag,
    bytes,
    date,
    clock,
    time
};

struct ColumnRule {
    const char* table;
    const char* column;
    Holds holds;
};

/// All columns that the backend reads or writes by name, but those of indicator_data that are computed (row_shape.hpp).
constexpr ColumnRule rules[] = {
    {"candle_data", "instrument_id", Holds::integer},
    {"candle_data", "timeframe", Holds::text},
    {"candle_data", "source", Holds::letter},
    {"candle_data", "ts", Holds::time},
    {"candle_data", "open", Holds::number},
    {"candle_data", "high", Holds::number},
    {"candle_data", "low", Holds::number},
    {"candle_data", "close", Holds::number},
    {"candle_data", "volume", Holds::number},
    {"candle_data", "oi", Holds::number},
    {"indicator_data", "instrument_id", Holds::integer},
    {"indicator_data", "timeframe", Holds::text},
    {"indicator_data", "ts", Holds::time},
    {"indicator_state", "instrument_id", Holds::integer},
    {"indicator_state", "timeframe", Holds::text},
    {"indicator_state", "computed_at", Holds::time},
    {"indicator_state", "computed_through", Holds::time},
    {"indicator_state", "verified_at", Holds::time},
    {"indicator_state", "signature", Holds::hash},
    {"indicator_state", "state", Holds::bytes},
    {"indicator_state", "failures", Holds::integer},
    {"indicator_state", "failed_at", Holds::time},
    {"indicator_state", "error", Holds::text},
    {"indicator_checkpoint", "instrument_id", Holds::integer},
    {"indicator_checkpoint", "timeframe", Holds::text},
    {"indicator_checkpoint", "ts", Holds::time},
    {"indicator_checkpoint", "bars", Holds::whole},
    {"indicator_checkpoint", "state", Holds::bytes},
    {"dropped_candles", "instrument_id", Holds::integer},
    {"dropped_candles", "timeframe", Holds::text},
    {"dropped_candles", "kept_from", Holds::time},
    {"dropped_candles", "bars", Holds::whole},
    {"dropped_candles", "dropped_at", Holds::time},
    {"dropped_candles", "state", Holds::bytes},
    {"candle_change", "consumer", Holds::text},
    {"candle_change", "instrument_id", Holds::integer},
    {"candle_change", "timeframe", Holds::text},
    {"candle_change", "earliest", Holds::time},
    {"refresh_run", "run_id", Holds::whole},
    {"refresh_run", "worker", Holds::integer},
    {"refresh_run", "pid", Holds::integer},
    {"refresh_run", "started_at", Holds::time},
    {"refresh_run", "updated_at", Holds::time},
    {"refresh_run", "ended_at", Holds::time},
    {"refresh_run", "series_total", Holds::integer},
    {"refresh_run", "series_done", Holds::integer},
    {"refresh_run", "series_failed", Holds::integer},
    {"refresh_run", "rows", Holds::whole},
    {"refresh_run", "instrument_id", Holds::integer},
    {"refresh_run", "timeframe", Holds::text},
    {"instrument_master", "instrument_id", Holds::integer},
    {"instrument_master", "segment", Holds::text},
    {"instrument_master", "trading_symbol", Holds::text},
    {"instrument_master", "listed_on", Holds::date},
    {"instrument_master", "expiry_date", Holds::date},
    {"watchlist", "instrument_id", Holds::integer},
    {"watchlist", "timeframes", Holds::texts},
    {"candle_coverage", "instrument_id", Holds::integer},
    {"candle_coverage", "timeframe", Holds::text},
    {"candle_coverage", "from_ts", Holds::time},
    {"candle_coverage", "to_ts", Holds::time},
    {"candle_coverage", "state", Holds::text},
    {"candle_coverage", "rows", Holds::whole},
    {"candle_coverage", "attempts", Holds::integer},
    {"candle_coverage", "checked_at", Holds::time},
    {"trading_calendar", "calendar", Holds::text},
    {"trading_calendar", "valid_from", Holds::date},
    {"trading_calendar", "opens", Holds::clock},
    {"trading_calendar", "closes", Holds::clock},
    {"trading_calendar", "weekly_off", Holds::integers},
    {"trading_calendar", "timezone", Holds::text},
    {"trading_calendar", "known_from", Holds::date},
    {"trading_calendar", "known_through", Holds::date},
    {"trading_holiday", "calendar", Holds::text},
    {"trading_holiday", "holiday", Holds::date},
    {"special_session", "calendar", Holds::text},
    {"special_session", "session_date", Holds::date},
    {"special_session", "opens", Holds::clock},
    {"special_session", "closes", Holds::clock},
    {"special_session", "kind", Holds::text},
};

bool can_hold(Holds holds, Oid type) {
    switch (holds) {
        case Holds::integer: return type == INT4OID || type == INT2OID;
        case Holds::whole: return type == INT8OID || type == INT4OID || type == INT2OID;
        case Holds::hash: return type == INT8OID;
        case Holds::number:
            return type == FLOAT8OID || type == FLOAT4OID || type == NUMERICOID || type == INT8OID || type == INT4OID ||
                   type == INT2OID;
        case Holds::text: return type == TEXTOID || type == VARCHAROID;
        case Holds::letter: return type == CHAROID || type == TEXTOID || type == VARCHAROID;
        case Holds::texts: return type == TEXTARRAYOID || type == VARCHARARRAYOID;
        case Holds::integers: return type == INT4ARRAYOID || type == INT2ARRAYOID;
        case Holds::flag: return type == BOOLOID;
        case Holds::bytes: return type == BYTEAOID;
        case Holds::date: return type == DATEOID;
        case Holds::clock: return type == TIMEOID || type == INTERVALOID;
        case Holds::time: return type == TIMESTAMPTZOID;
    }
    return false;
}

const char* name_of(Holds holds) {
    switch (holds) {
        case Holds::integer: return "integer";
        case Holds::whole:
        case Holds::hash: return "bigint";
        case Holds::number: return "a number";
        case Holds::text: return "text";
        case Holds::letter: return "\"char\"";
        case Holds::texts: return "text[]";
        case Holds::integers: return "integer[]";
        case Holds::flag: return "boolean";
        case Holds::bytes: return "bytea";
        case Holds::date: return "date";
        case Holds::clock: return "time";
        case Holds::time: return "timestamp with time zone";
    }
    return "";
}

/// The first column that is not as it should be, or null.
const ColumnRule* broken_column(Oid table, const char* name) {
    for (const ColumnRule& rule : rules) {
        if (strcmp(rule.table, name) != 0) continue;
        HeapTuple tuple = SearchSysCacheAttName(table, rule.column);
        if (!HeapTupleIsValid(tuple)) return &rule;
        const auto* column = reinterpret_cast<Form_pg_attribute>(GETSTRUCT(tuple));
        // Under a nondeterministic collation '1m' would equal '1M'.
        const bool right = can_hold(rule.holds, getBaseType(column->atttypid)) &&
                           !(rule.holds == Holds::text && OidIsValid(column->attcollation) &&
                             !get_collation_isdeterministic(column->attcollation));
        ReleaseSysCache(tuple);
        if (!right) return &rule;
    }
    return nullptr;
}

[[noreturn]] void refuse_column(Oid table, const char* qualified, const ColumnRule& rule) {
    const AttrNumber attno = get_attnum(table, rule.column);
    if (attno == InvalidAttrNumber)
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("table %s has no column \"%s\"", qualified, rule.column),
                 errdetail("It should hold %s.", name_of(rule.holds)),
                 errhint("Add the column, or rename the one that was meant.")));
    const Oid type = get_atttype(table, attno);
    if (!can_hold(rule.holds, getBaseType(type)))
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                        errmsg("column \"%s\" of table %s has type %s, not %s", rule.column, qualified,
                               format_type_be(type), name_of(rule.holds)),
                        errhint("Change its type: ALTER TABLE %s ALTER COLUMN %s TYPE ... USING ....", qualified,
                                quote_identifier(rule.column))));
    ereport(ERROR, (errcode(ERRCODE_INDETERMINATE_COLLATION),
                    errmsg("column \"%s\" of table %s has a nondeterministic collation", rule.column, qualified),
                    errhint("ALTER TABLE %s ALTER COLUMN %s TYPE text COLLATE \"C\";", qualified,
                            quote_identifier(rule.column))));
    pg_unreachable();
}

/// What is kept between two calls must be a table with rows of its own: they are locked, and asked who wrote them.
bool is_right_kind(Oid table, const char* name) {
    const char kind = get_rel_relkind(table);
    if (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE) return true;
    if (strcmp(name, "indicator_state") == 0 || strcmp(name, "indicator_checkpoint") == 0) return false;
    return kind == RELKIND_VIEW || kind == RELKIND_MATVIEW || kind == RELKIND_FOREIGN_TABLE;
}

/// Where else a table of this name is; null if nowhere, or in several places.
const char* other_place(Oid schema, const char* name) {
    const char* place = nullptr;
    int found = 0;
    CatCList* list = SearchSysCacheList1(RELNAMENSP, CStringGetDatum(name));
    for (int i = 0; i < list->n_members; ++i) {
        const auto* other = reinterpret_cast<Form_pg_class>(GETSTRUCT(&list->members[i]->tuple));
        if (other->relnamespace == schema || isTempNamespace(other->relnamespace)) continue;
        place = get_namespace_name(other->relnamespace);
        ++found;
    }
    ReleaseCatCacheList(list);
    return found == 1 ? place : nullptr;
}

[[noreturn]] void no_table(Oid schema, const char* name) {
    const char *here = get_namespace_name(schema), *there = other_place(schema, name);
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("table %s does not exist", quote_qualified_identifier(here, name)),
                    there ? errdetail("The tables stand in the schema of the extension. There is one in schema %s.",
                                      quote_identifier(there))
                          : 0,
                    there ? errhint("ALTER TABLE %s SET SCHEMA %s; or create it: SELECT %s();",
                                    quote_qualified_identifier(there, name), quote_identifier(here),
                                    quote_qualified_identifier(here, "create_candle_tables"))
                          : errhint("Create the candle tables first: SELECT %s();",
                                    quote_qualified_identifier(here, "create_candle_tables"))));
    pg_unreachable();
}

}  // namespace

Oid schema_of_function(FunctionCallInfo fcinfo) { return get_func_namespace(fcinfo->flinfo->fn_oid); }

Oid lock_table(Oid schema, const char* name) {
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        const Oid table = get_relname_relid(name, schema);
        if (!OidIsValid(table)) return InvalidOid;
        LockRelationOid(table, AccessShareLock);
        // While we waited, another table may have been put under the name.
        if (get_relname_relid(name, schema) == table) return table;
        UnlockRelationOid(table, AccessShareLock);
    }
}

Oid find_table(Oid schema, const char* name) {
    const Oid table = lock_table(schema, name);
    if (!OidIsValid(table)) no_table(schema, name);
    const char* qualified = quote_qualified_identifier(get_namespace_name(schema), name);
    if (!is_right_kind(table, name))
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("%s is no table", qualified),
                        errhint("Rename it, then create the candle tables: SELECT %s();",
                                quote_qualified_identifier(get_namespace_name(schema), "create_candle_tables"))));
    if (const ColumnRule* broken = broken_column(table, name)) refuse_column(table, qualified, *broken);
    return table;
}

bool table_problem(Oid schema, const char* name) {
    const Oid table = get_relname_relid(name, schema);
    return !OidIsValid(table) || !is_right_kind(table, name) || broken_column(table, name);
}

const char* table_name(Oid schema, const char* name) {
    find_table(schema, name);
    return quote_qualified_identifier(get_namespace_name(schema), name);
}

bool has_key(Relation table, const Key& key) {
    const char kind = table->rd_rel->relkind;
    if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE) return true;
    int columns = 0;
    while (key.columns[columns]) ++columns;
    bool found = false;
    List* indexes = RelationGetIndexList(table);
    ListCell* cell;
    foreach (cell, indexes) {
        HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
        if (!HeapTupleIsValid(tuple)) continue;
        const auto* index = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
        bool is_key = index->indisunique && index->indisvalid && index->indimmediate && index->indnkeyatts == columns &&
                      heap_attisnull(tuple, Anum_pg_index_indpred, nullptr);
        int seen = 0;
        for (int i = 0; is_key && i < columns; ++i) {
            const AttrNumber attno = index->indkey.values[i];
            const char* name = attno < 1 ? "" : NameStr(TupleDescAttr(RelationGetDescr(table), attno - 1)->attname);
            for (int part = 0; part < columns; ++part)
                if (strcmp(name, key.columns[part]) == 0) seen |= 1 << part;
        }
        ReleaseSysCache(tuple);
        found |= is_key && seen == (1 << columns) - 1;
    }
    list_free(indexes);
    return found;
}

void require_key(Relation table, const Key& key) {
    if (has_key(table, key)) return;
    const char* name =
        quote_qualified_identifier(get_namespace_name(RelationGetNamespace(table)), RelationGetRelationName(table));
    StringInfoData columns;
    initStringInfo(&columns);
    for (int i = 0; key.columns[i]; ++i) appendStringInfo(&columns, "%s%s", i > 0 ? ", " : "", key.columns[i]);
    ereport(
        ERROR,
        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
         errmsg("table %s has no unique key (%s)", name, columns.data),
         errdetail(
             "Without it a row could be there twice. A key that is deferrable, partial or not valid does not count."),
         errhint("ALTER TABLE %s ADD PRIMARY KEY (%s);", name, columns.data)));
}

void require_key(Oid table, const Key& key) {
    Relation relation = table_open(table, AccessShareLock);
    require_key(relation, key);
    table_close(relation, AccessShareLock);
}

void require_no_temporary_child(Oid table) {
    if (!has_subclass(table)) return;
    ListCell* cell;
    foreach (cell, find_all_inheritors(table, NoLock, nullptr))
        if (isTempNamespace(get_rel_namespace(lfirst_oid(cell))))
            ereport(ERROR,
                    (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                     errmsg("temporary table %s is a child of %s", quote_identifier(get_rel_name(lfirst_oid(cell))),
                            quote_identifier(get_rel_name(table))),
                     errdetail("Nobody else sees its rows, so nothing that is made of them is stored."),
                     errhint("ALTER TABLE %s NO INHERIT %s;", quote_identifier(get_rel_name(lfirst_oid(cell))),
                             quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)),
                                                        get_rel_name(table)))));
}

int key_part(const char* column) {
    constexpr const char* key[] = {"instrument_id", "timeframe", "ts"};
    for (int part = 0; part < 3; ++part)
        if (strcmp(column, key[part]) == 0) return part;
    return -1;
}

Timeframe require_timeframe(const char* text) {
    Timeframe timeframe;
    const char* reason = "";
    if (!parse_timeframe(text, timeframe, reason)) {
        const NearTimeframe meant = near_timeframe(text);
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("\"%s\" is not a timeframe", text),
                        errdetail("%s", reason),
                        *meant.text
                            ? errhint("Write %s.", meant.text)
                            : errhint("Timeframes are 1m 3m 5m 15m 30m 1h 4h 1d 1w 1mo and other minutes and hours.")));
    }
    return timeframe;
}

const char* timeframe_argument(FunctionCallInfo fcinfo, int argument) {
    if (PG_ARGISNULL(argument)) return nullptr;
    const char* timeframe = text_to_cstring(PG_GETARG_TEXT_PP(argument));
    require_timeframe(timeframe);
    return timeframe;
}

Series series_argument(FunctionCallInfo fcinfo) {
    require_argument(fcinfo, 0, "instrument_id");
    require_argument(fcinfo, 1, "the timeframe");
    return {PG_GETARG_INT32(0), timeframe_argument(fcinfo, 1)};
}

void require_argument(FunctionCallInfo fcinfo, int argument, const char* name) {
    if (PG_ARGISNULL(argument))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name)));
}

TimestampTz bound_argument(FunctionCallInfo fcinfo, int argument, TimestampTz open) {
    return PG_ARGISNULL(argument) ? open : PG_GETARG_TIMESTAMPTZ(argument);
}

void require_instrument(Oid schema, int32 instrument_id) {
    Oid types[] = {INT4OID};
    Datum values[] = {Int32GetDatum(instrument_id)};
    for (const char* table : {"instrument_master", "candle_data"}) {
        const char* query =
            psprintf("SELECT 1 FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1", table_name(schema, table));
        if (for_each_row(prepare_query(query, 1, types), values, nullptr, true, 1, [](const ResultRow&) {}) > 0) return;
    }
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("instrument %d does not exist", instrument_id),
                    errdetail("It has no candles and is not in instrument_master."),
                    errhint("Look it up by name: SELECT instrument_id('RELIANCE');")));
}

}  // namespace pg_candle
