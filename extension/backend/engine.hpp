#pragma once
#include "backend/compat.hpp"
#include "backend/series.hpp"

namespace pg_candle {

/// Brings series of indicator_data up to date, one after the other, within the current transaction. Needs an SPI connection,
/// and lives until the SPI_finish() that follows; close() it before.
class Engine {
public:
    explicit Engine(Oid schema);

    struct Options {
        TimestampTz since = DT_NOBEGIN;  ///< rows before this are neither written nor deleted
        bool force = false;              ///< write rows that are equal, too
    };

    /// Locks the series, computes all its candles and merges the result with what is stored: new rows are inserted, rows that
    /// differ in a bit are changed, rows without a candle are deleted. Returns how many. Memory is bounded by a block.
    int64 compute(const Series& series, const Options& options);

    void close();

private:
    Relation table_;
    const char* table_name_;
    bool bulk_;
    class CandleReader* reader_;
    SeriesLock* lock_;
    class StoredRows* stored_ = nullptr;
    class SqlWrite* sql_ = nullptr;
    class BulkInsert* inserts_ = nullptr;
    MemoryContext call_;    // for the call: statements and the open table
    MemoryContext series_;  // for one series: the plan
};

}  // namespace pg_candle
