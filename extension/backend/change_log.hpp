#pragma once
#include "backend/compat.hpp"
#include "backend/tables.hpp"

namespace pg_candle {

/// The rows of candle_change that are meant for indicators. A refresh takes those of a series after it has locked the series
/// and before it reads candles: whoever commits a change later has left a row that it does not see, and that the next
/// refresh takes; rolling back gives the rows back.
class ChangeLog {
public:
    /// Statements live in `memory`.
    ChangeLog(Oid schema, MemoryContext memory);

    /// Removes the rows of the series and returns the earliest change; DT_NOEND if there are none.
    TimestampTz take(const Series& series);

    /// Notes that the series is not right from `earliest` on.
    void leave(const Series& series, TimestampTz earliest);

private:
    SPIPlanPtr take_;
    SPIPlanPtr leave_;
};

}  // namespace pg_candle
