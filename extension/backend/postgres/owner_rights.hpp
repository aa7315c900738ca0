#pragma once
#include "backend/postgres/compat.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace pg_candle {

/// Runs `body` with the rights of a table's owner, past row security, as a foreign key's check does: for what is looked
/// up without being shown, and for the log. What the owner put on the table (a trigger, a rule, a policy) runs with no
/// more than his own rights, and leaves nothing that has an effect once the caller's are back: the operation is
/// restricted, and settings are restored, as in VACUUM. An error restores the user, too, with the (sub)transaction.
template <class Body>
void with_owner_rights(Oid table, Body&& body) {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
    if (!HeapTupleIsValid(tuple)) return;
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    Oid user;
    int security;
    GetUserIdAndSecContext(&user, &security);
    SetUserIdAndSecContext(
        owner, security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS);
    const int settings_level = NewGUCNestLevel();
    body();
    AtEOXact_GUC(false, settings_level);
    SetUserIdAndSecContext(user, security);
}

}  // namespace pg_candle
