#include "backend/catalog/tables.hpp"

#include <algorithm>
#include <cstring>

#include "backend/catalog/column_rules.hpp"
#include "backend/postgres/spi.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_rewrite.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteDefine.h"
#include "storage/lmgr.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
}

namespace pg_candle {
namespace {

/// Whether rows of the table are made by the backend alone, so that it is of no use where they cannot be.
bool is_written(const char* name) {
    constexpr const char* tables[] = {"candle_change", "dropped_candles", "indicator_state", "indicator_checkpoint",
                                      "refresh_run"};
    return std::any_of(std::begin(tables), std::end(tables), [&](const char* one) { return strcmp(one, name) == 0; });
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

const char* rule_name(Oid rule) {
    Relation rules = table_open(RewriteRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_rewrite_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(rule));
    SysScanDesc scan = systable_beginscan(rules, RewriteOidIndexId, true, nullptr, 1, &key);
    HeapTuple tuple = systable_getnext(scan);
    const char* name =
        HeapTupleIsValid(tuple) ? pstrdup(NameStr(reinterpret_cast<Form_pg_rewrite>(GETSTRUCT(tuple))->rulename)) : "";
    systable_endscan(scan);
    table_close(rules, AccessShareLock);
    return name;
}

/// A rule for statements that write, of a table that is none without one; null if there is none.
const char* writing_rule(Oid table) {
    const char* name = nullptr;
    Relation relation = table_open(table, AccessShareLock);
    const bool is_view = relation->rd_rel->relkind == RELKIND_VIEW;
    for (int i = 0; relation->rd_rules && !is_view && i < relation->rd_rules->numLocks; ++i) {
        const RewriteRule* rule = relation->rd_rules->rules[i];
        if (rule->event != CMD_SELECT && rule->enabled != RULE_DISABLED) name = rule_name(rule->ruleId);
    }
    table_close(relation, AccessShareLock);
    return name;
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
    require_columns(table, name, qualified, is_written(name));
    return table;
}

bool table_problem(Oid schema, const char* name) {
    const Oid table = get_relname_relid(name, schema);
    return !OidIsValid(table) || !is_right_kind(table, name) || !has_columns(table, name, is_written(name));
}

Oid find_written_table(Oid schema, const char* name) {
    const Oid table = find_table(schema, name);
    const char* qualified = quote_qualified_identifier(get_namespace_name(schema), name);
    require_columns(table, name, qualified, true);
    const char kind = get_rel_relkind(table);
    if (kind == RELKIND_FOREIGN_TABLE || kind == RELKIND_MATVIEW)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("%s cannot be written", qualified),
                        errdetail("It is a %s.", kind == RELKIND_MATVIEW ? "materialized view" : "foreign table")));
    if (const char* rule = writing_rule(table))
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("rule %s of %s is in the way", quote_identifier(rule), qualified),
                        errdetail("Rows are written with ON CONFLICT, and what was written is counted."),
                        errhint("A trigger can do what the rule does.")));
    return table;
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
