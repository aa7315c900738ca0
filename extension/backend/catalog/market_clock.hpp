#pragma once
#include "backend/postgres/compat.hpp"

namespace pg_candle {

/// The moment that "has passed" and "today" refer to: the transaction's start or, for replays and tests, what the
/// setting pg_candle.now says.
TimestampTz market_now();

}  // namespace pg_candle
