#pragma once
#include "backend/postgres/compat.hpp"

namespace pg_candle {

/// What the launcher and the worker of a round tell each other about one database; in shared memory.
struct DatabaseSlot {
    NameData database;
    TimestampTz swept_at;  ///< when all series were last looked at, not only those of the log; 0: not yet
    uint64 environment;    ///< of that time: what every series depends on
    TimestampTz next_at;   ///< worker: look again then, though nothing is written until then; 0: no need
    bool succeeded;        ///< worker: set at its end, so that a crash counts as a failure, too
};
inline constexpr int max_databases = 64;

/// The rounds in shared memory, of which there are max_databases; the launcher makes them.
DatabaseSlot* database_slots();

/// Registers the launcher if the library is being preloaded. It keeps the databases of pg_candle.databases fresh: tied
/// to none of them, it starts a short-lived worker in each whenever something was written in the cluster since the last
/// one.
void register_launcher();

}  // namespace pg_candle
