// One round of the launcher in one database: everything that is due is refreshed, then the process ends.
#include <algorithm>

#include "backend/boundary.hpp"
#include "backend/cursor.hpp"
#include "backend/launcher.hpp"
#include "backend/settings.hpp"
#include "backend/series_refresh.hpp"
#include "backend/worker.hpp"

extern "C" {
#include "postmaster/bgworker.h"
#include "utils/acl.h"
}

namespace pg_candle {
namespace {

constexpr int64 sweep_every = USECS_PER_HOUR;
constexpr int64 shortest_budget = 2 * USECS_PER_SEC;

/// The schema of the extension's tables, or invalid if there is nothing to keep fresh here.
Oid find_schema() {
    Oid schema = InvalidOid;
    for_each_row(prepare_query("SELECT extnamespace FROM pg_catalog.pg_extension WHERE extname OPERATOR(pg_catalog.=) 'pg_candle'", 0, nullptr), nullptr, nullptr,
                 true, 1, [&](const ResultRow& row) { schema = DatumGetObjectId(row[1].value); });
    for (const char* table : {"candle_data", "indicator_data", "indicator_state", "indicator_checkpoint", "candle_change"})
        if (!OidIsValid(get_relname_relid(table, schema))) return InvalidOid;
    return schema;
}

/// What every series depends on: the columns, and the zones of the calendars as far as the role may know them.
uint64 environment_of(Oid schema, SeriesRefresh& refresh) {
    const uint64 columns = refresh.columns_signature();
    const Oid calendars = get_relname_relid("trading_calendar", schema);
    if (!OidIsValid(calendars) || pg_class_aclcheck(calendars, GetUserId(), ACL_SELECT) != ACLCHECK_OK) return columns;
    uint64 zones = 0;
    for_each_row(prepare_query(psprintf("SELECT pg_catalog.hashtextextended(pg_catalog.string_agg(calendar || ' ' || timezone, ',' ORDER BY calendar, valid_from), 0) FROM %s",
                                        table_name(schema, "trading_calendar")), 0, nullptr), nullptr, nullptr, true, 1,
                 [&](const ResultRow& row) { zones = row[1].isnull ? 0 : static_cast<uint64>(DatumGetInt64(row[1].value)); });
    return columns ^ zones;
}

/// What there is to do, newest first: the series of the log, or, where that may not be all (at first, every hour, and after a change
/// of what every series depends on), all that are not as they should be.
KnownSeriesList list_work(Oid schema, SeriesRefresh& refresh, Round* round) {
    const TimestampTz now = GetCurrentTimestamp();
    const uint64 environment = environment_of(schema, refresh);
    const bool sweep = round->swept_at == 0 || now - round->swept_at > sweep_every || round->environment != environment;
    KnownSeriesList list = list_known_series(schema, {false, 0, nullptr}, sweep ? WhichSeries::known : WhichSeries::changed_only, SeriesOrder::newest_first);
    if (sweep) {
        round->swept_at = now;
        round->environment = environment;
    }
    refresh.keep_due(list);
    return list;
}

void go_round(Round* round) {
    MemoryContext memory = AllocSetContextCreate(TopMemoryContext, "pg_candle round", ALLOCSET_DEFAULT_SIZES);
    MemoryContext each = AllocSetContextCreate(memory, "pg_candle round, one series", ALLOCSET_DEFAULT_SIZES);
    const TimestampTz started = GetCurrentTimestamp();
    SeriesRefresh* refresh = nullptr;
    KnownSeriesList list{0, nullptr};
    pgstat_report_activity(STATE_RUNNING, "looking for candles that changed");
    in_transaction(InvalidOid, 0, [&] {
        // Our statements mean PostgreSQL's own operators.
        set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SET, true, 0, false);
        if (superuser()) ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("pg_candle.role must not be a superuser")));
        const Oid schema = find_schema();
        if (!OidIsValid(schema)) {
            round->swept_at = started;
            return;
        }
        MemoryContextSwitchTo(memory);
        refresh = new (palloc(sizeof(SeriesRefresh))) SeriesRefresh(schema);
        list = list_work(schema, *refresh, round);
    });
    const TimestampTz listed = GetCurrentTimestamp();
    // Long work is cut, so that nobody waits long for a database without connections; but listing must not be the larger part.
    const TimestampTz until = listed + std::max<int64>(shortest_budget, 8 * (listed - started));
    TimestampTz next_at = 0;
    for (int i = 0; i < list.count; ++i) {
        CHECK_FOR_INTERRUPTS();
        const KnownSeries& known = list.series[i];
        if (known.waiting_until > listed) {
            next_at = next_at == 0 ? known.waiting_until : std::min(next_at, known.waiting_until);
            continue;
        }
        if (GetCurrentTimestamp() > until) {
            next_at = listed;
            round->swept_at = 0;  // what is left need not be in the log
            break;
        }
        in_transaction(InvalidOid, 0, [&] {
            MemoryContextSwitchTo(each);
            report_series(known.series);
            const Refreshed refreshed = refresh->refresh(known);
            if (!refreshed.error) return;
            ereport(LOG, (errmsg("instrument %d, timeframe %s: %s", known.series.instrument_id, known.series.timeframe, refreshed.error)));
            next_at = listed + USECS_PER_SEC;
        });
        MemoryContextReset(each);
    }
    round->next_at = next_at;
    round->succeeded = true;
}

}  // namespace
}  // namespace pg_candle

extern "C" PGDLLEXPORT void pg_candle_round(Datum place);
extern "C" PGDLLEXPORT void pg_candle_round(Datum place) {
    using namespace pg_candle;
    accept_signals();
    Round* round = shared_rounds() + DatumGetInt32(place);
    BackgroundWorkerInitializeConnection(NameStr(round->database), settings.role, 0);
    boundary([&] {
        go_round(round);
        return Datum{0};
    });
}
