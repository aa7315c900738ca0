#include "backend/catalog/watched_tables.hpp"

#include <cstring>

extern "C" {
#include "catalog/pg_inherits.h"
}

namespace pg_candle {
namespace {

constexpr WatchedTable watched_tables[] = {
    {"candle_data", true, true, true, " instrument_id timeframe source ts open high low close volume oi "},
    {"indicator_data", false, true, true, " instrument_id timeframe ts "},
    {"instrument_master", true, false, false, " instrument_id segment "},
    {"trading_calendar", true, false, false, " calendar valid_from opens closes weekly_off timezone "},
    {"trading_holiday", true, false, false, " calendar holiday "},
    {"special_session", true, false, false, " calendar session_date opens closes "},
};

}  // namespace

bool WatchedTable::has_column(const char* column) const {
    return column && (strstr(columns, psprintf(" %s ", column)) || !for_timeframes);
}

const WatchedTable* watched_by_name(const char* name) {
    for (const WatchedTable& one : watched_tables)
        if (name && strcmp(one.name, name) == 0) return &one;
    return nullptr;
}

const WatchedTable* watched_of(Oid schema, Oid table, Oid* root) {
    const char* name = get_rel_name(table);
    if (!name) return nullptr;
    if (get_rel_namespace(table) == schema)
        if (const WatchedTable* watched = watched_by_name(name)) {
            *root = table;
            return watched;
        }
    for (const WatchedTable& one : watched_tables) {
        *root = one.of_series ? get_relname_relid(one.name, schema) : InvalidOid;
        if (OidIsValid(*root) && has_subclass(*root) &&
            list_member_oid(find_all_inheritors(*root, NoLock, nullptr), table))
            return &one;
    }
    return nullptr;
}

}  // namespace pg_candle
