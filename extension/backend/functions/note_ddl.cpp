// The event triggers: what DDL does to the candle tables is noted in candle_change, and new partitions and children get
// the triggers of the table that they are part of.
//
// It runs at the end of every statement that makes, alters or drops tables, whoever issues it; so it looks at the
// statement first, and nothing that goes wrong here stops it, but for a change of name that would break the extension.
#include <algorithm>
#include <cstring>

#include "backend/catalog/ddl_filter.hpp"
#include "backend/catalog/series_list.hpp"
#include "backend/freshness/ddl_effects.hpp"
#include "backend/postgres/exception_boundary.hpp"
#include "backend/postgres/spi.hpp"
#include "backend/postgres/subtransaction.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "commands/event_trigger.h"
#include "nodes/parsenodes.h"
}

namespace pg_candle {
namespace {

/// The extension's schema; invalid while it is not there.
Oid extension_schema() {
    Oid schema = InvalidOid;
    SPIPlanPtr plan = prepare_query(
        "SELECT extnamespace FROM pg_catalog.pg_extension WHERE extname OPERATOR(pg_catalog.=) 'pg_candle'", 0,
        nullptr);
    for_each_row(plan, nullptr, nullptr, false, 1, [&](const ResultRow& row) { schema = row.oid(1); });
    return schema;
}

class DdlNotes {
public:
    explicit DdlNotes(Oid schema) : schema_(schema) {}

    /// After a statement that made or altered something.
    void end_of_command(Node* statement) {
        if (IsA(statement, RenameStmt)) return renamed(castNode(RenameStmt, statement));
        if (IsA(statement, CreateTrigStmt)) return trigger_made(castNode(CreateTrigStmt, statement));
        if (IsA(statement, RuleStmt)) return rule_made(castNode(RuleStmt, statement));
        Oid* objects = nullptr;
        int count = 0, room = 0;
        SPIPlanPtr plan = prepare_query(
            "SELECT DISTINCT objid FROM pg_catalog.pg_event_trigger_ddl_commands()"
            " WHERE classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND objid IS NOT NULL",
            0, nullptr);
        for_each_row(plan, nullptr, nullptr, false, 0,
                     [&](const ResultRow& row) { append(objects, count, room) = row.oid(1); });
        for (int i = 0; i < count; ++i) {
            Oid root;
            const WatchedTable* watched = watched_of(schema_, objects[i], &root);
            if (objects[i] == get_relname_relid(log_name, schema_)) log_changed(statement, objects[i]);
            if (IsA(statement, AlterTableStmt)) altered(castNode(AlterTableStmt, statement), objects[i], watched);
            if (!watched) continue;
            if (IsA(statement, AlterObjectSchemaStmt)) appeared(root, *watched);
            if (watched->of_series && root != objects[i]) give_triggers(root, objects[i], *watched);
            if (root == objects[i] && IsA(statement, CreateStmt)) note_all(*watched);
        }
        if (IsA(statement, AlterObjectSchemaStmt)) moved_away(castNode(AlterObjectSchemaStmt, statement));
    }

    /// After a statement that dropped something: partitions and triggers of the log, or a table that matters.
    void dropped() {
        SPIPlanPtr plan = prepare_query(
            "SELECT object_type, address_names[1], address_names[2], address_names[3]"
            " FROM pg_catalog.pg_event_trigger_dropped_objects() WHERE NOT is_temporary AND object_type "
            "OPERATOR(pg_catalog.=) ANY ('{trigger,rule,table,view}'::pg_catalog.text[])",
            0, nullptr);
        bool timeframes = false, indicators = false;
        for_each_row(plan, nullptr, nullptr, false, 0, [&](const ResultRow& row) {
            const char *type = row.text(1), *place = row.text(2), *name = row.text(3), *last = row.text(4);
            // PostgreSQL 14 says of tables only that they are temporary, not of their triggers.
            if (place && strcmp(place, "pg_temp") == 0) return;
            const Oid namespace_id = place ? get_namespace_oid(place, true) : InvalidOid;
            if (namespace_id == schema_ && name && strcmp(name, log_name) == 0) {
                timeframes = indicators = true;
            } else if (strcmp(type, "trigger") == 0) {
                // Triggers of a partition that is dropped with them are all that tells of it.
                const Oid table = name ? get_relname_relid(name, namespace_id) : InvalidOid;
                Oid root;
                const WatchedTable* of = OidIsValid(table) ? watched_of(schema_, table, &root) : nullptr;
                if (OidIsValid(table) && !of) return;
                const char* trigger = last ? last : "";
                const bool of_candles = strncmp(trigger, "log_candle_", 11) == 0;
                timeframes |= of_candles || strncmp(trigger, "log_calendar_", 13) == 0 ||
                              strncmp(trigger, "log_instrument_", 15) == 0;
                indicators |= of_candles || strncmp(trigger, "log_indicator_", 14) == 0;
                // One that was somebody's own, and no foreign key's, may have changed what was written.
                if (of && of->of_series && strncmp(trigger, "log_", 4) != 0 &&
                    strncmp(trigger, "RI_ConstraintTrigger", 20) != 0) {
                    timeframes |= of->for_timeframes;
                    indicators |= of->for_indicators;
                }
            } else if (const WatchedTable* watched = watched_by_name(name); watched && namespace_id == schema_) {
                timeframes |= watched->for_timeframes;
                indicators |= watched->for_indicators;
            }
        });
        if (timeframes || indicators) note_all_series(schema_, timeframes, indicators);
    }

