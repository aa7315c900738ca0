#pragma once
#include "backend/compat.hpp"
#include "backend/tables.hpp"

namespace pg_candle {

/// Whether new rows may be put into the table past the executor: a plain local table of the user's, on which nothing that
/// the executor would do is defined (triggers other than those of the change log, row security, generated or defaulted
/// columns, partitions, rules, foreign keys).
/// `filled[attno - 1]` says which columns the rows bring; the others would be NULL.
bool can_bulk_insert(Relation table, const bool* filled);

/// Inserts tuples a page at a time, as COPY does: table_multi_insert, then the indexes in the same order.
/// Constraints are checked; a duplicate key is an error. Lives in the memory context in which it was made.
///
/// An index on nothing but the key columns, which is all that the table comes with, gets its entries straight from the key;
/// otherwise every tuple would be taken apart again for it. With any other index the executor does it.
class BulkInsert {
public:
    /// `room`: bytes of the largest tuple. `beside_others`: other processes are inserting a lot at the same time.
    BulkInsert(Relation table, Size room, bool beside_others);

    /// Says of which series the following tuples are.
    void start(const Series& series);

    /// Where to form the next tuple. add() then takes it in, and writes when enough are there.
    HeapTuple tuple() { return &tuples_[count_]; }
    char* space() { return space_ + count_ * room_; }
    void add(TimestampTz ts);

    void flush();
    void close();

private:
    bool find_key_indexes();
    void store_tuples();
    void insert_key_entries(int row);
    void give_pages_back();

    Relation table_;
    Size room_;
    bool beside_others_;
    bool check_constraints_;
    EState* estate_;
    ResultRelInfo* target_;
    int capacity_;
    int count_ = 0;
    BlockNumber own_page_ = 0, own_pages_end_ = 0;  // the page that is being filled, and the end of those that we have added
    Size own_page_used_ = 0;
    HeapTupleData* tuples_;
    char* space_;
    TupleTableSlot** slots_;
    TimestampTz* ts_;
    bool only_key_indexes_;
    uint8* key_parts_;  // for each index, INDEX_MAX_KEYS places in key_
    Datum key_[3];      // instrument_id, timeframe, ts
};

}  // namespace pg_candle
