#include "backend/catalog/row_security.hpp"

#include "backend/catalog/tables.hpp"
#include "backend/postgres/owner_rights.hpp"
#include "backend/postgres/spi.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/rls.h"
}

namespace pg_candle {
namespace {

/// Whether a role may see less of the table than its owner: by a policy, or because a view or a foreign server answers
/// each as it likes.
bool may_hide_rows(Oid table) {
    if (check_enable_rls(table, InvalidOid, true) == RLS_ENABLED) return true;
    const auto decides_itself = [](Oid relation) {
        const char kind = get_rel_relkind(relation);
        return kind == RELKIND_VIEW || kind == RELKIND_FOREIGN_TABLE;
    };
    if (decides_itself(table)) return true;
    if (!has_subclass(table)) return false;
    ListCell* cell;
    foreach (cell, find_all_inheritors(table, NoLock, nullptr))
        if (decides_itself(lfirst_oid(cell))) return true;
    return false;
}

/// Whether the caller sees fewer rows, by a query that counts them, than the table's owner.
bool hides_rows(Oid table, const char* query, int arguments, Oid* types, Datum* values, const char* nulls) {
    const auto count = [&] {
        int64 rows = 0;
        SPIPlanPtr plan = prepare_query(query, arguments, types);
        for_each_row(plan, values, nulls, false, 1, [&](const ResultRow& row) { rows = row.int8(1); });
        SPI_freeplan(plan);
        return rows;
    };
    const int64 seen = count();
    int64 all = 0;
    with_owner_rights(table, [&] { all = count(); });
    return seen != all;
}

}  // namespace

bool hides_candles(Oid schema, const Series& series) {
    const Oid candles = find_table(schema, "candle_data");
    if (!may_hide_rows(candles)) return false;
    Oid types[] = {INT4OID, TEXTOID};
    Datum values[] = {Int32GetDatum(series.instrument_id),
                      series.timeframe ? CStringGetTextDatum(series.timeframe) : Datum{0}};
    const char nulls[] = {' ', series.timeframe ? ' ' : 'n'};
    return hides_rows(candles,
                      psprintf("SELECT pg_catalog.count(*) FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1"
                               " AND ($2 IS NULL OR timeframe OPERATOR(pg_catalog.=) $2)",
                               table_name(schema, "candle_data")),
                      2, types, values, nulls);
}

const char* hidden_candles() {
    return psprintf("Role \"%s\" does not see all of its candles, so nothing right can be stored.",
                    GetUserNameFromId(GetUserId(), false));
}

void require_whole_calendars(Oid schema) {
    for (const char* name : {"trading_calendar", "trading_holiday", "special_session"}) {
        const Oid table = find_table(schema, name);
        if (!may_hide_rows(table)) continue;
        const char* quoted = table_name(schema, name);
        if (!hides_rows(table, psprintf("SELECT pg_catalog.count(*) FROM %s", quoted), 0, nullptr, nullptr, nullptr))
            continue;
        ereport(ERROR,
                (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                 errmsg("role \"%s\" does not see all rows of %s", GetUserNameFromId(GetUserId(), false), quoted),
                 errdetail("Candles that are derived with other sessions than everybody's would be wrong."),
                 errhint("Let a role do it that sees all of the calendars.")));
    }
}

}  // namespace pg_candle