    void extension_goes() { note_all_series(schema_, true, false); }

private:
    void altered(AlterTableStmt* statement, Oid table, const WatchedTable* watched) {
        ListCell* cell;
        foreach (cell, statement->cmds) {
            const auto* command = castNode(AlterTableCmd, lfirst(cell));
            switch (command->subtype) {
                case AT_AttachPartition:
                    if (!watched) other_parent(castNode(PartitionCmd, command->def)->name);
                    if (watched && watched->of_series)
                        part_changed(castNode(PartitionCmd, command->def)->name, *watched, true);
                    break;
                case AT_DetachPartition:
                case AT_DetachPartitionFinalize:
                    if (!watched) other_parent(castNode(PartitionCmd, command->def)->name);
                    if (watched && watched->of_series)
                        part_changed(castNode(PartitionCmd, command->def)->name, *watched, false);
                    break;
                case AT_AddInherit:
                    if (watched && watched->of_series) {
                        Oid root;
                        if (!watched_of(schema_, RangeVarGetRelid(castNode(RangeVar, command->def), NoLock, true),
                                        &root))
                            note_all(*watched);
                        else
                            note_rows(schema_, table, *watched);
                    }
                    break;
                case AT_DropInherit: {
                    Oid root;
                    const WatchedTable* parent =
                        watched_of(schema_, RangeVarGetRelid(castNode(RangeVar, command->def), NoLock, true), &root);
                    if (parent && parent->of_series && !watched) left(table, *parent);
                    if (!parent && watched && watched->of_series) note_all(*watched);
                    break;
                }
                case AT_AddColumn:
                    if (watched && watched->has_column(castNode(ColumnDef, command->def)->colname)) note_all(*watched);
                    break;
                case AT_AlterColumnType:
                case AT_DropColumn:
                    if (watched && watched->has_column(command->name)) note_all(*watched);
                    break;
                case AT_ChangeOwner:
                    if (watched) note_all(*watched);
                    break;
                case AT_EnableTrig:
                case AT_EnableAlwaysTrig:
                case AT_EnableReplicaTrig:
                case AT_DisableTrig:
                case AT_EnableTrigAll:
                case AT_DisableTrigAll:
                case AT_EnableTrigUser:
                case AT_DisableTrigUser:
                    if (watched) note_all(*watched);
                    break;
                default:
                    break;
            }
        }
    }

    /// A part of the watched tables, or one of them, has become a part of another one, or is none any more: in between,
    /// its rows may have changed past the triggers.
    void other_parent(RangeVar* part) {
        Oid root;
        const WatchedTable* watched = watched_of(schema_, RangeVarGetRelid(part, NoLock, true), &root);
        if (watched && watched->of_series) note_all(*watched);
    }

    static bool leaves_rows(AlterTableType subtype) {
        for (const AlterTableType harmless :
             {AT_SetRelOptions, AT_ResetRelOptions, AT_SetStatistics, AT_SetStorage, AT_ClusterOn, AT_DropCluster,
              AT_AddIndex, AT_AddConstraint, AT_DropConstraint, AT_ColumnDefault, AT_SetNotNull, AT_DropNotNull})
            if (subtype == harmless) return true;
        return false;
    }

