#pragma once
#include "backend/postgres/compat.hpp"

namespace pg_candle {

/// What stands between a change of candle_data or indicator_data and the change log, as the catalogs have it.
struct ChangeCapture {
    /// Changes when rows may have changed that nobody logged: another table under the name, a column that was
    /// rewritten, dropped, added or renamed, a trigger of the log that was off for a while, the extension that was
    /// away. A state that was saved under another signature is not trusted.
    uint64 signature;

    /// Whether every change of both tables, their partitions and children reaches the log. Otherwise no state is
    /// trusted at all.
    bool complete;

    /// If not, why, as a full sentence; static, or as long as this process.
    const char* gap;

    /// Why changes of calendars and instruments may not reach the log, which matters for derived candles; null if they
    /// do.
    const char* calendar_gap;
};

/// Looks at the catalogs, or remembers what they said if nothing has changed there since.
const ChangeCapture& change_capture(Oid schema);

/// Tells the user what an incomplete log means, and what mends it.
void notice_log_gap(const char* gap);

/// Whether a function is the one of this name ("log_candle_changes" or "log_indicator_changes") that fills the log: in
/// the schema, and the table owner's own.
bool is_log_function(Oid function, const char* name, Oid schema, Oid owner);

}  // namespace pg_candle
