#include "backend/postgres/detaching.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_inherits.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
}

namespace pg_candle {
namespace {

/// How often a relation has changed, as far as this process has heard.
constinit uint64 relation_changes = 1;

void on_relation_change(Datum, Oid) { ++relation_changes; }

/// Of no table: of any.
bool look(Oid table) {
    bool found = false;
    Relation inherits = table_open(InheritsRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_inherits_inhparent, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
    const bool of_one = OidIsValid(table);
    SysScanDesc scan = systable_beginscan(inherits, InheritsParentIndexId, of_one, nullptr, of_one ? 1 : 0, &key);
    while (HeapTuple tuple = systable_getnext(scan))
        found |= reinterpret_cast<Form_pg_inherits>(GETSTRUCT(tuple))->inhdetachpending;
    systable_endscan(scan);
    table_close(inherits, AccessShareLock);
    return found;
}

}  // namespace

bool is_detaching(Oid table) { return look(table); }

bool anything_is_detaching() {
    static constinit bool listening = false, known = false;
    static constinit uint64 known_at = 0;
    if (!listening) CacheRegisterRelcacheCallback(on_relation_change, Datum{0});
    listening = true;
    // What we hear of while we look makes us look again.
    while (known_at != relation_changes) {
        const uint64 at = relation_changes;
        known = look(InvalidOid);
        known_at = at;
    }
    return known;
}

}  // namespace pg_candle
