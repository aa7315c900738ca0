#include "backend/catalog/change_capture.hpp"

#include <cstring>

#include "backend/catalog/tables.hpp"
#include "backend/postgres/detaching.hpp"
#include "kernels/column_name.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_event_trigger.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
}

namespace pg_candle {
namespace {

/// How often something changed in the catalogs that matter here, as far as this process has heard.
constinit uint64 catalog_changes = 1;

void on_relation_change(Datum, Oid) { ++catalog_changes; }
void on_catalog_change(Datum, int, uint32) { ++catalog_changes; }

void listen_to_catalogs() {
    static constinit bool listening = false;
    if (listening) return;
    CacheRegisterRelcacheCallback(on_relation_change, Datum{0});
    CacheRegisterSyscacheCallback(PROCOID, on_catalog_change, Datum{0});
    CacheRegisterSyscacheCallback(EVENTTRIGGEROID, on_catalog_change, Datum{0});
    listening = true;
}

class Hash {
public:
    void add(uint64 number) { value_ = hash_combine64(value_, hash_bytes_extended_of(number)); }
    void add(HeapTuple row) { add(HeapTupleHeaderGetRawXmin(row->t_data)); }
    void add(const char* text) {
        value_ = hash_combine64(value_, DatumGetUInt64(hash_any_extended(reinterpret_cast<const unsigned char*>(text),
                                                                         static_cast<int>(strlen(text)), 0)));
    }
    uint64 value() const { return value_; }

private:
    static uint64 hash_bytes_extended_of(uint64 number) {
        return DatumGetUInt64(hash_any_extended(reinterpret_cast<const unsigned char*>(&number), sizeof number, 0));
    }
    uint64 value_ = 0;
};

Oid owner_of(Oid table) {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
    if (!HeapTupleIsValid(tuple)) return InvalidOid;
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return owner;
}

/// Whether that is the log's function: of that name, in the schema, and the table owner's own.
bool is_log_function(Oid function, const char* name, Oid schema, Oid owner, Hash* hash) {
    HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(tuple)) return false;
    const auto* procedure = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
    const bool is = procedure->pronamespace == schema && procedure->proowner == owner &&
                    strcmp(NameStr(procedure->proname), name) == 0;
    if (is && hash) hash->add(tuple);
    ReleaseSysCache(tuple);
    return is;
}

/// Whether the statements on the table that matter reach the log: all four kinds, or, of instruments, those that give
/// one other sessions.
bool triggers_complete(Oid table, const char* function, Oid schema, Oid owner, Hash* hash, bool removals = true) {
    bool inserts = false, updates = false, deletes = !removals, truncates = !removals;
    Relation triggers = table_open(TriggerRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
    SysScanDesc scan = systable_beginscan(triggers, TriggerRelidNameIndexId, true, nullptr, 1, &key);
    while (HeapTuple tuple = systable_getnext(scan)) {
        const auto* trigger = reinterpret_cast<Form_pg_trigger>(GETSTRUCT(tuple));
        if (trigger->tgisinternal || !is_log_function(trigger->tgfoid, function, schema, owner, hash)) continue;
        if (hash) {
            hash->add(tuple);
            hash->add(static_cast<uint64>(trigger->oid));
            hash->add(static_cast<uint64>(trigger->tgenabled));
        }
        const bool fires = trigger->tgenabled == TRIGGER_FIRES_ON_ORIGIN || trigger->tgenabled == TRIGGER_FIRES_ALWAYS;
        if (!fires || TRIGGER_FOR_ROW(trigger->tgtype) || trigger->tgattr.dim1 > 0) continue;
        inserts |= TRIGGER_FOR_INSERT(trigger->tgtype);
        updates |= TRIGGER_FOR_UPDATE(trigger->tgtype);
        deletes |= TRIGGER_FOR_DELETE(trigger->tgtype);
        truncates |= TRIGGER_FOR_TRUNCATE(trigger->tgtype);
    }
    systable_endscan(scan);
    table_close(triggers, AccessShareLock);
    return inserts && updates && deletes && truncates;
}

/// The columns that are computed with, or computed.
void add_columns(Hash& hash, Oid table, bool candles) {
    constexpr const char* of_candles[] = {"instrument_id", "timeframe", "ts",     "open", "high",
                                          "low",           "close",     "volume", "oi"};
    const auto matters = [&](const char* name) {
        if (!candles) {
            ColumnName column;
            Reason reason;
            return key_part(name) >= 0 || strcmp(name, "bars") == 0 ||
                   parse_column_name(name, column, reason) != NameKind::other;
        }
        for (const char* one : of_candles)
            if (strcmp(name, one) == 0) return true;
        return false;
    };
    for (AttrNumber attno = 1;; ++attno) {
        HeapTuple tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(table), Int16GetDatum(attno));
        if (!HeapTupleIsValid(tuple)) break;
        const auto* column = reinterpret_cast<Form_pg_attribute>(GETSTRUCT(tuple));
        if (!column->attisdropped && matters(NameStr(column->attname))) {
            hash.add(NameStr(column->attname));
            hash.add(static_cast<uint64>(attno));
            hash.add(static_cast<uint64>(column->atttypid));
            hash.add(tuple);
        }
        ReleaseSysCache(tuple);
    }
}

/// Whether somebody has put a rule or a trigger on the log, which may keep notes out of it.
bool has_foreign_hands(Oid log, Oid schema) {
    Relation table = table_open(log, AccessShareLock);
    bool found = table->rd_rules != nullptr;
    for (int i = 0; table->trigdesc && i < table->trigdesc->numtriggers; ++i) {
        const Trigger& trigger = table->trigdesc->triggers[i];
        found |= !trigger.tgisinternal && trigger.tgenabled != TRIGGER_DISABLED &&
                 !is_log_function(trigger.tgfoid, "keep_candle_changes", schema, table->rd_rel->relowner, nullptr);
    }
    table_close(table, AccessShareLock);
    return found;
}

/// Whether rows of the table, or of what is below it, can be changed through a table that is not: statement triggers
/// fire for the table that a statement names only.
bool has_other_parents(List* tree) {
    bool found = false;
    Relation inherits = table_open(InheritsRelationId, AccessShareLock);
    ListCell* cell;
    foreach (cell, tree) {
        ScanKeyData key;
        ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ,
                    ObjectIdGetDatum(lfirst_oid(cell)));
        SysScanDesc scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, nullptr, 1, &key);
        while (HeapTuple tuple = systable_getnext(scan))
            found |= !list_member_oid(tree, reinterpret_cast<Form_pg_inherits>(GETSTRUCT(tuple))->inhparent);
        systable_endscan(scan);
    }
    table_close(inherits, AccessShareLock);
    return found;
}

