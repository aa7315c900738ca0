#include "backend/key_indexes.hpp"

#include "backend/index_turn.hpp"
#include "backend/row_shape.hpp"
#include "backend/series.hpp"

namespace pg_candle {
namespace {

// 256 KiB. What is new in a series is seldom more, and then goes in in parts.
constexpr int most_entries = 16384;

}  // namespace

KeyIndexes::KeyIndexes(ResultRelInfo* target, IndexTurn* turn)
    : target_(target), turn_(turn), memory_(CurrentMemoryContext),
      inserting_(AllocSetContextCreate(CurrentMemoryContext, "pg_candle index entry", ALLOCSET_SMALL_SIZES)), parts_(find_parts()) {}

uint8* KeyIndexes::find_parts() const {
    auto* parts = static_cast<uint8*>(palloc0(sizeof(uint8) * INDEX_MAX_KEYS * (target_->ri_NumIndices + 1)));
    TupleDesc row = RelationGetDescr(target_->ri_RelationDesc);
    for (int i = 0; i < target_->ri_NumIndices; ++i) {
        const IndexInfo* index = target_->ri_IndexRelationInfo[i];
        if (index->ii_Expressions || index->ii_Predicate || index->ii_ExclusionOps || !index->ii_ReadyForInserts ||
            !target_->ri_IndexRelationDescs[i]->rd_index->indimmediate)
            return nullptr;
        for (int k = 0; k < index->ii_NumIndexAttrs; ++k) {
            const AttrNumber attno = index->ii_IndexAttrNumbers[k];
            const int part = attno < 1 ? -1 : key_part(NameStr(TupleDescAttr(row, attno - 1)->attname));
            if (part < 0) return nullptr;
            parts[i * INDEX_MAX_KEYS + k] = part;
        }
    }
    return parts;
}

void KeyIndexes::start(const Series& series) {
    Assert(count_ == 0);
    key_[0] = Int32GetDatum(series.instrument_id);
    key_[1] = CStringGetTextDatum(series.timeframe);
}

void KeyIndexes::add(TimestampTz ts, const ItemPointerData& row) {
    if (count_ == most_entries) flush();
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    append(entries_, count_, room_) = {ts, row};
    MemoryContextSwitchTo(caller);
}

void KeyIndexes::flush() {
    if (count_ == 0) return;
    if (turn_) turn_->take(count_);
    MemoryContext caller = MemoryContextSwitchTo(inserting_);
    Datum values[INDEX_MAX_KEYS];
    bool nulls[INDEX_MAX_KEYS] = {};
    for (int e = 0; e < count_; ++e) {
        if (e % block_capacity == 0) {
            CHECK_FOR_INTERRUPTS();
            MemoryContextReset(inserting_);
        }
        key_[2] = TimestampTzGetDatum(entries_[e].ts);
        for (int i = 0; i < target_->ri_NumIndices; ++i) {
            IndexInfo* index = target_->ri_IndexRelationInfo[i];
            for (int k = 0; k < index->ii_NumIndexAttrs; ++k) values[k] = key_[parts_[i * INDEX_MAX_KEYS + k]];
            index_insert(target_->ri_IndexRelationDescs[i], values, nulls, &entries_[e].row, target_->ri_RelationDesc,
                         index->ii_Unique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO, false, index);
        }
    }
    MemoryContextSwitchTo(caller);
    if (turn_) turn_->give_back();
    count_ = 0;
}

}  // namespace pg_candle
