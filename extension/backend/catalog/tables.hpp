#pragma once
#include "backend/postgres/compat.hpp"
#include "market/timeframe.hpp"

namespace pg_candle {

/// One series: an instrument in a timeframe.
struct Series {
    int32 instrument_id;
    const char* timeframe;
};

/// The tables that create_candle_tables() made live in the schema of the function that needs them.
Oid schema_of_function(FunctionCallInfo fcinfo);

/// The OID of the table that has the name now, locked so that it stays what it is until the transaction ends; invalid
/// if there is none.
Oid lock_table(Oid schema, const char* name);

/// The table's OID, locked as lock_table() does. A clear error if it does not exist, or if a column that the backend
/// reads is not there or of a type that it cannot be read from: whatever a user made of it is refused here, by name,
/// and not found out row by row. What queries read they cast: instrument_id::int4, timeframe::text, prices and volumes
/// as any number (candle_row.hpp).
Oid find_table(Oid schema, const char* name);

/// The same of a table in which rows are to be written: no such column is generated.
Oid find_written_table(Oid schema, const char* name);

/// Whether find_table() would fail, for those who can do without the table.
bool table_problem(Oid schema, const char* name);

/// The same as find_table(), as a quoted, qualified name for SQL text; palloc'd.
const char* table_name(Oid schema, const char* name);

/// The key of a table, as the columns' names; null after the last.
struct Key {
    const char* columns[4];
};
constexpr Key key_of_candles{"instrument_id", "timeframe", "ts"};
constexpr Key key_of_series{"instrument_id", "timeframe"};
constexpr Key key_of_run{"run_id", "worker"};

/// Whether the table has a unique index on just these columns. Of a view that is its table's business.
bool has_key(Relation table, const Key& key);

/// Fails unless it has: without one, rows could be there twice, and concurrent calls would not wait for each other.
void require_key(Relation table, const Key& key);
void require_key(Oid table, const Key& key);

/// Fails if a temporary table of this session inherits from the table: what is computed with rows that nobody else sees
/// must not be stored for everybody.
void require_no_temporary_child(Oid table);

/// Fails unless instrument_master or candle_data knows the instrument. Needs SPI.
void require_instrument(Oid schema, int32 instrument_id);

/// Which part of the key instrument_id, timeframe, ts the column is: 0, 1 or 2, or -1.
int key_part(const char* column);

}  // namespace pg_candle
