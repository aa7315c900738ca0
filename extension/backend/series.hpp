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

enum class SeriesOrder {
    key,          ///< the order in which series are locked
    newest_first  ///< by their newest candle
};

/// The series that have candles or are known to indicator_state, found by skipping from series to series in the index. Needs
/// SPI; the list lives in the current memory context.
SeriesList list_series(Oid schema, const SeriesFilter& filter, SeriesOrder order);

/// The lock of a series: its row in indicator_state, held until the transaction ends. Whoever computes takes it first, in the
/// order of the key when it takes several, so that concurrent calls wait and never deadlock. What is read after lock()
/// returned contains what the holder before has committed; a transaction whose snapshot is older gets a serialization failure,
/// because mark_written() changes the row.
class SeriesLock {
public:
    explicit SeriesLock(Oid schema);
    void lock(const Series& series);

    /// Notes that rows of the locked series were written.
    void mark_written(const Series& series);

private:
    SPIPlanPtr lock_;
    SPIPlanPtr insert_;
    SPIPlanPtr mark_;
};

}  // namespace pg_candle
