#pragma once
#include "backend/catalog/tables.hpp"
#include "backend/rows/row_shape.hpp"

namespace pg_candle {

/// The rows of a series that indicator_data holds, in order of ts, read ahead a block at a time.
class StoredRows {
public:
    /// The statement and the rows ahead live in `memory`.
    StoredRows(const char* table, const RowShape* shape, MemoryContext memory);

    /// Starts with the first row of the series that is not before `since`.
    void open(const Series& series, TimestampTz since);

    /// Whether there is a row; the others may only be called if so.
    bool present();
    TimestampTz ts() const;
    const Datum* values() const;  ///< of the shape's columns in their order
    const bool* nulls() const;
    void next() { ++at_; }

    void close();

    struct Receiver {
        DestReceiver base;
        int columns;
        int count;
        Datum* values;
        bool* nulls;
    };

private:
    SPIPlanPtr query_;
    Portal portal_ = nullptr;
    bool ended_ = false;
    int at_ = 0;
    Receiver receiver_;
};

}  // namespace pg_candle
