#include "backend/catalog/session_zones.hpp"

#include <cstring>

#include "backend/catalog/tables.hpp"
#include "backend/catalog/trading_calendar.hpp"
#include "backend/postgres/owner_rights.hpp"
#include "backend/postgres/spi.hpp"

namespace pg_candle {
namespace {

constexpr const char* default_zone = "Asia/Kolkata";

}  // namespace

/// The one text that the query finds, palloc'd, or null: also where the table does not exist.
const char* SessionZones::look_up(SPIPlanPtr& plan, const char* table, const char* query, Oid type, Datum value) {
    const Oid relation = get_relname_relid(table, schema_);
    if (!OidIsValid(relation)) return nullptr;
    const char* found = nullptr;
    with_owner_rights(relation, [&] {
        if (!plan) plan = prepare_query(psprintf(query, table_name(schema_, table)), 1, &type, memory_);
        Datum values[] = {value};
        for_each_row(plan, values, nullptr, read_only_, 1, [&](const ResultRow& row) { found = row.text(1); });
    });
    return found;
}

const SessionZones::Known* SessionZones::find_calendar(const char* calendar) {
    for (const Known* one = known_; one; one = one->next)
        if (strcmp(one->calendar, calendar) == 0) return one;
    const char* name = look_up(zone_, "trading_calendar",
                               "SELECT timezone::pg_catalog.text FROM %s WHERE calendar OPERATOR(pg_catalog.=) $1 "
                               "ORDER BY valid_from DESC LIMIT 1",
                               TEXTOID, CStringGetTextDatum(calendar));
    if (!name) name = default_zone;
    auto* added = static_cast<Known*>(MemoryContextAlloc(memory_, sizeof(Known)));
    *added = {MemoryContextStrdup(memory_, calendar), MemoryContextStrdup(memory_, name), pg_tzset(name), known_};
    known_ = added;
    return added;
}

const SessionZones::Known* SessionZones::find_instrument(int32 instrument_id) {
    if (last_ && last_instrument_ == instrument_id) return last_;
    const char* segment =
        look_up(segment_, "instrument_master",
                "SELECT segment::pg_catalog.text FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1", INT4OID,
                Int32GetDatum(instrument_id));
    // Of an instrument that nobody knows nothing is known but the default.
    static constinit Known unknown{"", default_zone, nullptr, nullptr};
    if (!segment) unknown.zone = pg_tzset(default_zone);
    last_ = segment ? find_calendar(calendar_of_segment(segment)) : &unknown;
    last_instrument_ = instrument_id;
    return last_;
}

bool SessionZones::knows(int32 instrument_id) { return find_instrument(instrument_id)->zone; }

pg_tz* SessionZones::of_instrument(int32 instrument_id) {
    const Known* found = find_instrument(instrument_id);
    if (!found->zone)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("calendar \"%s\" has no known time zone", found->calendar),
                        errdetail("\"%s\" is none.", found->name),
                        errhint("Correct trading_calendar.timezone; pg_timezone_names lists the zones.")));
    return found->zone;
}

}  // namespace pg_candle
