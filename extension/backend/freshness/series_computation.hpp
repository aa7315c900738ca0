#pragma once
#include "backend/freshness/change_log.hpp"
#include "backend/freshness/dropped_candles.hpp"
#include "backend/freshness/series_status.hpp"
#include "backend/freshness/state_store.hpp"
#include "backend/postgres/compat.hpp"

namespace pg_candle {

/// Brings series of indicator_data up to date, one after the other. Lives as long as the memory context in which it was
/// made, over many transactions; in each, what it does stands between open() and close(). Needs an SPI connection.
class SeriesComputation {
public:
    enum class Waits {
        always,  ///< for whoever holds a series
        never    ///< a series that is held is an error (lock_not_available)
    };

    /// `expect_concurrent_writers`: other processes refresh many series at the same time.
    SeriesComputation(Oid schema, Waits waits, bool expect_concurrent_writers);

    /// Opens indicator_data and looks whether its columns are still the same.
    void open();
    void close();

    /// Instead of close() after an error that was caught: what was open is gone with the subtransaction.
    void abandon();

    struct Options {
        TimestampTz since = DT_NOBEGIN;  ///< rows before this are neither written nor deleted
        bool force = false;              ///< compute from the first candle, and write rows that are equal, too
        bool verify = false;             ///< compute from the first candle, whatever the states say; write what differs

        bool all() const { return force || verify; }
        /// what is there is all there is: no state of dropped candles counts
        bool rebuilds() const { return force && since == DT_NOBEGIN; }
    };

    /// Changes with the columns, the version of the kernels, and whatever rows may have changed by that nobody logged.
    uint64 columns_signature() const;

    /// Why states are not trusted, as a full sentence; null if they are. Between open() and close().
    const char* log_gap() const { return log_gap_; }

    /// Whether there is something to do for a series: a logged change, candles that no state knows, a state of other
    /// columns.
    bool is_due(const SeriesStatus& known);

    /// Removes the state of a series that has no candles; if some come meanwhile, it is computed from the first of
    /// them.
    void forget_state(const Series& series);

    /// Removes what is stored of a series that is none: rows, state and log.
    int64 forget(const Series& series);

    /// Locks the series, takes its logged changes, goes on from the last state before the earliest of them (or from the
    /// first candle if there is none that can be trusted) and merges the result with what is stored: new rows are
    /// inserted, rows that differ in a bit are changed, rows without a candle are deleted. Returns how many. What
    /// `since` skipped stays logged. Memory is bounded by a block and the checkpoints, whatever the length of the
    /// series.
    ///
    /// A series whose first candles were dropped (dropped_candles.hpp) begins with those that were kept, and with the
    /// state that the others left; the rows of dropped candles stay as they are, but for columns that have got the name
    /// of another indicator since: what they hold is of none. Dropped candles that came back are left out, with a
    /// warning, until all of them are there. A series of which row security hides a candle from the caller is left as
    /// it is, with a warning.
    int64 compute(const Series& series, const Options& options);

    /// The state after the candles before `cut`, which stays of use as long as the table has no indicator that is new
    /// to it; `position` tells after which candle. Null if there are none. The series is locked and up to date.
    const bytea* state_before(const Series& series, TimestampTz cut, Position* position);

    /// Stores the last state of a locked series once more, so that a transaction that began before sees that something
    /// happened.
    void store_again(const Series& series);

private:
    /// Where to begin: after `anchor`, whose state is in the plan.
    struct Start {
        Position anchor;         ///< bars 0: at the first candle
        TimestampTz stale_from;  ///< rows from here on may be wrong; what is before is right
        bool taken;              ///< changes were logged
        bool from_last;          ///< the anchor is where the last computation ended
        bool at_base;            ///< the anchor is the last dropped candle, or there is none: all candles are read
    };

    uint64 signature_of(const Series& series, const struct RowShape* shape);
    int64 compute_visible(const Series& series, const Options& options);
    void find_cut(const Series& series, bool forget_state);
    void choose_plan(const Series& series);
    void look_for_returned(const Series& series, const DroppedCandles::Cut& cut);
    void clear_renamed(const Series& series);
    Start find_start(const Series& series, const Options& options);
    Start first_start(bool taken);
    bool begin(const Series& series, const Start& start, TimestampTz write_from);
    int64 merge(const Series& series, TimestampTz write_from, TimestampTz checkpoints_from, bool force, Position* last);
    void start_inserts(const Series& series);
    class SqlWrite& sql();

    Oid schema_;
    Waits waits_;
    bool beside_others_;
    MemoryContext memory_;       // of the engine
    MemoryContext statements_;   // what depends on the columns of indicator_data
    MemoryContext transaction_;  // from open() to close()
    MemoryContext series_;       // for one series
    const char* table_name_;
    class CandleReader* reader_;
    ChangeLog *changes_, *timeframe_changes_;
    StateStore* states_;
    DroppedCandles* dropped_;

    /// What makes rows of indicator_data; all of them have the same columns.
    struct Computation {
        struct RowShape* shape;
        class TupleBuilder* former;
    };
    Computation compile(const char* first);

    Computation of_table_{};
    // for series whose dropped candles left the state of more indicators than the table has now, see choose_plan()
    Computation of_more_{};
    MemoryContext more_ = nullptr;  // of that
    class StoredRows* stored_ = nullptr;

    Relation table_ = nullptr;
    bool bulk_ = false;
    // row security may hide candles from the caller: states of others are not ours, nor ours theirs
    bool rls_active_ = false;
    bool trusted_ = false;  // whatever changed was logged, or changes the signature
    const char* log_gap_ = nullptr;
    uint64 capture_ = 0;  // the signature of what logs changes
    SqlWrite* sql_ = nullptr;
    class BulkInsert* inserts_ = nullptr;

    Checkpoints* ladder_;
    // Of the series at work.
    struct RowShape* shape_ = nullptr;
    class TupleBuilder* builder_ = nullptr;
    uint64 signature_ = 0;                // what its row in indicator_state is known by
    uint64 state_signature_ = 0;          // its states are
    uint64 base_signature_ = 0;           // the state of its dropped candles is
    TimestampTz kept_from_ = DT_NOBEGIN;  // earlier rows are those of dropped candles
    SavedState base_;                     // the state that those left, if it is of use
    Position base_position_{};            // where it ends
    const char* base_columns_ = nullptr;  // of which columns, of use or not; null if nobody knows
};

}  // namespace pg_candle
