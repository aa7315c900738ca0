#pragma once
#include "backend/postgres/compat.hpp"

namespace pg_candle {

constexpr const char* log_name = "candle_change";

/// A table that matters, and who has to look again when it changes.
struct WatchedTable {
    const char* name;
    bool for_timeframes, for_indicators;
    bool of_series;  ///< has rows by series, and partitions
    const char* columns;

    /// The function that notes changes of its rows, if it has rows by series.
    const char* log_function() const { return for_timeframes ? "log_candle_changes" : "log_indicator_changes"; }

    /// Whether what is computed depends on the column; any column of indicator_data may be computed.
    bool has_column(const char* column) const;
};

/// The table of that name; null if it is none that matters.
const WatchedTable* watched_by_name(const char* name);

/// What a table is, or is a part of: its root is then the table that has the name, in this schema. Null if it does not
/// matter.
const WatchedTable* watched_of(Oid schema, Oid table, Oid* root);

}  // namespace pg_candle
