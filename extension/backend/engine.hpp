#pragma once
#include "backend/change_log.hpp"
#include "backend/compat.hpp"
#include "backend/known_series.hpp"
#include "backend/series_state.hpp"

namespace pg_candle {

/// Brings series of indicator_data up to date, one after the other. Lives as long as the memory context in which it was made, over
/// many transactions; in each, what it does stands between open() and close(). Needs an SPI connection.
class Engine {
public:
    /// `beside_others`: other processes refresh many series at the same time.
    explicit Engine(Oid schema, bool beside_others = false);

    /// Opens indicator_data and looks whether its columns are still the same.
    void open();
    void close();

    /// Instead of close() after an error that was caught: what was open is gone with the subtransaction.
    void abandon();

    struct Options {
        TimestampTz since = DT_NOBEGIN;  ///< rows before this are neither written nor deleted
        bool force = false;              ///< compute from the first candle, and write rows that are equal, too
    };

    /// Changes with the columns and the version of the kernels.
    uint64 columns_signature() const;

    /// Whether there is something to do for a series: a logged change, candles that no state knows, a state of other columns.
    bool is_due(const KnownSeries& known);

    /// Locks the series, takes its logged changes, goes on from the last state before the earliest of them (or from the first candle
    /// if there is none that can be trusted) and merges the result with what is stored: new rows are inserted, rows that differ in
    /// a bit are changed, rows without a candle are deleted. Returns how many. What `since` skipped stays logged. Memory is
    /// bounded by a block and the checkpoints, whatever the length of the series.
    int64 compute(const Series& series, const Options& options);

private:
    /// Where to begin: after `anchor`, whose state is in the plan.
    struct Start {
        Position anchor;         ///< bars 0: at the first candle
        TimestampTz stale_from;  ///< rows from here on may be wrong; what is before is right
        bool taken;              ///< changes were logged
        bool from_last;          ///< the anchor is where the last computation ended
    };

    uint64 signature_of(const Series& series);
    Start find_start(const Series& series, uint64 signature, bool force);
    bool begin(const Series& series, const Start& start, TimestampTz write_from);
    int64 merge(const Series& series, TimestampTz write_from, TimestampTz checkpoints_from, bool force, Position* last);
    void start_inserts(const Series& series);
    class SqlWrite& sql();

    Oid schema_;
    bool beside_others_;
    MemoryContext memory_;       // of the engine
    MemoryContext statements_;   // what depends on the columns of indicator_data
    MemoryContext transaction_;  // from open() to close()
    MemoryContext series_;       // for one series
    const char* table_name_;
    class CandleReader* reader_;
    ChangeLog* changes_;
    SeriesState* states_;

    struct RowShape* shape_ = nullptr;
    class TupleFormer* former_ = nullptr;
    class StoredRows* stored_ = nullptr;

    Relation table_ = nullptr;
    bool bulk_ = false;
    bool filtered_ = false;  // row security hides candles from the caller: states of others are not ours, nor ours theirs
    SqlWrite* sql_ = nullptr;
    class BulkInsert* inserts_ = nullptr;

    Ladder* ladder_;
    uint64 signature_ = 0;  // of the series at work
};

}  // namespace pg_candle
