#pragma once
#include "backend/catalog/tables.hpp"
#include "backend/postgres/compat.hpp"

namespace pg_candle {

/// Who has to look at a change; each has rows of its own.
enum class Consumer {
    timeframes,  ///< refresh_timeframes()
    indicators   ///< compute_indicators(), refresh_indicators() and the background worker
};

/// Whether that is how the log means all series. Such a row may come at any time; ChangeLog::expand() alone removes it.
bool means_all_series(const Series& series);

/// The rows of candle_change that are meant for a consumer. It takes those of a series after it has locked the series
/// and before it reads candles: whoever commits a change later has left a row that it does not see, and that the next
/// refresh takes; rolling back gives the rows back. A row of instrument 0 and timeframe * means all series. Who may
/// compute needs no right on the log: it is read and written with its owner's.
class ChangeLog {
public:
    /// Statements live in `memory`.
    ChangeLog(Oid schema, Consumer consumer, MemoryContext memory);

    /// Removes the rows of the series and returns the earliest change; DT_NOEND if there are none. A row that a
    /// writer's open transaction is just merging with others counts, and stays: nobody waits for writers here.
    TimestampTz take(const Series& series);

    /// Notes that the series is not right from `earliest` on.
    void leave(const Series& series, TimestampTz earliest);

    /// Rows that mean all series become a row for each series that there is, by candles or indicators. One that another
    /// transaction is doing this with counts, and stays.
    void expand();

    /// Leaves one row of these series for each consumer, and none for what is no timeframe: a consumer that nobody runs
    /// would have its rows pile up. Not under REPEATABLE READ, where a row that somebody took is an error.
    void compact(const Series* series, int count);

    /// Removes all rows of a series that is none or is gone, whoever they are for, but those that somebody is at.
    void forget(const Series& series);

private:
    Oid schema_, table_;
    const char* consumer_;
    SPIPlanPtr take_, leave_, stars_, compact_, forget_;
};

/// Our own statements that remove rows of candle_change say so; rows that others delete come back
/// (sql/tables/changes.sql). Lasts until end() or an error.
class TakesChanges {
public:
    TakesChanges();
    void end();

private:
    int level_;
};

}  // namespace pg_candle
