#pragma once
#include "backend/compat.hpp"
#include "backend/row_shape.hpp"
#include "backend/tables.hpp"

namespace pg_candle {

/// Where in a series a computation stood: after which candle, and what that candle was.
struct Position {
    int64 bars;         ///< candles up to and including this one; 0 is the start of the series
    TimestampTz ts;     ///< of the candle
    uint64 fingerprint; ///< fingerprint_of() the candle
};

/// All numbers of a candle in one; `volume` PG_INT64_MIN where unknown.
uint64 fingerprint_of(TimestampTz ts, double open, double high, double low, double close, int64 volume);

/// Which columns of the table are computed, from what columns of the same name, and by which version of the kernels. A state
/// that was saved under another signature says nothing about this table. `zone`: of the sessions, or null where every candle
/// is a session.
uint64 plan_signature(const RowShape* shape, const char* zone);

/// The plan's state as a bytea in the current memory context: a header with position, signature and a checksum over everything
/// and the series, then Plan::save().
bytea* save_state(const Plan& plan, const Position& position, uint64 signature, const Series& series);

/// Reads the position of a saved state. False, and nothing is touched, if it is damaged, of another series, another signature, another
/// version or another machine. It may be restored only then.
bool check_state(const bytea* saved, const Plan& plan, uint64 signature, const Series& series, Position* position);

/// Lets the plan go on from a state that check_state() accepted.
void restore_state(Plan& plan, const bytea* saved, const Position& position);

}  // namespace pg_candle
