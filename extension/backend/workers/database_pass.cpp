// One round of the launcher in one database: everything that is due is refreshed, then the process ends.
#include <algorithm>

#include "backend/freshness/guarded_refresh.hpp"
#include "backend/postgres/exception_boundary.hpp"
#include "backend/postgres/settings.hpp"
#include "backend/postgres/spi.hpp"
#include "backend/postgres/subtransaction.hpp"
#include "backend/workers/background_transaction.hpp"
#include "backend/workers/launcher.hpp"

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
    for_each_row(
        prepare_query(
            "SELECT extnamespace FROM pg_catalog.pg_extension WHERE extname OPERATOR(pg_catalog.=) 'pg_candle'", 0,
            nullptr),
        nullptr, nullptr, true, 1, [&](const ResultRow& row) { schema = row.oid(1); });
    for (const char* table : {"candle_data", "indicator_data", "indicator_state", "indicator_checkpoint",
                              "candle_change", "dropped_candles"})
        if (!OidIsValid(get_relname_relid(table, schema))) return InvalidOid;
    return schema;
}

/// What every series depends on: the columns, and the zones of the calendars as far as the role may know them.
uint64 environment_of(Oid schema, GuardedRefresh& refresh) {
    const uint64 columns = refresh.columns_signature();
    const Oid calendars = get_relname_relid("trading_calendar", schema);
    if (!OidIsValid(calendars) || pg_class_aclcheck(calendars, GetUserId(), ACL_SELECT) != ACLCHECK_OK ||
        table_problem(schema, "trading_calendar"))
        return columns;
    uint64 zones = 0;
    for_each_row(prepare_query(psprintf("SELECT pg_catalog.hashtextextended(pg_catalog.string_agg(calendar || ' ' || "
                                        "timezone, ',' ORDER BY calendar, valid_from), 0) FROM %s",
                                        table_name(schema, "trading_calendar")),
                               0, nullptr),
                 nullptr, nullptr, true, 1, [&](const ResultRow& row) { zones = static_cast<uint64>(row.int8(1)); });
    return columns ^ zones;
}

/// What there is to do, newest first: the series of the log, or, where that may not be all (at first, every hour, and
/// after a change of what every series depends on), all that are not as they should be.
SeriesStatusList list_work(Oid schema, GuardedRefresh& refresh, DatabaseSlot* round) {
    const TimestampTz now = GetCurrentTimestamp();
    const uint64 environment = environment_of(schema, refresh);
    const bool sweep = round->swept_at == 0 || now - round->swept_at > sweep_every || round->environment != environment;
    refresh.expand_log();
    SeriesStatusList list = list_series_status(
        schema, {false, 0, nullptr}, sweep ? WhichSeries::known : WhichSeries::changed_only, SeriesOrder::newest_first);
    if (sweep) {
        round->swept_at = now;
        round->environment = environment;
    }
    refresh.keep_due(list);
    return list;
}

/// Series that were not read from their first candle on for longest, and when the first of them is due for that; at
/// most `most`. Those that fail wait as they do for all else.
SeriesStatusList list_to_verify(Oid schema, int most, TimestampTz* due_at) {
    SeriesStatusList list{};
    int room = 0;
    const TimestampTz now = GetCurrentTimestamp(), before = now - settings.verify_every * USECS_PER_SEC;
    SPIPlanPtr plan = prepare_query(psprintf("SELECT instrument_id::pg_catalog.int4, timeframe::pg_catalog.text, "
                                             "verified_at::pg_catalog.timestamptz FROM %s"
                                             " WHERE computed_through IS NOT NULL AND failures OPERATOR(pg_catalog.=) "
                                             "0 ORDER BY verified_at NULLS FIRST LIMIT %d",
                                             table_name(schema, "indicator_state"), most),
                                    0, nullptr);
    for_each_row(plan, nullptr, nullptr, true, 0, [&](const ResultRow& row) {
        const TimestampTz verified = row.time(3, DT_NOBEGIN);
        const Series series{row.int4(1), row.text(2)};
        if (row.is_null(1) || !series.timeframe || !is_timeframe(series.timeframe)) return;
        if (verified > before) {
            if (*due_at == 0) *due_at = verified + settings.verify_every * USECS_PER_SEC;
            return;
        }
        SeriesStatus& known = append(list.series, list.count, room);
        known = {};
        known.series = series;
        *due_at = now;
    });
    return list;
}

class DatabaseRound {
public:
    explicit DatabaseRound(DatabaseSlot* round) : round_(round) {
        memory_ = AllocSetContextCreate(TopMemoryContext, "pg_candle round", ALLOCSET_DEFAULT_SIZES);
        each_ = AllocSetContextCreate(memory_, "pg_candle round, one series", ALLOCSET_DEFAULT_SIZES);
    }

