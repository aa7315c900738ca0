#pragma once
#include "backend/catalog/tables.hpp"

namespace pg_candle {

struct SeriesList {
    int count;
    Series* series;
};

/// Which series to list; absent means all.
struct SeriesFilter {
    bool has_instrument;
    int32 instrument_id;
    const char* timeframe;  ///< may be null
};

/// The filter as the parameters $1 and $2 of a query.
struct FilterValues {
    Datum values[2];
    char nulls[2];
    explicit FilterValues(const SeriesFilter& filter);
};

/// The series that have candles or are known to indicator_state, in the order of their key. What is no series (its
/// timeframe is none, or NULL) is left out; where candles have it, a warning names a row. Needs SPI; the list lives in
/// the current memory context.
SeriesList list_series(Oid schema, const SeriesFilter& filter);

/// A query for those series as (instrument_id, timeframe), found by skipping from series to series in the index; for a
/// FROM clause. Parameter 1 is the instrument, if the filter has one; the timeframe is left to the caller.
const char* series_text(Oid schema, const SeriesFilter& filter);

/// The same for what one table has: the key of all tables of series begins with instrument_id and timeframe.
const char* skip_scan_text(Oid schema, const char* table, const SeriesFilter& filter);

/// Whether a text that a table holds is a timeframe.
bool is_timeframe(const char* text);

/// Says, as a warning that names a row, that candles are left out because their timeframe is none. False, and silent,
/// where there are no such candles. Needs SPI.
bool warn_of_timeframe(Oid schema, const Series& series);

/// The same of rows without instrument_id, timeframe or ts, which only tables can hold that lost their NOT NULL.
void warn_of_nulls(Oid schema);

/// Makes room for one more in an array of the current memory context.
template <class T>
T& append(T*& array, int& count, int& room) {
    if (count == room) {
        room = room > 0 ? 2 * room : 64;
        array = static_cast<T*>(array ? repalloc_huge(array, sizeof(T) * static_cast<Size>(room))
                                      : palloc(sizeof(T) * static_cast<Size>(room)));
    }
    return array[count++];
}

}  // namespace pg_candle
