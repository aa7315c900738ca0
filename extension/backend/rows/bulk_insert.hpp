#pragma once
#include "backend/postgres/compat.hpp"
#include "backend/rows/key_index_inserter.hpp"

namespace pg_candle {

/// Whether new rows may be put into the table past the executor: a plain local table of the user's, on which nothing
/// that the executor would do is defined (triggers other than those of the change log, row security, generated or
/// defaulted columns, partitions, rules, foreign keys). `filled[attno - 1]` says which columns the rows bring; the
/// others would be NULL.
bool can_bulk_insert(Relation table, const bool* filled);

/// Inserts tuples a page at a time, as COPY does: table_multi_insert, then the indexes in the same order.
/// Constraints are checked; a duplicate key is an error. Lives in the memory context in which it was made.
/// KeyIndexInserter adds the entries to the indexes; where there are others than it knows, the executor does.
class BulkInsert {
public:
    /// `room`: bytes of the largest tuple. `expect_concurrent_writers`: other processes insert a lot at the same time.
    BulkInsert(Relation table, Size room, bool expect_concurrent_writers);

    /// Says of which series the following tuples are.
    void start(const Series& series);

    /// Where to form the next tuple. add() then takes it in, and writes when enough are there.
    HeapTuple tuple() { return &tuples_[count_]; }
    char* space() { return space_ + count_ * room_; }
    void add(TimestampTz ts);

    /// Writes what was added.
    void flush();
    void close();

private:
    void add_own_pages(Size needed);
    void store_tuples();
    void give_pages_back();

    Relation table_;
    Size room_;
    bool beside_others_;
    bool check_constraints_;
    EState* estate_;
    ResultRelInfo* target_;
    int capacity_;
    int count_ = 0;
    // the page that is being filled, and the end of those that we have added
    BlockNumber own_page_ = 0, own_pages_end_ = 0;
    Size own_page_used_ = 0;
    HeapTupleData* tuples_;
    char* space_;
    TupleTableSlot** slots_;
    TimestampTz* ts_;
    KeyIndexInserter* key_indexes_;
};

}  // namespace pg_candle
