#pragma once
#include <algorithm>

#include "backend/compat.hpp"

extern "C" {
#include "port/atomics.h"
#include "portability/instr_time.h"
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

    /// Takes the turn for so many entries. Waits for it, but all in all not longer than for a tenth of the time that storing takes:
    /// a process on a slow core must not hold up the other one.
    void take(int entries) {
        credit_us_ = std::min(credit_us_ + entries / entries_per_us, most_credit_us);
        instr_time begin, waited;
        INSTR_TIME_SET_CURRENT(begin);
        while (!mine_) {
            uint32 free = 0;
            mine_ = pg_atomic_compare_exchange_u32(&shared_->taken, &free, 1);
            if (mine_ || credit_us_ < 1000) break;
            const bool too_long = ConditionVariableTimedSleep(&shared_->given_back, credit_us_ / 1000, PG_WAIT_EXTENSION);
            INSTR_TIME_SET_CURRENT(waited);
            INSTR_TIME_SUBTRACT(waited, begin);
            INSTR_TIME_ADD(begin, waited);
            credit_us_ -= static_cast<long>(INSTR_TIME_GET_MICROSEC(waited));
            if (too_long) break;
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
    static constexpr long entries_per_us = 5;  // 0.2 us each, a tenth of the 2 us that computing and storing a row takes
    static constexpr long most_credit_us = 8000;

    Shared* shared_;
    bool mine_ = false;
    long credit_us_ = 0;
};

}  // namespace pg_candle