    void go() {
        const TimestampTz started = GetCurrentTimestamp();
        SeriesStatusList list{};
        pgstat_report_activity(STATE_RUNNING, "looking for candles that changed");
        in_transaction(InvalidOid, 0, [&] {
            // Our statements mean PostgreSQL's own operators.
            set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SET, true, 0,
                              false);
            if (superuser())
                ereport(ERROR,
                        (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("pg_candle.role must not be a superuser")));
            schema_ = find_schema();
            if (!OidIsValid(schema_)) {
                round_->swept_at = started;
                return;
            }
            MemoryContextSwitchTo(memory_);
            refresh_ = new (palloc(sizeof(GuardedRefresh))) GuardedRefresh(schema_, SeriesComputation::Waits::never);
            list = list_work(schema_, *refresh_, round_);
        });
        const TimestampTz listed = GetCurrentTimestamp();
        // Long work is cut, so that nobody waits long for a database without connections; but listing must not be the
        // larger part.
        until_ = listed + std::max<int64>(shortest_budget, 8 * (listed - started));
        if (OidIsValid(schema_)) {
            const bool finished = work_off(list, listed);
            in_transaction(InvalidOid, 0, [&] {
                MemoryContextSwitchTo(each_);
                // A row that somebody holds is tidied up another time.
                try_in_subtransaction([&] { refresh_->tidy_log(list); });
            });
            MemoryContextReset(each_);
            if (finished && settings.verify_every > 0) verify(listed);
        }
        round_->next_at = next_at_;
        // Where no failure can be noted, the whole database waits longer each time.
        round_->succeeded = all_noted_;
    }

private:
    void come_back_at(TimestampTz at) { next_at_ = next_at_ == 0 ? at : std::min(next_at_, at); }

    /// Refreshes one series in a transaction of its own.
    void refresh(const SeriesStatus& known, const SeriesComputation::Options& options) {
        in_transaction(InvalidOid, 0, [&] {
            MemoryContextSwitchTo(each_);
            report_series(known.series);
            const SeriesOutcome refreshed = refresh_->refresh(known, options);
            if (refreshed.error)
                ereport(LOG, (errmsg("instrument %d, timeframe %s: %s", known.series.instrument_id,
                                     known.series.timeframe, refreshed.error)));
            else if (options.verify && refreshed.written > 0)
                ereport(LOG, (errmsg("instrument %d, timeframe %s had changed unnoticed: " INT64_FORMAT
                                     " rows of indicators were put right",
                                     known.series.instrument_id, known.series.timeframe, refreshed.written)));
            if (refreshed.error || refreshed.held) come_back_at(GetCurrentTimestamp() + USECS_PER_SEC);
            all_noted_ = all_noted_ && refreshed.noted;
        });
        MemoryContextReset(each_);
    }

    /// False if time was up before the end of the list.
    bool work_off(const SeriesStatusList& list, TimestampTz listed) {
        for (int i = 0; i < list.count; ++i) {
            CHECK_FOR_INTERRUPTS();
            const SeriesStatus& known = list.series[i];
            if (known.retry_at > listed) {
                come_back_at(known.retry_at);
                continue;
            }
            if (GetCurrentTimestamp() > until_) {
                come_back_at(listed);
                round_->swept_at = 0;  // what is left need not be in the log
                return false;
            }
            refresh(known, {});
            if (!all_noted_) {
                round_->swept_at = 0;
                return false;
            }
        }
        return true;
    }

    /// With nothing else to do: some series are read from their first candle on, so that even what nobody could notice
    /// heals.
    void verify(TimestampTz listed) {
        constexpr int a_few = 4;
        SeriesStatusList list{};
        TimestampTz due_at = 0;
        in_transaction(InvalidOid, 0, [&] {
            MemoryContextSwitchTo(memory_);
            list = list_to_verify(schema_, a_few, &due_at);
        });
        SeriesComputation::Options options;
        options.verify = true;
        for (int i = 0; i < list.count && GetCurrentTimestamp() <= until_; ++i) refresh(list.series[i], options);
        if (due_at > 0) come_back_at(std::max(due_at, listed + USECS_PER_SEC * settings.naptime));
    }

    DatabaseSlot* round_;
    MemoryContext memory_, each_;
    Oid schema_ = InvalidOid;
    GuardedRefresh* refresh_ = nullptr;
    TimestampTz until_ = 0, next_at_ = 0;
    bool all_noted_ = true;
};

}  // namespace
}  // namespace pg_candle

extern "C" PGDLLEXPORT void pg_candle_round(Datum place);
extern "C" PGDLLEXPORT void pg_candle_round(Datum place) {
    using namespace pg_candle;
    accept_signals();
    DatabaseSlot* round = database_slots() + DatumGetInt32(place);
    BackgroundWorkerInitializeConnection(NameStr(round->database), settings.role, 0);
    catch_exceptions([&] {
        DatabaseRound(round).go();
        return Datum{0};
    });
}
