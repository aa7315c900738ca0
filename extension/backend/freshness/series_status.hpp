#pragma once
#include "backend/catalog/series_list.hpp"

namespace pg_candle {

/// A series as the tables know it.
struct SeriesStatus {
    Series series;
    /// its newest candle; DT_NOBEGIN if it has none, or if it changed and the order does not need it
    TimestampTz newest;
    TimestampTz computed_through;  ///< of its state; DT_NOBEGIN if it has none
    bool has_signature;
    uint64 signature;  ///< of its state
    /// indicator_data has the row of its last computed candle; not looked up if it changed
    bool last_row_exists;
    bool changed;          ///< candle_change has rows of it for indicators
    TimestampTz retry_at;  ///< it failed; a background worker tries again then
};

struct SeriesStatusList {
    int count;
    SeriesStatus* series;
    /// whose timeframe is none and that have no candles (any more): what is left of them can be forgotten
    SeriesList gone;
    /// known to indicator_state only, from when they had candles; not where one instrument is asked for
    SeriesList empty;
};

enum class WhichSeries {
    /// with candles, known to indicator_state, or named by candle_change: what is stored of a series may have
    /// outlived the other two
    known,
    changed_only  ///< what candle_change names for indicators
};

enum class SeriesOrder {
    key,  ///< the order in which series are locked
    /// what is watched before the rest, then by the newest candle, then what was computed before: today comes
    /// first
    newest_first
};

/// Series with what is needed to tell which of them is due. Candles whose timeframe is none are left out with a
/// warning. Needs SPI; the list lives in the current memory context.
SeriesStatusList list_series_status(Oid schema, const SeriesFilter& filter, WhichSeries which, SeriesOrder order);

}  // namespace pg_candle
