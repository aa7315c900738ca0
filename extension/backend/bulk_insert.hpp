#pragma once
#include "backend/compat.hpp"

namespace pg_candle {

/// Whether new rows may be put into the table past the executor: a plain local table of the user's, on which nothing that
/// the executor would do is defined (triggers, row security, generated or defaulted columns, partitions, rules, foreign keys).
/// `filled[attno - 1]` says which columns the rows bring; the others would be NULL.
bool can_bulk_insert(Relation table, const bool* filled);

/// Inserts tuples a page at a time, as COPY does: table_multi_insert, then the indexes in the same order.
/// Constraints are checked; a duplicate key is an error. Lives in the memory context in which it was made.
class BulkInsert {
public:
    /// `room`: bytes of the largest tuple.
    BulkInsert(Relation table, Size room);

    /// Where to form the next tuple. add() then takes it in, and writes when enough are there.
    HeapTuple tuple() { return &tuples_[count_]; }
    char* space() { return space_ + count_ * room_; }
    void add();

    void flush();
    void close();

private:
    Relation table_;
    Size room_;
    bool check_constraints_;
    EState* estate_;
    ResultRelInfo* target_;
    int capacity_;
    int count_ = 0;
    HeapTupleData* tuples_;
    char* space_;
    TupleTableSlot** slots_;
};

}  // namespace pg_candle
