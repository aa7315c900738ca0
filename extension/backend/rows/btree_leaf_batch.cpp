#include "backend/rows/btree_leaf_batch.hpp"

extern "C" {
#include "storage/predicate.h"
}

namespace pg_candle {
namespace {

IndexTuple form_entry(Relation index, const Datum* values) {
    bool nulls[INDEX_MAX_KEYS] = {};
    return index_form_tuple(RelationGetDescr(index), const_cast<Datum*>(values), nulls);
}

}  // namespace

void BtreeLeafBatch::set_key(const Datum* values) {
    if (!key_) {
        MemoryContext caller = MemoryContextSwitchTo(memory_);
        key_ = _bt_mkscankey(index_, form_entry(index_, values));
        key_->scantid = nullptr;  // with the row's place, no two entries would be equal
        MemoryContextSwitchTo(caller);
    }
    for (int k = 0; k < key_->keysz; ++k) key_->scankeys[k].sk_argument = values[k];
}

void BtreeLeafBatch::begin(const Datum* values) {
    set_key(values);
    compat::search_leaf(table_, index_, key_, &buffer_);
    page_ = BufferGetPage(buffer_);
    has_dead_ = P_HAS_GARBAGE(compat::btree_opaque(page_));
    // The first item that is not less.
    place_ = P_FIRSTDATAKEY(compat::btree_opaque(page_));
    for (OffsetNumber end = OffsetNumberNext(PageGetMaxOffsetNumber(page_)); place_ < end;) {
        const OffsetNumber middle = place_ + (end - place_) / 2;
        if (compare(middle) > 0)
            place_ = OffsetNumberNext(middle);
        else
            end = middle;
    }
}

bool BtreeLeafBatch::append(const Datum* values, const ItemPointerData& row) {
    if (has_dead_) return false;
    IndexTuple entry = form_entry(index_, values);
    entry->t_tid = row;
    const Size size = MAXALIGN(IndexTupleSize(entry));
    if (PageGetFreeSpace(page_) < size) return false;

    set_key(values);
    const BTPageOpaque opaque = compat::btree_opaque(page_);
    if (place_ > P_FIRSTDATAKEY(opaque) && compare(OffsetNumberPrev(place_)) <= 0) return false;
    if (place_ <= PageGetMaxOffsetNumber(page_) ? compare(place_) >= 0 : !P_RIGHTMOST(opaque) && compare(P_HIKEY) >= 0)
        return false;

    if (!change_) {
        CheckForSerializableConflictIn(index_, nullptr, BufferGetBlockNumber(buffer_));
        change_ = GenericXLogStart(index_);
        page_ = GenericXLogRegisterBuffer(change_, buffer_, 0);
    }
    if (PageAddItem(page_, reinterpret_cast<Item>(entry), size, place_, false, false) == InvalidOffsetNumber)
        elog(ERROR, "could not add an entry to page %u of index \"%s\"", BufferGetBlockNumber(buffer_),
             RelationGetRelationName(index_));
    place_ = OffsetNumberNext(place_);
    return true;
}

void BtreeLeafBatch::end() {
    if (change_) GenericXLogFinish(change_);
    change_ = nullptr;
    UnlockReleaseBuffer(buffer_);
}

}  // namespace pg_candle
