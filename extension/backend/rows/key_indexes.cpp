#include "backend/rows/key_indexes.hpp"

#include "backend/rows/row_shape.hpp"
#include "backend/postgres/settings.hpp"

extern "C" {
#include "catalog/pg_am.h"
}

namespace pg_candle {
namespace {

/// A run has the whole page copied and compared for the log, which a few entries are not worth. Estimated: some 10 us
/// against 1.2 us for an entry by itself.
constexpr int shortest_run = 8;
/// One run is short where a page is nearly full; several, where rows that follow each other do not in this index.
constexpr int most_short_runs = 2;

}  // namespace

KeyIndexes::KeyIndexes(ResultRelInfo* target)
    : target_(target),
      entries_(AllocSetContextCreate(CurrentMemoryContext, "pg_candle index entries", ALLOCSET_DEFAULT_SIZES)),
      parts_(static_cast<uint8*>(palloc0(sizeof(uint8) * INDEX_MAX_KEYS * (target->ri_NumIndices + 1)))),
      runs_(static_cast<LeafRun**>(palloc0(sizeof(LeafRun*) * (target->ri_NumIndices + 1)))),
      usable_(find_parts()) {}

/// False if an index needs more than the key.
bool KeyIndexes::find_parts() {
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
            runs_[i] = new (palloc(sizeof(LeafRun))) LeafRun(target_->ri_RelationDesc, index);
    }
    return true;
}

void KeyIndexes::start(const Series& series) {
    key_[0] = Int32GetDatum(series.instrument_id);
    key_[1] = CStringGetTextDatum(series.timeframe);
}

void KeyIndexes::insert_into(int i, const TimestampTz* ts, TupleTableSlot** rows, int count) {
    IndexInfo* info = target_->ri_IndexRelationInfo[i];
    LeafRun* run = runs_[i];
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
        if (run && count - row >= shortest_run && short_runs < most_short_runs) {
            const int first = row;
            run->begin(values_of(row));
            while (row < count && run->append(values_of(row), rows[row]->tts_tid)) ++row;
            run->end();
            if (row == count) break;
            short_runs = row - first < shortest_run ? short_runs + 1 : 0;
        }
        index_insert(target_->ri_IndexRelationDescs[i], values_of(row), nulls, &rows[row]->tts_tid,
                     target_->ri_RelationDesc, info->ii_Unique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO, false, info);
    }
}

void KeyIndexes::insert(const TimestampTz* ts, TupleTableSlot** rows, int count) {
    MemoryContext caller = MemoryContextSwitchTo(entries_);
    for (int i = 0; i < target_->ri_NumIndices; ++i) insert_into(i, ts, rows, count);
    MemoryContextSwitchTo(caller);
}

}  // namespace pg_candle
