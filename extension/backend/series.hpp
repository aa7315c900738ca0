#pragma once
#include "backend/tables.hpp"

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

/// The series that have candles or are known to indicator_state, in the order of their key. Needs SPI; the list lives in the
/// current memory context.
SeriesList list_series(Oid schema, const SeriesFilter& filter);

/// A query for those series as (instrument_id, timeframe), found by skipping from series to series in the index; for a FROM clause.
/// Parameter 1 is the instrument, if the filter has one; the timeframe is left to the caller.
const char* series_text(Oid schema, const SeriesFilter& filter);

/// Runs a query with the filter's instrument and timeframe as its parameters, and calls `take` for each row; what that needs to keep
/// goes to the current memory context.
void for_each_series(const char* query, const SeriesFilter& filter, void (*take)(void* list, HeapTuple row, TupleDesc desc), void* list);

/// Makes room for one more in an array of the current memory context.
template <class T>
T& append(T*& array, int& count, int& room) {
    if (count == room) {
        room = room > 0 ? 2 * room : 64;
        array = static_cast<T*>(array ? repalloc_huge(array, sizeof(T) * static_cast<Size>(room)) : palloc(sizeof(T) * static_cast<Size>(room)));
    }
    return array[count++];
}

}  // namespace pg_candle
