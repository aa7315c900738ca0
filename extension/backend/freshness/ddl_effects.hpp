#pragma once
#include "backend/catalog/watched_tables.hpp"

namespace pg_candle {

// What the event triggers do about DDL. All of it needs SPI.

/// Notes all series for those who look after them, if there are any.
void note_all_series(Oid schema, bool for_timeframes, bool for_indicators);

/// Notes the series of a part of a table, each from its earliest row on.
void note_rows(Oid schema, Oid part, const WatchedTable& watched);

/// Gives a table the log's triggers of another one, unless it has them: one that has none yet (it is being restored)
/// gives none.
void copy_log_triggers(Oid schema, Oid from, Oid to, const WatchedTable& watched);

/// Takes them away.
void drop_log_triggers(Oid schema, Oid table, const WatchedTable& watched);

/// Runs the statements that a query makes.
void run_each_of(const char* query);

}  // namespace pg_candle