    /// The log may not be what it was: another one, rewritten, without its triggers for a while. Whatever is not in it
    /// any more is noted. If it was given to somebody else, its functions follow, since they write it as their owner.
    void log_changed(Node* statement, Oid log) {
        bool is_same = IsA(statement, AlterTableStmt), given = false;
        if (is_same) {
            ListCell* cell;
            foreach (cell, castNode(AlterTableStmt, statement)->cmds) {
                const auto subtype = castNode(AlterTableCmd, lfirst(cell))->subtype;
                is_same &= leaves_rows(subtype);
                given |= subtype == AT_ChangeOwner;
            }
        }
        if (!is_same) note_everything();
        if (!given) return;
        run_each_of(psprintf(
            "SELECT pg_catalog.format('ALTER FUNCTION %%s OWNER TO %%I', p.oid::pg_catalog.regprocedure, "
            "pg_catalog.pg_get_userbyid(c.relowner))"
            " FROM pg_catalog.pg_class c, pg_catalog.pg_proc p WHERE c.oid OPERATOR(pg_catalog.=) %u::pg_catalog.oid"
            " AND p.pronamespace OPERATOR(pg_catalog.=) %u::pg_catalog.oid AND p.proname OPERATOR(pg_catalog.=) ANY"
            " ('{log_candle_changes,log_indicator_changes,log_calendar_changes,log_instrument_changes,"
            "keep_candle_changes,check_watchlist,candle_timeframe_problem,is_candle_time_zone}'::pg_catalog.name[])"
            " AND p.proowner OPERATOR(pg_catalog.<>) c.relowner"
            " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid OPERATOR(pg_catalog.=) p.oid"
            " AND d.deptype OPERATOR(pg_catalog.=) 'e')",
            log, schema_));
    }

    void renamed(RenameStmt* statement) {
        if (statement->renameType == OBJECT_SCHEMA) {
            if (get_namespace_oid(statement->newname, true) != schema_) return;
            ereport(ERROR, (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
                            errmsg("schema %s cannot be renamed while pg_candle is in it",
                                   quote_identifier(statement->subname)),
                            errdetail("Functions of the extension name their schema."),
                            errhint("DROP EXTENSION pg_candle; rename it; CREATE EXTENSION pg_candle SCHEMA %s; SELECT "
                                    "%s(); The tables and all data stay.",
                                    quote_identifier(statement->newname),
                                    quote_qualified_identifier(statement->newname, "create_candle_tables"))));
        }
        if (!statement->relation) return;
        const bool is_table = statement->renameType == OBJECT_TABLE || statement->renameType == OBJECT_VIEW;
        RangeVar* now = castNode(RangeVar, copyObjectImpl(statement->relation));
        if (is_table) now->relname = statement->newname;
        const Oid table = RangeVarGetRelid(now, NoLock, true);
        if (!OidIsValid(table)) return;
        Oid root;
        const WatchedTable* watched = watched_of(schema_, table, &root);
        if (statement->renameType == OBJECT_COLUMN) {
            if (watched && (watched->has_column(statement->subname) || watched->has_column(statement->newname)))
                note_all(*watched);
        } else if (is_table) {
            if (watched && root == table) appeared(table, *watched);
            if (table == get_relname_relid(log_name, schema_)) note_everything();
            const WatchedTable* before = watched_by_name(statement->relation->relname);
            if (before && get_rel_namespace(table) == schema_) note_all(*before);
        } else if (statement->renameType == OBJECT_TRIGGER && watched) {
            note_all(*watched);
        }
        if (!is_table && table == get_relname_relid(log_name, schema_)) note_everything();
    }

    void trigger_made(CreateTrigStmt* statement) {
        Oid root;
        const WatchedTable* watched = watched_of(schema_, RangeVarGetRelid(statement->relation, NoLock, true), &root);
        if (watched && strncmp(statement->trigname, "log_", 4) == 0) note_all(*watched);
        if (strncmp(statement->trigname, "keep_changes_", 13) != 0) of_log(statement->relation);
    }

    void rule_made(RuleStmt* statement) { of_log(statement->relation); }

    /// What was put on the log may keep notes out of it.
    void of_log(RangeVar* table) {
        const Oid log = get_relname_relid(log_name, schema_);
        if (OidIsValid(log) && RangeVarGetRelid(table, NoLock, true) == log) note_everything();
    }

