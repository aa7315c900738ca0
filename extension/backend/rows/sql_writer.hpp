#pragma once
#include "backend/catalog/tables.hpp"
#include "backend/rows/row_shape.hpp"

extern "C" {
#include "utils/queryenvironment.h"
#include "utils/tuplestore.h"
}

namespace pg_candle {

/// Runs a statement of ours on indicator_data, which the triggers that log the changes of others need not log.
uint64 execute_unlogged(SPIPlanPtr query, Datum* values);

/// Writes rows with INSERT .. ON CONFLICT DO UPDATE and DELETE, a batch at a time, so that everything that is defined
/// on the table happens: triggers, row security, partitions, generated columns. A batch reaches the statement as a
/// named tuplestore, as transition tables reach triggers: nothing is turned into text or arrays. Columns outside the
/// shape are not touched. Lives in the memory context in which it was made.
class SqlWrite {
public:
    SqlWrite(const char* table, const RowShape* shape);
    /// The row's values for the shape's columns, in their order.
    void put(Datum* values, bool* nulls);
    /// Rows of one series only until the next flush().
    void remove(const Series& series, TimestampTz ts);
    void flush();

    /// Rows inserted, changed or deleted so far.
    int64 written() const { return written_; }

    /// Rows that were put or removed but did not arrive: a trigger or a policy of the table's held them back.
    int64 suppressed() const { return sent_ - written_; }

private:
    void flush_rows();
    void flush_removed();
    void empty_rows();

    Series series_{};
    MemoryContext memory_;
    TupleDesc desc_;
    EphemeralNamedRelation batch_;
    Tuplestorestate* rows_ = nullptr;
    SPIPlanPtr upsert_;
    SPIPlanPtr delete_;
    int row_count_ = 0;
    int removed_count_ = 0;
    Datum* removed_;
    int64 sent_ = 0;
    int64 written_ = 0;
};

}  // namespace pg_candle
