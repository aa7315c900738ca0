#pragma once
#include "backend/compat.hpp"

extern "C" {
#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "utils/wait_event.h"
}

namespace pg_candle {

/// Two processes that store series of the same table take turns at its indexes, while the other one computes and writes rows.
///
/// PostgreSQL puts an entry that belongs behind the last one of a B-tree there without a search; in turns, that is so for the
/// entries of both. Nor do they slow each other down at the same pages and at the end of the WAL. Nothing depends on the turn:
/// who does not get it in time goes on without.
class IndexTurn {
public:
    /// In shared memory; plain data.
    struct Shared {
        pg_atomic_uint32 taken;
        ConditionVariable given_back;
    };

    static void initialise(Shared* shared) {
        pg_atomic_init_u32(&shared->taken, 0);
        ConditionVariableInit(&shared->given_back);
    }

    explicit IndexTurn(Shared* shared) : shared_(shared) {}

    /// Waits for the turn, but not longer than it takes to insert so many entries: more would not pay.
    void take(int entries) {
        const long wait_ms = entries / entries_per_ms;
        while (!mine_) {
            uint32 free = 0;
            mine_ = pg_atomic_compare_exchange_u32(&shared_->taken, &free, 1);
            if (!mine_ && (wait_ms == 0 || ConditionVariableTimedSleep(&shared_->given_back, wait_ms, PG_WAIT_EXTENSION))) break;
        }
        ConditionVariableCancelSleep();
    }

    /// Also after an error, and when the process ends; does nothing where it is not ours.
    void give_back() {
        if (!mine_) return;
        mine_ = false;
        pg_atomic_write_u32(&shared_->taken, 0);
        ConditionVariableSignal(&shared_->given_back);
    }

private:
    static constexpr int entries_per_ms = 1000;

    Shared* shared_;
    bool mine_ = false;
};

}  // namespace pg_candle
