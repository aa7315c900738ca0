#pragma once
#include "backend/engine.hpp"

namespace pg_candle {

/// What came of one series.
struct Refreshed {
    int64 written = 0;
    const char* error = nullptr;  ///< why it failed, if it did; palloc'd in the caller's memory context
};

/// Refreshes series for those who go through many of them and must not stop at one that fails: each in a subtransaction, and a
/// failure is noted in indicator_state. Needs an SPI connection, not always the same one; the caller commits.
class SeriesRefresh {
public:
    explicit SeriesRefresh(Oid schema, bool beside_others = false);

    /// Keeps those series of a list that are due, in their order.
    void keep_due(KnownSeriesList& list);

    /// Changes with the columns of indicator_data.
    uint64 columns_signature();

    /// Computes the series if it is due. Cancelling and terminating are not failures and go on as errors.
    Refreshed refresh(const KnownSeries& known);

private:
    void note_failure(const Series& series, const char* error);

    Engine engine_;
    SPIPlanPtr failed_;
};

}  // namespace pg_candle
