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
