// The static background worker. It holds no transaction and no connection to a database while it sleeps, so that
// databases can be dropped; database_pass.cpp is what it starts in them.
#include "backend/workers/launcher.hpp"

#include <algorithm>

#include "backend/postgres/exception_boundary.hpp"
#include "backend/postgres/settings.hpp"
#include "backend/workers/background_transaction.hpp"

extern "C" {
#include "access/xlog.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/varlena.h"
#include "utils/wait_event.h"
}

namespace pg_candle {

DatabaseSlot* database_slots() {
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    bool found;
    auto* rounds =
        static_cast<DatabaseSlot*>(ShmemInitStruct("pg_candle rounds", sizeof(DatabaseSlot) * max_databases, &found));
    if (!found) memset(rounds, 0, sizeof(DatabaseSlot) * max_databases);
    LWLockRelease(AddinShmemInitLock);
    return rounds;
}

namespace {

constexpr long sleep_after_work = 200;  // milliseconds in which e.g. DROP DATABASE finds nobody there
constexpr int longest_pause = 300;      // seconds, after failures

/// Reads a shared catalog row by row, as the autovacuum launcher does: without a database, indexes and caches may not
/// be there.
template <class Row, class Found>
bool find_in_catalog(Oid catalog, Found&& found) {
    Relation table = table_open(catalog, AccessShareLock);
    TableScanDesc scan = table_beginscan_catalog(table, 0, nullptr);
    bool is_there = false;
    while (HeapTuple tuple = heap_getnext(scan, ForwardScanDirection))
        if ((is_there = found(reinterpret_cast<Row>(GETSTRUCT(tuple))))) break;
    table_endscan(scan);
    table_close(table, AccessShareLock);
    return is_there;
}

/// A database of the list, in the launcher's own memory; its place is that of its DatabaseSlot.
struct DatabaseEntry {
    bool listed;
    BackgroundWorkerHandle* worker;  ///< of the round that is going on, or null
    XLogRecPtr started_at;           ///< where the WAL stood before that round,
    XLogRecPtr seen;                 ///< and before the last one that succeeded
    int failures;                    ///< rounds in a row
    TimestampTz not_before;
};

class Launcher {
public:
    Launcher() : rounds_(database_slots()) { memset(rounds_, 0, sizeof(DatabaseSlot) * max_databases); }

    /// Reads the settings. A database that stays in the list keeps what is known of it.
    void configure() {
        for (DatabaseEntry& one : watched_) {
            one.listed = false;
            one.not_before = 0;
        }
        List* names = NIL;
        SplitIdentifierString(pstrdup(settings.databases), ',', &names);
        ListCell* cell;
        foreach (cell, names) {
            const int place = find_place(static_cast<const char*>(lfirst(cell)));
            if (place >= 0) watched_[place].listed = true;
        }
    }

    /// Ends and starts rounds; returns for how many milliseconds there is nothing to do.
    long turn() {
        TimestampTz next = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), settings.naptime * 1000L);
        for (int i = 0; i < max_databases; ++i) {
            DatabaseEntry& one = watched_[i];
            if (one.worker && !finish(i)) continue;
            if (!one.listed) continue;
            if (is_due(i)) start(i);
            if (one.worker) continue;
            if (one.not_before > 0) next = std::min(next, one.not_before);
            if (rounds_[i].next_at > 0) next = std::min(next, std::max(rounds_[i].next_at, one.not_before));
        }
        return std::max(TimestampDifferenceMilliseconds(GetCurrentTimestamp(), next), 10L);
    }

private:
    int find_place(const char* name) {
        int free = -1;
        for (int i = 0; i < max_databases; ++i) {
            if (strcmp(NameStr(rounds_[i].database), name) == 0) return i;
            if (free < 0 && !watched_[i].listed && !watched_[i].worker) free = i;
        }
        if (free < 0) {
            ereport(LOG,
                    (errmsg("pg_candle.databases has more than %d names: \"%s\" is left out", max_databases, name)));
            return -1;
        }
        watched_[free] = {};
        rounds_[free] = {};
        namestrcpy(&rounds_[free].database, name);
        return free;
    }

    bool is_due(int i) {
        DatabaseEntry& one = watched_[i];
        const DatabaseSlot& round = rounds_[i];
        const TimestampTz now = GetCurrentTimestamp();
        if (one.not_before > now) return false;
        one.not_before = 0;
        if (round.next_at > 0 && round.next_at <= now) return true;
        // Whatever is committed, by whomever, moves the WAL.
        return one.failures > 0 || round.swept_at == 0 || GetXLogInsertRecPtr() != one.seen;
    }

