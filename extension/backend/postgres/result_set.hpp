#pragma once
#include "backend/postgres/compat.hpp"

namespace pg_candle {

/// An empty store for the rows that the set-returning function `name` returns, announced to the executor.
Tuplestorestate* begin_result_set(FunctionCallInfo fcinfo, TupleDesc desc, const char* name);

/// The row type that the function is declared to return.
TupleDesc declared_result(FunctionCallInfo fcinfo);

}  // namespace pg_candle
