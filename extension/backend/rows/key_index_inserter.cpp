#include "backend/rows/key_index_inserter.hpp"

#include "backend/postgres/settings.hpp"
#include "backend/rows/row_shape.hpp"

extern "C" {
#include "catalog/pg_am.h"
}

namespace pg_candle {
namespace {

/// A run has the whole page copied and compared for the log, which a few entries are not worth. Estimated: some 10 us
/// against 1.2 us for an entry by itself.
constexpr int min_batch = 8;
/// One run is short where a page is nearly full; several, where rows that follow each other do not in this index.
constexpr int max_small_batches = 2;

}  // namespace

KeyIndexInserter::KeyIndexInserter(ResultRelInfo* target)
    : target_(target),
      entries_(AllocSetContextCreate(CurrentMemoryContext, "pg_candle index entries", ALLOCSET_DEFAULT_SIZES)),
      parts_(static_cast<uint8*>(palloc0(sizeof(uint8) * INDEX_MAX_KEYS * (target->ri_NumIndices + 1)))),
      runs_(static_cast<BtreeLeafBatch**>(palloc0(sizeof(BtreeLeafBatch*) * (target->ri_NumIndices + 1)))),
      usable_(find_parts()) {}

/// False if an index needs more than the key.
bool KeyIndexInserter::find_parts() {
    TupleDesc row = RelationGetDescr(target_->ri_RelationDesc);
    for (int i = 0; i < target_->ri_NumIndices; ++i) {
        const IndexInfo* info = target_->ri_IndexRelationInfo[i];
        Relation index = target_->ri_IndexRelationDescs[i];
        if (info->ii_Expressions || info->ii_Predicate || info->ii_ExclusionOps || !info->ii_ReadyForInserts ||
            !index->rd_index->indimmediate)
            return false;
        for (int k = 0; k < info->ii_NumIndexAttrs; ++k) {
            const AttrNumber attno = info->ii_IndexAttrNumbers[k];
            const int part = attno < 1 ? -1 : key_part(NameStr(TupleDescAttr(row, attno - 1)->attname));
            if (part < 0) return false;
            parts_[i * INDEX_MAX_KEYS + k] = part;
        }
        if (compat::index_pages_proven && settings.bulk_index_entries && index->rd_rel->relam == BTREE_AM_OID)
            runs_[i] = new (palloc(sizeof(BtreeLeafBatch))) BtreeLeafBatch(target_->ri_RelationDesc, index);
    }
    return true;
}

void KeyIndexInserter::start(const Series& series) {
    key_[0] = Int32GetDatum(series.instrument_id);
    key_[1] = CStringGetTextDatum(series.timeframe);
}

void KeyIndexInserter::insert_into(int i, const TimestampTz* ts, TupleTableSlot** rows, int count) {
    IndexInfo* info = target_->ri_IndexRelationInfo[i];
    BtreeLeafBatch* run = runs_[i];
    Datum values[INDEX_MAX_KEYS];
    bool nulls[INDEX_MAX_KEYS] = {};
    const auto values_of = [&](int row) {
        key_[2] = TimestampTzGetDatum(ts[row]);
        for (int k = 0; k < info->ii_NumIndexAttrs; ++k) values[k] = key_[parts_[i * INDEX_MAX_KEYS + k]];
        return values;
    };
    int short_runs = 0;
    for (int row = 0; row < count; ++row) {
        CHECK_FOR_INTERRUPTS();
        MemoryContextReset(entries_);
        if (run && count - row >= min_batch && short_runs < max_small_batches) {
            const int first = row;
            run->begin(values_of(row));
            while (row < count && run->append(values_of(row), rows[row]->tts_tid)) ++row;
            run->end();
            if (row == count) break;
            short_runs = row - first < min_batch ? short_runs + 1 : 0;
        }
        index_insert(target_->ri_IndexRelationDescs[i], values_of(row), nulls, &rows[row]->tts_tid,
                     target_->ri_RelationDesc, info->ii_Unique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO, false, info);
    }
}

void KeyIndexInserter::insert(const TimestampTz* ts, TupleTableSlot** rows, int count) {
    MemoryContext caller = MemoryContextSwitchTo(entries_);
    for (int i = 0; i < target_->ri_NumIndices; ++i) insert_into(i, ts, rows, count);
    MemoryContextSwitchTo(caller);
}

}  // namespace pg_candle
