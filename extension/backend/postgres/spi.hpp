#pragma once
#include "backend/postgres/compat.hpp"

namespace pg_candle {

// SPI leaves its own memory context current and keeps every result until SPI_finish(). What follows does neither: a
// call that goes through a hundred thousand series would otherwise hold something of each.
//
// The tables belong to users. So queries cast what they select to the type that is read (tables.hpp says which types
// can be), and every value is asked for its type and for NULL where it is read: there is no other way to read a row.

/// How the text of each of our queries begins: so that those who look at statements know whose it is, and
/// catch_exceptions() that it is no news for a user.
extern const char* const own_query;

/// Prepares a query for many executions with one plan. SPI keeps it until SPI_finish(), or until `memory` is reset or
/// deleted if one is given.
SPIPlanPtr prepare_query(const char* query, int count, Oid* types, MemoryContext memory = nullptr);

/// As SPI_execute_plan(): what the following do with a query.
int run_query(SPIPlanPtr query, Datum* values, const char* nulls, bool read_only, long limit);

/// Runs a prepared statement to its end and returns how many rows it processed; what it returns is thrown away.
/// `nulls` as SPI wants them; may be null.
uint64 execute_query(SPIPlanPtr query, Datum* values, const char* nulls = nullptr);

/// A row of a result; valid while it is handed out. Columns count from 1. What is read as another type than it has is
/// an error.
class ResultRow {
public:
    ResultRow(HeapTuple tuple, TupleDesc desc) : tuple_(tuple), desc_(desc) {}

    bool is_null(int column) const;

    // The value, or `otherwise` where it is NULL.
    bool boolean(int column, bool otherwise = false) const;
    int32 int4(int column, int32 otherwise = 0) const;
    int64 int8(int column, int64 otherwise = 0) const;
    TimestampTz time(int column, TimestampTz otherwise) const;
    int32 date(int column, int32 otherwise) const;
    Oid oid(int column) const;                    ///< InvalidOid where it is NULL
    TransactionId transaction(int column) const;  ///< InvalidTransactionId where it is NULL

    /// A text, palloc'd in the current memory context; null where it is NULL.
    char* text(int column) const;

    /// A copy in the current memory context; null where it is NULL.
    const bytea* bytes(int column) const;

private:
    Datum value(int column, Oid type, bool* null) const;

    HeapTuple tuple_;
    TupleDesc desc_;
};

/// Runs a prepared query for at most `limit` rows (0: all) and hands each to `take(row)` in the caller's memory
/// context; returns how many there were. Those that write are run with read_only false.
template <class Take>
uint64 for_each_row(SPIPlanPtr query, Datum* values, const char* nulls, bool read_only, long limit, Take&& take) {
    MemoryContext caller = CurrentMemoryContext;
    const int result = run_query(query, values, nulls, read_only, limit);
    if (result < 0) elog(ERROR, "could not execute a query: %s", SPI_result_code_string(result));
    MemoryContextSwitchTo(caller);
    // `take` may run queries itself.
    SPITupleTable* rows = SPI_tuptable;
    const uint64 count = SPI_processed;
    for (uint64 i = 0; i < count; ++i) take(ResultRow(rows->vals[i], rows->tupdesc));
    SPI_freetuptable(rows);
    return count;
}

/// Opens a query that orders by a key, without letting the planner sort: the index has the order, and a sort of a long
/// series would spill. Nothing in it is worth compiling either. `nulls` as SPI wants them; may be null.
Portal open_ordered(SPIPlanPtr query, Datum* values, const char* nulls, bool read_only);

/// Runs the portal on for at most `count` rows, which go to the receiver.
void fetch_into(Portal portal, int count, DestReceiver* receiver);

/// Runs the portal to its end, interruptibly, and closes it.
void fetch_all(Portal portal, DestReceiver* receiver);

/// A receiver whose rows go to `receive`; the caller embeds it as its first member.
DestReceiver make_receiver(bool (*receive)(TupleTableSlot*, DestReceiver*));

/// As for_each_row(), a thousand rows at a time, for results that may be long; the query orders by a key.
template <class Take>
void for_each_row_of_many(SPIPlanPtr query, Datum* values, const char* nulls, bool read_only, Take&& take) {
    MemoryContext caller = CurrentMemoryContext;
    Portal portal = open_ordered(query, values, nulls, read_only);
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        SPI_cursor_fetch(portal, true, 1000);
        MemoryContextSwitchTo(caller);
        SPITupleTable* rows = SPI_tuptable;
        const uint64 count = SPI_processed;
        for (uint64 i = 0; i < count; ++i) take(ResultRow(rows->vals[i], rows->tupdesc));
        SPI_freetuptable(rows);
        if (count == 0) break;
    }
    SPI_cursor_close(portal);
    MemoryContextSwitchTo(caller);
}

}  // namespace pg_candle
