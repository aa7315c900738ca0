#pragma once
#include "backend/postgres/compat.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace pg_candle {

/// Whether a procedure may commit: not inside a transaction block or a function.
inline bool may_commit(FunctionCallInfo fcinfo) {
    const auto* call = reinterpret_cast<CallContext*>(fcinfo->context);
    return call && IsA(call, CallContext) && !call->atomic;
}

/// Says as a notice how far a procedure is, every few seconds and at its end.
class Progress {
public:
    /// `done`: of the `count`, how many there was nothing to do for.
    Progress(int count, const char* what, int done = 0)
        : count_(count), what_(what), done_(done), started_(GetCurrentTimestamp()), said_(started_) {
        if (count > 0 && done == count) say(started_);
    }

    /// One more is done; it wrote `rows`.
    void add(int64 rows) { set(done_ + 1, rows_ + rows); }

    /// So many are done by now, and wrote `rows` altogether.
    void set(int done, int64 rows) {
        if (done == done_) return;
        done_ = done;
        rows_ = rows;
        const TimestampTz now = GetCurrentTimestamp();
        if (done_ == count_ || TimestampDifferenceExceeds(said_, now, 5000)) say(now);
    }

private:
    void say(TimestampTz now) {
        said_ = now;
        const double seconds = Max(static_cast<double>(now - started_) / USECS_PER_SEC, 1e-6);
        ereport(NOTICE, (errmsg("%d of %d %s, " INT64_FORMAT " rows written, %.0f rows per second", done_, count_,
                                what_, rows_, rows_ / seconds)));
    }

    int count_;
    const char* what_;
    int done_;
    TimestampTz started_, said_;
    int64 rows_ = 0;
};

}  // namespace pg_candle