/// Whether the event triggers are there that look after partitions and children.
bool event_triggers_complete(Hash& hash) {
    for (const char* name : {"pg_candle_ddl", "pg_candle_drop"}) {
        HeapTuple tuple = SearchSysCache1(EVENTTRIGGERNAME, CStringGetDatum(name));
        if (!HeapTupleIsValid(tuple)) return false;
        const auto* trigger = reinterpret_cast<Form_pg_event_trigger>(GETSTRUCT(tuple));
        const bool fires =
            trigger->evtenabled == TRIGGER_FIRES_ON_ORIGIN || trigger->evtenabled == TRIGGER_FIRES_ALWAYS;
        hash.add(tuple);
        ReleaseSysCache(tuple);
        if (!fires) return false;
    }
    return true;
}

ChangeCapture look(Oid schema) {
    Hash hash;
    const char* gap = nullptr;
    const auto missing = [&](const char* what) {
        if (!gap) gap = what;
    };
    hash.add(static_cast<uint64>(get_extension_oid("pg_candle", true)));
    const Oid log = lock_table(schema, "candle_change");
    // The functions write the log with their owner's rights, so all of it must be his (sql/tables/changes.sql).
    const Oid log_owner = owner_of(log);
    const char* not_his = "The tables and their log do not belong to one role, so nothing is noted.";
    if (!OidIsValid(log))
        missing("There is no table candle_change.");
    else if (get_rel_relkind(log) != RELKIND_RELATION && get_rel_relkind(log) != RELKIND_PARTITIONED_TABLE)
        missing("candle_change is no table.");
    else if (has_foreign_hands(log, schema))
        missing("candle_change has rules or triggers that are none of pg_candle's.");
    else if (get_rel_persistence(log) != RELPERSISTENCE_PERMANENT)
        missing("candle_change is unlogged, so a crash would forget changes.");
    for (const bool candles : {true, false}) {
        const char* function = candles ? "log_candle_changes" : "log_indicator_changes";
        const Oid root = lock_table(schema, candles ? "candle_data" : "indicator_data"), owner = owner_of(root);
        hash.add(static_cast<uint64>(root));
        if (owner != log_owner) missing(not_his);
        add_columns(hash, root, candles);
        const char kind = get_rel_relkind(root);
        if ((kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE) ||
            !triggers_complete(root, function, schema, owner, &hash))
            missing(candles ? "Not all triggers of candle_data that log changes are there and enabled."
                            : "Not all triggers of indicator_data that log changes are there and enabled.");
        if (!OidIsValid(root)) continue;
        List* tree = find_all_inheritors(root, NoLock, nullptr);
        if (has_other_parents(tree))
            missing("There is another table whose child or partition has candles or indicators.");
        if (!has_subclass(root)) continue;
        if (!event_triggers_complete(hash)) missing("The event triggers of the extension are disabled.");
        ListCell* cell;
        foreach (cell, tree) {
            const char part = get_rel_relkind(lfirst_oid(cell));
            if (is_detaching(lfirst_oid(cell)))
                missing(
                    "DETACH PARTITION .. CONCURRENTLY has not ended yet; if nobody is at it: DETACH PARTITION .. "
                    "FINALIZE.");
            if (lfirst_oid(cell) == root) continue;
            if (owner_of(lfirst_oid(cell)) != owner) missing(not_his);
            if ((part != RELKIND_RELATION && part != RELKIND_PARTITIONED_TABLE) ||
                !triggers_complete(lfirst_oid(cell), function, schema, owner, nullptr))
                missing("Not all partitions and children have the triggers that log changes.");
        }
    }
    const char* calendar_gap = nullptr;
    for (const char* name : {"trading_calendar", "trading_holiday", "special_session", "instrument_master"}) {
        const Oid table = lock_table(schema, name);
        if (!OidIsValid(table)) continue;  // whoever needs it says so
        const bool instruments = strcmp(name, "instrument_master") == 0;
        const char* function = instruments ? "log_instrument_changes" : "log_calendar_changes";
        if (owner_of(table) != log_owner)
            calendar_gap = not_his;
        else if (!triggers_complete(table, function, schema, log_owner, nullptr, !instruments))
            calendar_gap = "Not all triggers of calendars and instruments that log changes are there and enabled.";
    }
    return {hash.value(), gap == nullptr, gap, calendar_gap};
}

}  // namespace

void notice_log_gap(const char* gap) {
    ereport(NOTICE, (errmsg("everything is computed from the first candle, each time"), errdetail("%s", gap),
                     errhint("SELECT create_candle_tables(); creates triggers that are missing.")));
}

bool is_log_function(Oid function, const char* name, Oid schema, Oid owner) {
    return is_log_function(function, name, schema, owner, nullptr);
}

const ChangeCapture& change_capture(Oid schema) {
    static constinit ChangeCapture known{};
    static constinit Oid known_schema = InvalidOid;
    static constinit uint64 known_at = 0;
    listen_to_catalogs();
    if (known_schema != schema || known_at != catalog_changes) {
        // What arrives while we look makes us look again next time.
        const uint64 at = catalog_changes;
        known = look(schema);
        known_schema = schema;
        known_at = at;
    }
    return known;
}

}  // namespace pg_candle
