#pragma once
#include "backend/postgres/compat.hpp"

namespace pg_candle {

/// Whether a partition of this table is being detached CONCURRENTLY, or was to be: its rows are out of sight already.
bool is_detaching(Oid table);

/// Whether one of any table in the database is. Remembered until a relation changes.
bool anything_is_detaching();

/// Runs a body that plans queries without pruning while a partition is being detached CONCURRENTLY. The planner leaves
/// that partition out then, the executor counts it, and what is pruned when a plan starts or runs may be other
/// partitions than were meant: rows would be missed (seen with PostgreSQL 15.20).
template <class Body>
auto without_wrong_pruning(Body&& body) {
    if (!anything_is_detaching()) return body();
    const int level = NewGUCNestLevel();
    set_config_option("enable_partition_pruning", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    const auto result = body();
    AtEOXact_GUC(true, level);
    return result;
}

}  // namespace pg_candle