    /// Why there can be no round; null if there can.
    const char* why_not_startable(int i) {
        if (!*settings.role) return "pg_candle.role is not set";
        bool superuser = false;
        const bool is_role = find_in_catalog<Form_pg_authid>(AuthIdRelationId, [&](Form_pg_authid role) {
            superuser = role->rolsuper;
            return strcmp(NameStr(role->rolname), settings.role) == 0;
        });
        if (!is_role) return "the role of pg_candle.role does not exist";
        if (superuser) return "the role of pg_candle.role is a superuser";
        const bool is_database = find_in_catalog<Form_pg_database>(DatabaseRelationId, [&](Form_pg_database database) {
            return strcmp(NameStr(database->datname), NameStr(rounds_[i].database)) == 0;
        });
        return is_database ? nullptr : "it does not exist";
    }

    void start(int i) {
        DatabaseEntry& one = watched_[i];
        StartTransactionCommand();
        const char* why = why_not_startable(i);
        CommitTransactionCommand();
        if (why) {
            rounds_[i].swept_at = 0;
            fail(i, why);
            return;
        }
        one.started_at = GetXLogInsertRecPtr();
        rounds_[i].succeeded = false;
        rounds_[i].next_at = 0;
        BackgroundWorker worker{};
        worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
        worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
        worker.bgw_restart_time = BGW_NEVER_RESTART;
        worker.bgw_main_arg = Int32GetDatum(i);
        worker.bgw_notify_pid = MyProcPid;
        snprintf(worker.bgw_library_name, BGW_MAXLEN, "pg_candle");
        snprintf(worker.bgw_function_name, BGW_MAXLEN, "pg_candle_round");
        snprintf(worker.bgw_type, BGW_MAXLEN, "pg_candle worker");
        snprintf(worker.bgw_name, BGW_MAXLEN, "pg_candle worker for %s", NameStr(rounds_[i].database));
        MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
        if (!RegisterDynamicBackgroundWorker(&worker, &one.worker)) {
            one.worker = nullptr;
            fail(i, "no background worker was free");
        }
        MemoryContextSwitchTo(caller);
    }

    /// Whether the round of this database is over.
    bool finish(int i) {
        DatabaseEntry& one = watched_[i];
        pid_t pid;
        const BgwHandleStatus status = GetBackgroundWorkerPid(one.worker, &pid);
        if (status == BGWH_STARTED || status == BGWH_NOT_YET_STARTED) return false;
        pfree(one.worker);
        one.worker = nullptr;
        if (!rounds_[i].succeeded) {
            fail(i, "its worker failed");
            return true;
        }
        const TimestampTz now = GetCurrentTimestamp();
        const bool unfinished = rounds_[i].next_at > 0 && rounds_[i].next_at <= now;
        one.seen = one.started_at;
        one.failures = 0;
        one.not_before = TimestampTzPlusMilliseconds(now, unfinished ? sleep_after_work : settings.naptime * 1000L);
        return true;
    }

    void fail(int i, const char* why) {
        DatabaseEntry& one = watched_[i];
        const int seconds = std::min(longest_pause, 1 << std::min(++one.failures, 20));
        one.not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), seconds * 1000L);
        ereport(LOG, (errmsg("pg_candle does not keep database \"%s\" fresh: %s", NameStr(rounds_[i].database), why),
                      errdetail("The next attempt is in %d s.", seconds)));
    }

    DatabaseSlot* rounds_;
    DatabaseEntry watched_[max_databases] = {};
};

[[noreturn]] void launch() {
    auto* launcher = new (palloc(sizeof(Launcher))) Launcher();
    MemoryContext each = AllocSetContextCreate(TopMemoryContext, "pg_candle launcher", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(each);
    launcher->configure();
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        if (ConfigReloadPending) {
            ConfigReloadPending = false;
            ProcessConfigFile(PGC_SIGHUP);
            launcher->configure();
        }
        const long pause = launcher->turn();
        MemoryContextSwitchTo(each);
        MemoryContextReset(each);
        WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, pause, PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
    }
}

}  // namespace

void register_launcher() {
    if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade) return;
    compat::when_shared_memory_is_requested([] { RequestAddinShmemSpace(sizeof(DatabaseSlot) * max_databases); });
    BackgroundWorker worker{};
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = 10;
    snprintf(worker.bgw_library_name, BGW_MAXLEN, "pg_candle");
    snprintf(worker.bgw_function_name, BGW_MAXLEN, "pg_candle_launcher");
    snprintf(worker.bgw_name, BGW_MAXLEN, "pg_candle launcher");
    snprintf(worker.bgw_type, BGW_MAXLEN, "pg_candle launcher");
    RegisterBackgroundWorker(&worker);
}

}  // namespace pg_candle

extern "C" PGDLLEXPORT void pg_candle_launcher(Datum);
extern "C" PGDLLEXPORT void pg_candle_launcher(Datum) {
    pg_candle::accept_signals();
    BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
    pg_candle::catch_exceptions([&] {
        pg_candle::launch();
        return Datum{0};
    });
}
