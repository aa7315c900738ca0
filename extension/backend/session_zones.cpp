#include "backend/session_zones.hpp"

#include <cstring>

#include "backend/cursor.hpp"
#include "backend/trading_calendar.hpp"

namespace pg_candle {
namespace {

constexpr const char* default_zone = "Asia/Kolkata";

pg_tz* require_zone(const char* name, const char* calendar) {
    pg_tz* zone = pg_tzset(name);
    if (!zone)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("calendar \"%s\" has no known time zone", calendar), errdetail("\"%s\" is none.", name),
                        errhint("Correct trading_calendar.timezone; pg_timezone_names lists the zones.")));
    return zone;
}

}  // namespace

/// The one text that the query finds, palloc'd, or null: also where the table does not exist.
const char* SessionZones::look_up(SPIPlanPtr& plan, const char* table, const char* query, Oid type, Datum value) {
    const Oid relation = get_relname_relid(table, schema_);
    if (!OidIsValid(relation)) return nullptr;
    Oid user, owner = InvalidOid;
    int security;
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (HeapTupleIsValid(tuple)) {
        owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
        ReleaseSysCache(tuple);
    }
    GetUserIdAndSecContext(&user, &security);
    SetUserIdAndSecContext(owner, security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
    if (!plan) plan = prepare_query(psprintf(query, quote_qualified_identifier(get_namespace_name(schema_), table)), 1, &type, memory_);
    Datum values[] = {value};
    const char* found = nullptr;
    for_each_row(plan, values, nullptr, read_only_, 1, [&](const ResultRow& row) { found = row.text(1); });
    SetUserIdAndSecContext(user, security);
    return found;
}

pg_tz* SessionZones::of_calendar(const char* calendar) {
    for (const Known* one = known_; one; one = one->next)
        if (strcmp(one->calendar, calendar) == 0) return one->zone;
    const char* name = look_up(zone_, "trading_calendar", "SELECT timezone FROM %s WHERE calendar OPERATOR(pg_catalog.=) $1 ORDER BY valid_from DESC LIMIT 1",
                               TEXTOID, CStringGetTextDatum(calendar));
    auto* added = static_cast<Known*>(MemoryContextAlloc(memory_, sizeof(Known)));
    *added = {MemoryContextStrdup(memory_, calendar), require_zone(name ? name : default_zone, calendar), known_};
    known_ = added;
    return added->zone;
}

pg_tz* SessionZones::of_instrument(int32 instrument_id) {
    if (last_zone_ && last_instrument_ == instrument_id) return last_zone_;
    const char* segment = look_up(segment_, "instrument_master", "SELECT segment FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1", INT4OID,
                                  Int32GetDatum(instrument_id));
    last_zone_ = segment ? of_calendar(calendar_of_segment(segment)) : require_zone(default_zone, "24x7");
    last_instrument_ = instrument_id;
    return last_zone_;
}

}  // namespace pg_candle
