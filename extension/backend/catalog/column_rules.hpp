#pragma once
#include "backend/postgres/compat.hpp"

namespace pg_candle {

/// Fails, with the column's name, unless the table has all columns that the backend reads or writes by name, of types
/// that it can read, and of collations under which names are what they are; with `written`, also if one is generated.
/// `name`: which of our tables it is; `qualified`: the same for messages.
void require_columns(Oid table, const char* name, const char* qualified, bool written);

/// Whether it has.
bool has_columns(Oid table, const char* name, bool written);

/// Whether what is written to the column is not for the writer to say.
bool is_generated(const FormData_pg_attribute* column);

}  // namespace pg_candle
