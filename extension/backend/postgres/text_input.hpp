#pragma once
#include "backend/postgres/compat.hpp"

namespace pg_candle {

/// Whether a type's input function takes the text. Its error is thrown away; that needs no subtransaction, because the
/// functions that are meant here (of times and intervals) compute and do nothing else.
bool is_taken_by(PGFunction input, const char* text);

}  // namespace pg_candle