    void note_all(const WatchedTable& watched) {
        note_all_series(schema_, watched.for_timeframes, watched.for_indicators);
    }

    void note_everything() { note_all_series(schema_, true, true); }

    /// A table has come under a name that matters: its rows are news, and it has the triggers that the one before had.
    void appeared(Oid table, const WatchedTable& watched) {
        note_all(watched);
        if (!watched.of_series) return;
        SPIPlanPtr plan = prepare_query(
            psprintf("SELECT t.tgrelid FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid "
                     "OPERATOR(pg_catalog.=) t.tgfoid"
                     " WHERE p.pronamespace OPERATOR(pg_catalog.=) %u::pg_catalog.oid AND p.proname "
                     "OPERATOR(pg_catalog.=) '%s' AND t.tgrelid OPERATOR(pg_catalog.<>) %u::pg_catalog.oid"
                     " LIMIT 1",
                     schema_, watched.log_function(), table),
            0, nullptr);
        Oid model = InvalidOid;
        for_each_row(plan, nullptr, nullptr, false, 1, [&](const ResultRow& row) { model = row.oid(1); });
        if (OidIsValid(model)) copy_log_triggers(schema_, model, table, watched);
        ListCell* cell;
        foreach (cell, find_all_inheritors(table, NoLock, nullptr))
            if (lfirst_oid(cell) != table) copy_log_triggers(schema_, table, lfirst_oid(cell), watched);
    }

    void moved_away(AlterObjectSchemaStmt* statement) {
        const WatchedTable* watched = statement->relation ? watched_by_name(statement->relation->relname) : nullptr;
        if (watched) note_all(*watched);
    }

    /// A partition has come or gone, with its own below it.
    void part_changed(RangeVar* name, const WatchedTable& watched, bool came) {
        const Oid part = RangeVarGetRelid(name, NoLock, true);
        if (!OidIsValid(part)) return;
        if (!came) return left(part, watched);
        note_rows(schema_, part, watched);
        Oid root;
        ListCell* cell;
        if (watched_of(schema_, part, &root))
            foreach (cell, find_all_inheritors(part, NoLock, nullptr))
                copy_log_triggers(schema_, root, lfirst_oid(cell), watched);
    }

    void left(Oid part, const WatchedTable& watched) {
        note_rows(schema_, part, watched);
        ListCell* cell;
        foreach (cell, find_all_inheritors(part, NoLock, nullptr))
            drop_log_triggers(schema_, lfirst_oid(cell), watched);
    }

    void give_triggers(Oid root, Oid part, const WatchedTable& watched) {
        ListCell* cell;
        foreach (cell, find_all_inheritors(part, NoLock, nullptr))
            copy_log_triggers(schema_, root, lfirst_oid(cell), watched);
    }

    Oid schema_;
};

void note(const EventTriggerData* data) {
    SPI_connect();
    const Oid schema = extension_schema();
    if (OidIsValid(schema)) {
        DdlNotes notes(schema);
        if (strcmp(data->event, "ddl_command_start") == 0)
            notes.extension_goes();
        else if (strcmp(data->event, "sql_drop") == 0)
            notes.dropped();
        else
            notes.end_of_command(data->parsetree);
    }
    SPI_finish();
}

Datum note_ddl(FunctionCallInfo fcinfo) {
    if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("this function is for event triggers only")));
    const auto* data = reinterpret_cast<EventTriggerData*>(fcinfo->context);
    // Triggers that we create are DDL, too.
    static constinit bool at_work = false;
    if (at_work || !may_matter(data)) return Datum{0};
    at_work = true;
    ErrorData* volatile error = nullptr;
    PG_TRY();
    {
        error = try_in_subtransaction([&] { note(data); });
    }
    PG_FINALLY();
    { at_work = false; }
    PG_END_TRY();
    if (!error) return Datum{0};
    if (error->sqlerrcode == ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST) ReThrowError(error);
    ereport(
        WARNING,
        (errmsg("pg_candle could not note what this statement changed: %s", error->message),
         errhint(
             "Afterwards, CALL refresh_timeframes(force => true); and SELECT compute_indicators(verify => true);")));
    return Datum{0};
}

}  // namespace
}  // namespace pg_candle

extern "C" {
PG_FUNCTION_INFO_V1(pg_candle_note_ddl);
PGDLLEXPORT Datum pg_candle_note_ddl(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::note_ddl(fcinfo); });
}
}
