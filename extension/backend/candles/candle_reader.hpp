#pragma once
#include "backend/candles/candle_row.hpp"
#include "backend/candles/position.hpp"
#include "backend/catalog/session_zones.hpp"
#include "backend/catalog/tables.hpp"
#include "backend/postgres/compat.hpp"
#include "backend/rows/row_shape.hpp"

namespace pg_candle {

/// Reads the candles of a series in order of ts, block by block, through PostgreSQL's executor: privileges, row
/// security and partitions are its business. A session of intraday candles is a date in the zone of the instrument's
/// calendar. Needs an SPI connection. Bad candles are errors (candle_row.hpp).
class CandleReader {
public:
    /// Prepares the query once, in `memory`; open() may follow many times. `read_only`: look at the caller's snapshot
    /// instead of a new one.
    CandleReader(Oid schema, MemoryContext memory, bool read_only);

    /// The zone whose dates are the sessions of the series; null where every candle is a session of its own.
    const char* session_zone(const Series& series);

    /// Whether session_zone() would not fail.
    bool has_session_zone(const Series& series);

    /// Where the series begins; DT_NOEND if it has no candles.
    TimestampTz first(const Series& series);

    /// How many candles of the series start before that.
    int64 count_before(const Series& series, TimestampTz end);

    /// Starts a series: its candles of [from, to), which follow those up to `after` (bars 0: none). If the range begins
    /// with the very candle of that position, find_anchor() comes first.
    void open(const Series& series, const Position& after, TimestampTz from, TimestampTz to, RowShape* shape);

    /// Whether the candle of the position that was given is still there and the same. It is not part of a block.
    bool find_anchor();

    /// Reads the next block, which ends at a multiple of the plan's capacity, into the shape's candles; 0 at the end.
    int read();

    /// Of the last candle of the last block.
    Position position() const;

    void close();

    /// Where PostgreSQL puts the rows; the base comes first, as in PostgreSQL's own receivers.
    struct Receiver {
        DestReceiver base;
        RowShape* shape;
        Series series;
        bool intraday;
        CandleRowReader* rows;
        int count;      // of the block so far
        int64 candles;  // of the series so far
        uint64 anchor;  // its fingerprint, while it is to be found
        bool anchored;
        pg_tz* session_zone;
        int64 session_offset;  // of the session zone from UTC, valid until session_offset_ends
        int64 session_offset_ends;
    };

private:
    SessionZones zones_;
    CandleRowReader rows_;
    SPIPlanPtr query_, first_, count_;
    Portal portal_ = nullptr;
    bool read_only_;
    bool ended_ = false;
    Receiver receiver_;
};

}  // namespace pg_candle
