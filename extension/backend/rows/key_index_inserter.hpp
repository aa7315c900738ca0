#pragma once
#include "backend/catalog/tables.hpp"
#include "backend/postgres/compat.hpp"
#include "backend/rows/btree_leaf_batch.hpp"

namespace pg_candle {

/// The entries of new rows in the indexes of a table whose indexes are all on nothing but the key columns, which is all
/// that indicator_data comes with: they are made straight from the key, not from the tuple. Those of a B-tree get there
/// a page at a time (btree_leaf_batch.hpp). Lives in the memory context in which it was made.
class KeyIndexInserter {
public:
    /// `target`: with its indexes open.
    explicit KeyIndexInserter(ResultRelInfo* target);

    /// False where an index needs more than the key; then nothing may be inserted.
    bool usable() const { return usable_; }

    /// Says of which series the following rows are.
    void start(const Series& series);

    /// Inserts the entries of stored rows, whose `ts` ascend. A duplicate key is an error.
    void insert(const TimestampTz* ts, TupleTableSlot** rows, int count);

private:
    bool find_parts();
    void insert_into(int index, const TimestampTz* ts, TupleTableSlot** rows, int count);

    ResultRelInfo* target_;
    MemoryContext entries_;
    uint8* parts_;           // for each index, INDEX_MAX_KEYS places in key_
    BtreeLeafBatch** runs_;  // for each index, or nullptr if it is no B-tree
    bool usable_;
    Datum key_[3];  // instrument_id, timeframe, ts
};

}  // namespace pg_candle
