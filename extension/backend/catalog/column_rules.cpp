#include "backend/catalog/column_rules.hpp"

#include <cstring>

extern "C" {
#include "catalog/pg_collation.h"
}

namespace pg_candle {
namespace {

/// What a column holds, and so of which types it may be.
enum class Holds : uint8 {
    integer,
    whole,
    hash,
    number,
    text,
    letter,
    texts,
    integers,
    flag,
    bytes,
    date,
    clock,
    time
};

struct ColumnRule {
    const char* table;
    const char* column;
    Holds holds;
};

/// All columns that the backend reads or writes by name, but those of indicator_data that are computed (row_shape.hpp).
constexpr ColumnRule rules[] = {
    {"candle_data", "instrument_id", Holds::integer},
    {"candle_data", "timeframe", Holds::text},
    {"candle_data", "source", Holds::letter},
    {"candle_data", "ts", Holds::time},
    {"candle_data", "open", Holds::number},
    {"candle_data", "high", Holds::number},
    {"candle_data", "low", Holds::number},
    {"candle_data", "close", Holds::number},
    {"candle_data", "volume", Holds::number},
    {"candle_data", "oi", Holds::number},
    {"indicator_data", "instrument_id", Holds::integer},
    {"indicator_data", "timeframe", Holds::text},
    {"indicator_data", "ts", Holds::time},
    {"indicator_state", "instrument_id", Holds::integer},
    {"indicator_state", "timeframe", Holds::text},
    {"indicator_state", "computed_at", Holds::time},
    {"indicator_state", "computed_through", Holds::time},
    {"indicator_state", "verified_at", Holds::time},
    {"indicator_state", "signature", Holds::hash},
    {"indicator_state", "state", Holds::bytes},
    {"indicator_state", "failures", Holds::integer},
    {"indicator_state", "failed_at", Holds::time},
    {"indicator_state", "error", Holds::text},
    {"indicator_checkpoint", "instrument_id", Holds::integer},
    {"indicator_checkpoint", "timeframe", Holds::text},
    {"indicator_checkpoint", "ts", Holds::time},
    {"indicator_checkpoint", "bars", Holds::whole},
    {"indicator_checkpoint", "state", Holds::bytes},
    {"dropped_candles", "instrument_id", Holds::integer},
    {"dropped_candles", "timeframe", Holds::text},
    {"dropped_candles", "kept_from", Holds::time},
    {"dropped_candles", "bars", Holds::whole},
    {"dropped_candles", "dropped_at", Holds::time},
    {"dropped_candles", "state", Holds::bytes},
    {"candle_change", "consumer", Holds::text},
    {"candle_change", "instrument_id", Holds::integer},
    {"candle_change", "timeframe", Holds::text},
    {"candle_change", "earliest", Holds::time},
    {"refresh_run", "run_id", Holds::whole},
    {"refresh_run", "worker", Holds::integer},
    {"refresh_run", "pid", Holds::integer},
    {"refresh_run", "started_at", Holds::time},
    {"refresh_run", "updated_at", Holds::time},
    {"refresh_run", "ended_at", Holds::time},
    {"refresh_run", "series_total", Holds::integer},
    {"refresh_run", "series_done", Holds::integer},
    {"refresh_run", "series_failed", Holds::integer},
    {"refresh_run", "rows", Holds::whole},
    {"refresh_run", "instrument_id", Holds::integer},
    {"refresh_run", "timeframe", Holds::text},
    {"instrument_master", "instrument_id", Holds::integer},
    {"instrument_master", "segment", Holds::text},
    {"instrument_master", "trading_symbol", Holds::text},
    {"instrument_master", "listed_on", Holds::date},
    {"instrument_master", "expiry_date", Holds::date},
    {"watchlist", "instrument_id", Holds::integer},
    {"watchlist", "timeframes", Holds::texts},
    {"candle_coverage", "instrument_id", Holds::integer},
    {"candle_coverage", "timeframe", Holds::text},
    {"candle_coverage", "from_ts", Holds::time},
    {"candle_coverage", "to_ts", Holds::time},
    {"candle_coverage", "state", Holds::text},
    {"candle_coverage", "rows", Holds::whole},
    {"candle_coverage", "attempts", Holds::integer},
    {"candle_coverage", "checked_at", Holds::time},
    {"trading_calendar", "calendar", Holds::text},
    {"trading_calendar", "valid_from", Holds::date},
    {"trading_calendar", "opens", Holds::clock},
    {"trading_calendar", "closes", Holds::clock},
    {"trading_calendar", "weekly_off", Holds::integers},
    {"trading_calendar", "timezone", Holds::text},
    {"trading_calendar", "known_from", Holds::date},
    {"trading_calendar", "known_through", Holds::date},
    {"trading_holiday", "calendar", Holds::text},
    {"trading_holiday", "holiday", Holds::date},
    {"special_session", "calendar", Holds::text},
    {"special_session", "session_date", Holds::date},
    {"special_session", "opens", Holds::clock},
    {"special_session", "closes", Holds::clock},
    {"special_session", "kind", Holds::text},
};

bool can_hold(Holds holds, Oid type) {
    switch (holds) {
        case Holds::integer:
            return type == INT4OID || type == INT2OID;
        case Holds::whole:
            return type == INT8OID || type == INT4OID || type == INT2OID;
        case Holds::hash:
            return type == INT8OID;
        case Holds::number:
            return type == FLOAT8OID || type == FLOAT4OID || type == NUMERICOID || type == INT8OID || type == INT4OID ||
                   type == INT2OID;
        case Holds::text:
            return type == TEXTOID || type == VARCHAROID;
        case Holds::letter:
            return type == CHAROID || type == TEXTOID || type == VARCHAROID;
        case Holds::texts:
            return type == TEXTARRAYOID || type == VARCHARARRAYOID;
        case Holds::integers:
            return type == INT4ARRAYOID || type == INT2ARRAYOID;
        case Holds::flag:
            return type == BOOLOID;
        case Holds::bytes:
            return type == BYTEAOID;
        case Holds::date:
            return type == DATEOID;
        case Holds::clock:
            return type == TIMEOID || type == INTERVALOID;
        case Holds::time:
            return type == TIMESTAMPTZOID;
    }
    return false;
}

const char* name_of(Holds holds) {
    switch (holds) {
        case Holds::integer:
            return "integer";
        case Holds::whole:
        case Holds::hash:
            return "bigint";
        case Holds::number:
            return "a number";
        case Holds::text:
            return "text";
        case Holds::letter:
            return "\"char\"";
        case Holds::texts:
            return "text[]";
        case Holds::integers:
            return "integer[]";
        case Holds::flag:
            return "boolean";
        case Holds::bytes:
            return "bytea";
        case Holds::date:
            return "date";
        case Holds::clock:
            return "time";
        case Holds::time:
            return "timestamp with time zone";
    }
    return "";
}

enum class Fault : uint8 { none, away, type, collation, generated };

struct BrokenColumn {
    const ColumnRule* rule;
    Fault fault;
};

/// Names of series are compared between tables, and every index of ours has them in this order.
bool is_of_series(const char* column) { return strcmp(column, "timeframe") == 0 || strcmp(column, "consumer") == 0; }

bool can_compare(const FormData_pg_attribute* column, const char* name) {
    const Oid collation = column->attcollation;
    if (!OidIsValid(collation)) return true;
    if (is_of_series(name)) return collation == C_COLLATION_OID || collation == DEFAULT_COLLATION_OID;
    // Under a nondeterministic collation 'nse' would equal 'NSE'.
    return get_collation_isdeterministic(collation);
}

Fault fault_of(Oid table, const ColumnRule& rule, bool written) {
    HeapTuple tuple = SearchSysCacheAttName(table, rule.column);
    if (!HeapTupleIsValid(tuple)) return Fault::away;
    const auto* column = reinterpret_cast<Form_pg_attribute>(GETSTRUCT(tuple));
    const Fault fault = !can_hold(rule.holds, getBaseType(column->atttypid))             ? Fault::type
                        : rule.holds == Holds::text && !can_compare(column, rule.column) ? Fault::collation
                        : written && is_generated(column)                                ? Fault::generated
                                                                                         : Fault::none;
    ReleaseSysCache(tuple);
    return fault;
}

bool is_identity(Oid table, const char* name) {
    HeapTuple tuple = SearchSysCacheAttName(table, name);
    const bool identity = reinterpret_cast<Form_pg_attribute>(GETSTRUCT(tuple))->attidentity != '\0';
    ReleaseSysCache(tuple);
    return identity;
}

/// The first column that is not as it should be, if there is one.
BrokenColumn broken_column(Oid table, const char* name, bool written) {
    for (const ColumnRule& rule : rules) {
        if (strcmp(rule.table, name) != 0) continue;
        if (const Fault fault = fault_of(table, rule, written); fault != Fault::none) return {&rule, fault};
    }
    return {nullptr, Fault::none};
}

}  // namespace

bool is_generated(const FormData_pg_attribute* column) {
    return column->attgenerated || column->attidentity == ATTRIBUTE_IDENTITY_ALWAYS;
}

void require_columns(Oid table, const char* name, const char* qualified, bool written) {
    const auto [rule, fault] = broken_column(table, name, written);
    const char* quoted = rule ? quote_identifier(rule->column) : "";
    switch (fault) {
        case Fault::none:
            return;
        case Fault::away:
            ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                            errmsg("table %s has no column \"%s\"", qualified, rule->column),
                            errdetail("It should hold %s.", name_of(rule->holds)),
                            errhint("Add the column, or rename the one that was meant.")));
            break;
        case Fault::type:
            ereport(
                ERROR,
                (errcode(ERRCODE_DATATYPE_MISMATCH),
                 errmsg("column \"%s\" of table %s has type %s, not %s", rule->column, qualified,
                        format_type_be(get_atttype(table, get_attnum(table, rule->column))), name_of(rule->holds)),
                 errhint("Change its type: ALTER TABLE %s ALTER COLUMN %s TYPE ... USING ....", qualified, quoted)));
            break;
        case Fault::collation:
            ereport(
                ERROR,
                (errcode(ERRCODE_INDETERMINATE_COLLATION),
                 is_of_series(rule->column)
                     ? errmsg("column \"%s\" of table %s has a collation other than \"C\"", rule->column, qualified)
                     : errmsg("column \"%s\" of table %s has a nondeterministic collation", rule->column, qualified),
                 errhint("ALTER TABLE %s ALTER COLUMN %s TYPE text COLLATE \"C\";", qualified, quoted)));
            break;
        case Fault::generated:
            ereport(ERROR,
                    (errcode(ERRCODE_GENERATED_ALWAYS),
                     errmsg("column \"%s\" of table %s is generated and cannot be written", rule->column, qualified),
                     errhint("ALTER TABLE %s ALTER COLUMN %s DROP %s;", qualified, quoted,
                             is_identity(table, rule->column) ? "IDENTITY" : "EXPRESSION")));
    }
    pg_unreachable();
}

bool has_columns(Oid table, const char* name, bool written) {
    return broken_column(table, name, written).fault == Fault::none;
}

}  // namespace pg_candle
