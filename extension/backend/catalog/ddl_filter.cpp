#include "backend/catalog/ddl_filter.hpp"

#include <cstring>

#include "backend/catalog/watched_tables.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "nodes/parsenodes.h"
}

namespace pg_candle {
namespace {

/// Whether a table has a name that matters, or is below another one, which may.
bool may_matter(RangeVar* relation) {
    if (!relation) return false;
    if (watched_by_name(relation->relname) || strcmp(relation->relname, log_name) == 0) return true;
    const Oid table = RangeVarGetRelid(relation, NoLock, true);
    return OidIsValid(table) && has_superclass(table);
}

bool may_matter(Node* statement) {
    switch (nodeTag(statement)) {
        case T_CreateStmt: {
            auto* create = castNode(CreateStmt, statement);
            return create->relation->relpersistence != RELPERSISTENCE_TEMP &&
                   (create->inhRelations != NIL || may_matter(create->relation));
        }
        case T_CreateTableAsStmt:
            return may_matter(castNode(CreateTableAsStmt, statement)->into->rel);
        case T_CreateTrigStmt:
            return may_matter(castNode(CreateTrigStmt, statement)->relation);
        case T_RuleStmt:
            return may_matter(castNode(RuleStmt, statement)->relation);
        case T_AlterTableStmt: {
            auto* alter = castNode(AlterTableStmt, statement);
            ListCell* cell;
            foreach (cell, alter->cmds) {
                const auto subtype = castNode(AlterTableCmd, lfirst(cell))->subtype;
                if (subtype == AT_AttachPartition || subtype == AT_DetachPartition ||
                    subtype == AT_DetachPartitionFinalize || subtype == AT_AddInherit || subtype == AT_DropInherit)
                    return true;
            }
            return may_matter(alter->relation);
        }
        default:
            return true;
    }
}

}  // namespace

bool may_matter(const EventTriggerData* data) {
    if (strcmp(data->event, "ddl_command_start") == 0) {
        if (!IsA(data->parsetree, DropStmt)) return false;
        ListCell* cell;
        foreach (cell, castNode(DropStmt, data->parsetree)->objects)
            if (strcmp(strVal(lfirst(cell)), "pg_candle") == 0) return true;
        return false;
    }
    return strcmp(data->event, "ddl_command_end") != 0 || may_matter(data->parsetree);
}

}  // namespace pg_candle
