#include "backend/bulk_insert.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "utils/acl.h"
#include "utils/rls.h"
}

namespace pg_candle {
namespace {

constexpr Size batch_bytes = 512 * 1024;
constexpr int batch_rows = 1000;

/// NOT NULL columns that the rows do not always fill, or CHECKs: then every row goes through ExecConstraints.
bool needs_checks(Relation table) {
    const TupleConstr* constraints = RelationGetDescr(table)->constr;
    if (!constraints) return false;
    if (constraints->num_check > 0) return true;
    for (int i = 0; i < RelationGetDescr(table)->natts; ++i) {
        Form_pg_attribute column = TupleDescAttr(RelationGetDescr(table), i);
        const char* name = NameStr(column->attname);
        const bool key = strcmp(name, "instrument_id") == 0 || strcmp(name, "timeframe") == 0 || strcmp(name, "ts") == 0;
        if (column->attnotnull && !column->attisdropped && !key) return true;
    }
    return false;
}

}  // namespace

bool can_bulk_insert(Relation table, const bool* filled) {
    const Form_pg_class form = table->rd_rel;
    if (form->relkind != RELKIND_RELATION || form->relispartition || form->relhassubclass || form->relhastriggers ||
        form->relhasrules)
        return false;
    const Oid relation = RelationGetRelid(table);
    if (check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED) return false;
    if (pg_class_aclcheck(relation, GetUserId(), ACL_INSERT) != ACLCHECK_OK) return false;  // column grants, or none
    for (int i = 0; i < RelationGetDescr(table)->natts; ++i) {
        Form_pg_attribute column = TupleDescAttr(RelationGetDescr(table), i);
        if (column->attisdropped || filled[i]) continue;
        if (column->atthasdef || column->attidentity || column->attgenerated) return false;
        if (get_typtype(column->atttypid) == TYPTYPE_DOMAIN) return false;  // may forbid NULL
    }
    return true;
}

BulkInsert::BulkInsert(Relation table, Size room)
    : table_(table), room_(room), check_constraints_(needs_checks(table)), estate_(CreateExecutorState()) {
    target_ = makeNode(ResultRelInfo);
    InitResultRelInfo(target_, table, 0, nullptr, 0);
    ExecOpenIndices(target_, false);
    capacity_ = static_cast<int>(Min(Max(batch_bytes / room, 16), batch_rows));
    tuples_ = static_cast<HeapTupleData*>(palloc0(sizeof(HeapTupleData) * capacity_));
    space_ = static_cast<char*>(palloc(room * capacity_));
    slots_ = static_cast<TupleTableSlot**>(palloc(sizeof(TupleTableSlot*) * capacity_));
    for (int i = 0; i < capacity_; ++i) {
        slots_[i] = MakeSingleTupleTableSlot(RelationGetDescr(table), &TTSOpsHeapTuple);
        slots_[i]->tts_tableOid = RelationGetRelid(table);
    }
}

void BulkInsert::add() {
    tuples_[count_].t_tableOid = RelationGetRelid(table_);
    ++count_;
    if (count_ == capacity_) flush();
}

void BulkInsert::flush() {
    if (count_ == 0) return;
    CHECK_FOR_INTERRUPTS();
    MemoryContext caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate_));
    for (int i = 0; i < count_; ++i) {
        ExecStoreHeapTuple(&tuples_[i], slots_[i], false);
        if (check_constraints_) ExecConstraints(target_, slots_[i], estate_);
    }
    // Without a BulkInsertState: its small ring of buffers would make this backend write the pages out itself, and whoever
    // computes indicators is about to read them.
    table_multi_insert(table_, slots_, count_, GetCurrentCommandId(true), 0, nullptr);
    for (int i = 0; i < count_; ++i) {
        if (target_->ri_NumIndices > 0) compat::insert_index_tuples(target_, slots_[i], estate_);
        ExecClearTuple(slots_[i]);
    }
    MemoryContextSwitchTo(caller);
    ResetPerTupleExprContext(estate_);
    count_ = 0;
}

void BulkInsert::close() {
    flush();
    for (int i = 0; i < capacity_; ++i) ExecDropSingleTupleTableSlot(slots_[i]);
    ExecCloseIndices(target_);
    table_finish_bulk_insert(table_, 0);
    FreeExecutorState(estate_);
}

}  // namespace pg_candle
