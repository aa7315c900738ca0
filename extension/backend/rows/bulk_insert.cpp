#include "backend/rows/bulk_insert.hpp"

#include "backend/catalog/change_capture.hpp"
#include "backend/rows/row_shape.hpp"

extern "C" {
#include "access/genam.h"
#include "catalog/pg_class.h"
#include "utils/acl.h"
#include "utils/rls.h"
}

namespace pg_candle {
namespace {

// Small enough to be read back from the cache, large enough for several pages.
constexpr Size batch_bytes = 96 * 1024;
constexpr int batch_rows = 1000;
constexpr int pages_at_once = 128;

/// NOT NULL columns that the rows do not always fill, or CHECKs: then every row goes through ExecConstraints.
bool needs_checks(Relation table) {
    const TupleConstr* constraints = RelationGetDescr(table)->constr;
    if (!constraints) return false;
    if (constraints->num_check > 0) return true;
    for (int i = 0; i < RelationGetDescr(table)->natts; ++i) {
        Form_pg_attribute column = TupleDescAttr(RelationGetDescr(table), i);
        if (column->attnotnull && !column->attisdropped && key_part(NameStr(column->attname)) < 0) return true;
    }
    return false;
}

/// Whether there are other triggers than those that note what others change.
bool has_triggers(Relation table) {
    const TriggerDesc* triggers = table->trigdesc;
    for (int i = 0; triggers && i < triggers->numtriggers; ++i)
        if (!is_log_function(triggers->triggers[i].tgfoid, "log_indicator_changes", RelationGetNamespace(table),
                             table->rd_rel->relowner))
            return true;
    return false;
}

}  // namespace

bool can_bulk_insert(Relation table, const bool* filled) {
    const Form_pg_class form = table->rd_rel;
    if (form->relkind != RELKIND_RELATION || table->rd_tableam != GetHeapamTableAmRoutine() || form->relispartition ||
        form->relhassubclass || has_triggers(table) || table->rd_rules)
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

BulkInsert::BulkInsert(Relation table, Size room, bool expect_concurrent_writers)
    : table_(table),
      room_(room),
      beside_others_(expect_concurrent_writers),
      check_constraints_(needs_checks(table)),
      estate_(CreateExecutorState()) {
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
    ts_ = static_cast<TimestampTz*>(palloc(sizeof(TimestampTz) * capacity_));
    key_indexes_ = new (palloc(sizeof(KeyIndexInserter))) KeyIndexInserter(target_);
}

void BulkInsert::start(const Series& series) {
    flush();
    key_indexes_->start(series);
}

void BulkInsert::add(TimestampTz ts) {
    tuples_[count_].t_tableOid = RelationGetRelid(table_);
    ts_[count_] = ts;
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
    store_tuples();
    if (key_indexes_->usable())
        key_indexes_->insert(ts_, slots_, count_);
    else
        for (int i = 0; i < count_; ++i) compat::insert_index_tuples(target_, slots_[i], estate_);
    for (int i = 0; i < count_; ++i) ExecClearTuple(slots_[i]);
    MemoryContextSwitchTo(caller);
    ResetPerTupleExprContext(estate_);
    count_ = 0;
}

/// Brings pages of its own, unless there are some that others have left.
void BulkInsert::add_own_pages(Size needed) {
    if (GetPageWithFreeSpace(table_, needed) != InvalidBlockNumber) return;
    const BlockNumber first = compat::add_pages(table_, pages_at_once);
    if (first == InvalidBlockNumber) return;
    own_page_ = first;
    own_pages_end_ = first + pages_at_once;
    own_page_used_ = 0;
}

/// Rows go where PostgreSQL finds room. Only who writes many beside others fills pages of its own, one after the other;
/// otherwise they meet at each page, and sleep each time that they meet at the end of the table.
void BulkInsert::store_tuples() {
    constexpr Size usable = BLCKSZ - SizeOfPageHeaderData;
    const auto size = [&](int i) { return MAXALIGN(tuples_[i].t_len) + sizeof(ItemIdData); };
    // Without a BulkInsertState: its small ring of buffers would make this backend write the pages out itself, and
    // whoever computes indicators is about to read them.
    const auto insert = [&](int from, int to) {
        table_multi_insert(table_, slots_ + from, to - from, GetCurrentCommandId(true), 0, nullptr);
    };
    const bool many = beside_others_ && count_ == capacity_;
    int from = 0;
    while (from < count_) {
        if (many && own_page_ == own_pages_end_) add_own_pages(usable - size(from));
        if (own_page_ == own_pages_end_) return insert(from, count_);
        int to = from;
        while (to < count_ && own_page_used_ + size(to) <= usable) own_page_used_ += size(to++);
        if (to > from) {
            RelationSetTargetBlock(table_, own_page_);
            insert(from, to);
            from = to;
        }
        if (from < count_) {
            ++own_page_;
            own_page_used_ = 0;
        }
    }
}

/// Leaves the pages that were not filled to whoever writes next.
void BulkInsert::give_pages_back() {
    if (own_page_ == own_pages_end_) return;
    for (BlockNumber page = own_page_ + 1; page < own_pages_end_; ++page)
        RecordPageWithFreeSpace(table_, page, BLCKSZ - SizeOfPageHeaderData);
    FreeSpaceMapVacuumRange(table_, own_page_, own_pages_end_);
}

void BulkInsert::close() {
    flush();
    give_pages_back();
    for (int i = 0; i < capacity_; ++i) ExecDropSingleTupleTableSlot(slots_[i]);
    ExecCloseIndices(target_);
    table_finish_bulk_insert(table_, 0);
    FreeExecutorState(estate_);
}

}  // namespace pg_candle
