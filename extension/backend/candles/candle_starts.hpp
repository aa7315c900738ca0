#pragma once
#include "backend/catalog/tables.hpp"

extern "C" {
#include "access/genam.h"
#include "access/skey.h"
#include "storage/buf.h"
}

namespace pg_candle {

/// The starts of a series' stored candles, in order, a block at a time. Straight from the primary key's index where
/// nothing stands in the way: a plain table whose candles the user may read. Otherwise (partitions, row security,
/// column grants, other keys) through the executor, which takes twice as long. Sees what the active snapshot sees.
/// Needs SPI.
class CandleStarts {
public:
    /// What it prepares is kept in `memory`.
    CandleStarts(Oid schema, MemoryContext memory) : schema_(schema), memory_(memory) {}

    /// Starts with the candles of [from, to).
    void open(const Series& series, TimestampTz from, TimestampTz to);

    /// The next block; 0 at the end.
    int read(const TimestampTz*& times);

    void close();

    static constexpr int capacity = 1024;

    /// Where the executor puts the rows; the base comes first.
    struct Receiver {
        DestReceiver base;
        int count;
        TimestampTz times[capacity];
    };

private:
    bool open_index();
    void begin_scan(int keys);
    int read_index();

    Oid schema_;
    MemoryContext memory_;
    SPIPlanPtr query_ = nullptr;
    Portal portal_ = nullptr;
    bool ended_ = false;
    TimestampTz to_;
    Relation table_ = nullptr, index_ = nullptr;
    ScanKeyData keys_[3];
    IndexScanDesc scan_ = nullptr;
    TupleTableSlot* slot_ = nullptr;
    Buffer visibility_ = InvalidBuffer;
    Receiver receiver_;
};

}  // namespace pg_candle
