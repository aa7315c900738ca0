#pragma once
#include "backend/freshness/guarded_refresh.hpp"
#include "backend/workers/parallel_refresh.hpp"

extern "C" {
#include "port/atomics.h"
#include "storage/dsm.h"
#include "storage/spin.h"
}

namespace pg_candle {

/// The series that the workers of one refresh share, in a dynamic shared memory segment: plain data, read by all, and a
/// few counters. A worker takes the series whose number it gets from `next`.
struct RefreshQueue {
    struct Entry {
        SeriesStatus known;
        int32 timeframe;  ///< where its text begins; the pointer in `known` means nothing in another process
        bool held;        ///< somebody held it; the leader comes back to it
    };
    struct Failure {
        int32 entry;
        char message[256];
    };
    static constexpr int remembered_failures = 64;

    Oid database, login, user, schema;
    int security;
    int64 run;
    int count;
    int workers;   ///< that were asked for
    slock_t lock;  ///< for whoever adds a failure
    pg_atomic_uint32 next, done, failed;
    pg_atomic_uint64 rows;
    Failure failures[remembered_failures];  ///< the first ones; written before `failed` counts them

    Entry* entries() { return reinterpret_cast<Entry*>(this + 1); }
    SeriesStatus at(int i) {
        SeriesStatus known = entries()[i].known;
        known.series.timeframe = reinterpret_cast<const char*>(this) + entries()[i].timeframe;
        return known;
    }
};

}  // namespace pg_candle
