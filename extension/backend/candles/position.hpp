#pragma once
#include "backend/postgres/compat.hpp"

extern "C" {
#include "common/hashfn.h"
}

namespace pg_candle {

/// Where in a series a computation stood: after which candle, and what that candle was.
struct Position {
    int64 bars;          ///< candles up to and including this one; 0 is the start of the series
    TimestampTz ts;      ///< of the candle
    uint64 fingerprint;  ///< fingerprint_of() the candle
};

/// All numbers of a candle in one; `volume` NaN where unknown.
uint64 fingerprint_of(TimestampTz ts, double open, double high, double low, double close, double volume);

/// PostgreSQL's hash of `count` bytes; `seed`: of what goes before them.
inline uint64 hash(const void* bytes, Size count, uint64 seed) {
    return DatumGetUInt64(hash_any_extended(static_cast<const unsigned char*>(bytes), static_cast<int>(count), seed));
}

}  // namespace pg_candle
