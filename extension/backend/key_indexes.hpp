#pragma once
#include "backend/compat.hpp"
#include "backend/tables.hpp"

namespace pg_candle {

/// The entries of new rows in the indexes of a table whose indexes are all on nothing but the key columns, which is all that
/// indicator_data comes with: they are made straight from the key, not from the tuple, and inserted for many rows at a time.
/// Lives in the memory context in which it was made.
class KeyIndexes {
public:
    /// `target`: with its indexes open. `turn`: shared with another process that stores; nullptr if there is none.
    KeyIndexes(ResultRelInfo* target, class IndexTurn* turn);

    /// False where an index needs more than the key; then nothing may be added.
    bool usable() const { return parts_ != nullptr; }

    /// Says of which series the following rows are. There must be no entry left of another one.
    void start(const Series& series);

    /// Takes a stored row in; its entries may follow later.
    void add(TimestampTz ts, const ItemPointerData& row);

    /// Inserts what is left. A duplicate key is an error.
    void flush();

private:
    struct Entry {
        TimestampTz ts;
        ItemPointerData row;
    };

    uint8* find_parts() const;

    ResultRelInfo* target_;
    class IndexTurn* turn_;
    MemoryContext memory_, inserting_;
    uint8* parts_;  // for each index, INDEX_MAX_KEYS places in key_
    Datum key_[3];  // instrument_id, timeframe, ts
    Entry* entries_ = nullptr;
    int count_ = 0, room_ = 0;
};

}  // namespace pg_candle
