#pragma once
#include "backend/compat.hpp"

namespace pg_candle {

// SPI leaves its own memory context current and keeps every result until SPI_finish(). What follows does neither: a call
// that goes through a hundred thousand series would otherwise hold something of each.

/// Prepares a query for many executions with one plan. SPI keeps it until SPI_finish(), or until `memory` is reset or deleted if
/// one is given.
SPIPlanPtr prepare_query(const char* query, int count, Oid* types, MemoryContext memory = nullptr);

/// Runs a prepared statement to its end and returns how many rows it processed; what it returns is thrown away.
/// `nulls` as SPI wants them; may be null.
uint64 execute_query(SPIPlanPtr query, Datum* values, const char* nulls = nullptr);

/// A row of a result; valid while it is handed out.
struct ResultRow {
    HeapTuple tuple;
    TupleDesc desc;

    /// Columns count from 1. What a pointer leads to goes with the row.
    NullableDatum operator[](int column) const {
        NullableDatum found;
        found.value = SPI_getbinval(tuple, desc, column, &found.isnull);
        return found;
    }

    /// As text, palloc'd in the current memory context; null where the value is.
    char* text(int column) const { return SPI_getvalue(tuple, desc, column); }
};

/// Runs a prepared query for at most `limit` rows (0: all) and hands each to `take(row)` in the caller's memory context; returns how
/// many there were. Those that write are run with read_only false.
template <class Take>
uint64 for_each_row(SPIPlanPtr query, Datum* values, const char* nulls, bool read_only, long limit, Take&& take) {
    MemoryContext caller = CurrentMemoryContext;
    const int result = SPI_execute_plan(query, values, nulls, read_only, limit);
    if (result < 0) elog(ERROR, "could not execute a query: %s", SPI_result_code_string(result));
    MemoryContextSwitchTo(caller);
    // `take` may run queries itself.
    SPITupleTable* rows = SPI_tuptable;
    const uint64 count = SPI_processed;
    for (uint64 i = 0; i < count; ++i) take(ResultRow{rows->vals[i], rows->tupdesc});
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

}  // namespace pg_candle
