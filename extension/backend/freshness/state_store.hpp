#pragma once
#include "backend/catalog/tables.hpp"
#include "backend/freshness/checkpoints.hpp"
#include "backend/postgres/compat.hpp"

namespace pg_candle {

/// What is kept of a series between two refreshes: its row in indicator_state, which is also its lock, with the state
/// after the last candle; and in indicator_checkpoint states after earlier ones.
class StateStore {
public:
    /// Statements live in `memory`.
    StateStore(Oid schema, MemoryContext memory);

    /// Locks the series until the transaction ends and returns its last state; in the current memory context. Whoever
    /// computes takes it first, in the order of the key when it takes several, so that concurrent calls wait and never
    /// deadlock. What is read afterwards contains what the holder before has committed; a transaction whose snapshot is
    /// older gets a serialization failure, because store() changes the row. Unless it `waits`, a series that somebody
    /// holds is an error.
    SavedState lock(const Series& series, bool waits);

    /// The newest checkpoint before `ts`; in the current memory context.
    SavedState checkpoint_before(const Series& series, TimestampTz ts);

    /// What store() notes besides the state.
    struct Outcome {
        bool written;     ///< rows were
        bool from_start;  ///< all candles were read: that verifies the series
    };

    /// Stores where the series stands now; `position` of no bars if nothing is known, `state` null if it is not kept.
    void store(const Series& series, const Position& position, uint64 signature, const bytea* state,
               const Outcome& outcome);

    /// Replaces the checkpoints from `from` on by the ladder's, and drops those that are not needed any more at
    /// `position`.
    void store_checkpoints(const Series& series, TimestampTz from, const Position& position, const Checkpoints& ladder);

    /// Forgets a series that is gone: state and checkpoints.
    void forget(const Series& series);

private:
    SavedState fetch(SPIPlanPtr query, Datum* values, bool* found);

    SPIPlanPtr lock_, try_lock_, insert_, store_;
    SPIPlanPtr checkpoint_, drop_checkpoints_, add_checkpoint_;
    SPIPlanPtr forget_state_, forget_checkpoints_;
};

}  // namespace pg_candle
