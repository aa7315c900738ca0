#pragma once
#include "backend/compat.hpp"
#include "backend/row_shape.hpp"
#include "backend/session_zones.hpp"
#include "backend/tables.hpp"

namespace pg_candle {

/// Reads the candles of a series in order of ts, block by block, through PostgreSQL's executor: privileges, row security
/// and partitions are its business. A session of intraday candles is a date in the zone of the instrument's calendar. Needs an SPI connection. Bad candles (a price that is not finite, a ts that is
/// infinite or occurs twice) are errors: nothing right could be computed from them.
class CandleReader {
public:
    /// Prepares the query once; open() may follow many times. `read_only`: look at the caller's snapshot instead of a new one.
    CandleReader(Oid schema, bool read_only);

    /// Starts a series. Candles before `to` are read into the shape's block.
    void open(const Series& series, TimestampTz to, RowShape* shape);

    /// Reads the next block, at most the plan's capacity, and fills the shape's candles; 0 at the end.
    int read();

    void close();

    /// Where PostgreSQL puts the rows; the base comes first, as in PostgreSQL's own receivers.
    struct Receiver {
        DestReceiver base;
        RowShape* shape;
        Series series;
        bool intraday;
        int count;      // of the block so far
        int64 candles;  // of the series so far
        int64 previous_ts;
        pg_tz* session_zone;
        int64 session_offset;  // of the session zone from UTC, valid until session_offset_ends
        int64 session_offset_ends;
    };

private:
    SessionZones zones_;
    SPIPlanPtr query_;
    Portal portal_ = nullptr;
    bool read_only_;
    bool ended_ = false;
    Receiver receiver_;
};

}  // namespace pg_candle
