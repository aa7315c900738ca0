// The leader's side of a refresh in background workers; parallel_refresh_worker.cpp is the other one.
#include "backend/workers/parallel_refresh.hpp"

#include <algorithm>
#include <cstring>

#include "backend/workers/refresh_queue.hpp"

extern "C" {
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/wait_event.h"
}

namespace pg_candle {
namespace {

struct Workers {
    int count = 0;
    BackgroundWorkerHandle* handles[max_workers];
};

/// Puts the list into a new segment, which lasts as long as the caller's transaction.
dsm_segment* make_queue(Oid schema, const SeriesStatusList& list, int workers, int64 run) {
    Size texts = 0;
    for (int i = 0; i < list.count; ++i) texts += strlen(list.series[i].series.timeframe) + 1;
    const Size fixed = sizeof(RefreshQueue) + sizeof(RefreshQueue::Entry) * static_cast<Size>(list.count);
    dsm_segment* segment = dsm_create(fixed + texts, 0);
    auto* queue = static_cast<RefreshQueue*>(dsm_segment_address(segment));
    memset(queue, 0, sizeof *queue);
    queue->database = MyDatabaseId;
    queue->login = GetAuthenticatedUserId();
    GetUserIdAndSecContext(&queue->user, &queue->security);
    queue->schema = schema;
    queue->run = run;
    queue->count = list.count;
    queue->workers = workers;
    SpinLockInit(&queue->lock);
    pg_atomic_init_u32(&queue->next, 0);
    pg_atomic_init_u32(&queue->done, 0);
    pg_atomic_init_u32(&queue->failed, 0);
    pg_atomic_init_u64(&queue->rows, 0);
    Size text = fixed;
    for (int i = 0; i < list.count; ++i) {
        queue->entries()[i] = {list.series[i], static_cast<int32>(text), false};
        strcpy(reinterpret_cast<char*>(queue) + text, list.series[i].series.timeframe);
        text += strlen(list.series[i].series.timeframe) + 1;
    }
    return segment;
}

/// Runs when the segment goes, however that comes about: the workers must not outlive it.
void end_workers(dsm_segment*, Datum of) {
    auto* workers = reinterpret_cast<Workers*>(DatumGetPointer(of));
    for (int i = 0; i < workers->count; ++i) {
        TerminateBackgroundWorker(workers->handles[i]);
        pfree(workers->handles[i]);
    }
    pfree(workers);
}

Workers* start_workers(dsm_segment* segment, int wanted) {
    // As long as the process: an error must find them.
    MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
    auto* workers = static_cast<Workers*>(palloc0(sizeof(Workers)));
    on_dsm_detach(segment, end_workers, PointerGetDatum(workers));
    BackgroundWorker worker{};
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = BGW_NEVER_RESTART;
    worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
    worker.bgw_notify_pid = MyProcPid;
    snprintf(worker.bgw_library_name, BGW_MAXLEN, "pg_candle");
    snprintf(worker.bgw_function_name, BGW_MAXLEN, "pg_candle_refresh_worker");
    snprintf(worker.bgw_type, BGW_MAXLEN, "pg_candle refresh worker");
    for (int i = 0; i < std::min(wanted, max_workers); ++i) {
        snprintf(worker.bgw_name, BGW_MAXLEN, "pg_candle refresh worker %d of %d", i + 1, MyProcPid);
        const int number = i + 1;
        memcpy(worker.bgw_extra, &number, sizeof number);
        if (!RegisterDynamicBackgroundWorker(&worker, &workers->handles[workers->count])) break;
        ++workers->count;
    }
    MemoryContextSwitchTo(caller);
    return workers;
}

bool all_stopped(const Workers* workers) {
    for (int i = 0; i < workers->count; ++i) {
        pid_t pid;
        const BgwHandleStatus status = GetBackgroundWorkerPid(workers->handles[i], &pid);
        if (status == BGWH_POSTMASTER_DIED)
            ereport(FATAL, (errcode(ERRCODE_ADMIN_SHUTDOWN), errmsg("the postmaster has gone")));
        if (status != BGWH_STOPPED) return false;
    }
    return true;
}

}  // namespace

bool refresh_in_workers(Oid schema, const SeriesStatusList& list, int wanted, Progress& progress, int fresh, int64 run,
                        RefreshTotals* totals) {
    dsm_segment* segment = make_queue(schema, list, wanted, run);
    auto* queue = static_cast<RefreshQueue*>(dsm_segment_address(segment));
    const Workers* workers = start_workers(segment, std::min(wanted, list.count));
    if (workers->count == 0) {
        dsm_detach(segment);
        return false;
    }
    if (workers->count < std::min(wanted, list.count))
        ereport(NOTICE, (errmsg("%d of %d background workers could be started", workers->count, wanted),
                         errhint("Consider raising max_worker_processes.")));

    uint32 said = 0;
    for (bool stopped = false; !stopped;) {
        // Asked first: what a worker did before it stopped is then counted below.
        stopped = all_stopped(workers);
        const uint32 failed = pg_atomic_read_u32(&queue->failed);
        pg_read_barrier();
        for (; said < failed; ++said) {
            if (said == RefreshQueue::remembered_failures)
                ereport(WARNING, (errmsg("more series failed"), errhint("See indicator_state.error.")));
            if (said >= RefreshQueue::remembered_failures) continue;
            const Series series = queue->at(queue->failures[said].entry).series;
            ereport(WARNING, (errmsg("instrument %d, timeframe %s: %s", series.instrument_id, series.timeframe,
                                     queue->failures[said].message)));
        }
        progress.set(fresh + static_cast<int>(pg_atomic_read_u32(&queue->done)),
                     static_cast<int64>(pg_atomic_read_u64(&queue->rows)));
        if (stopped) break;
        WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 1000, PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
    }
    totals->done = static_cast<int>(pg_atomic_read_u32(&queue->done));
    totals->failed = static_cast<int>(pg_atomic_read_u32(&queue->failed));
    totals->rows = static_cast<int64>(pg_atomic_read_u64(&queue->rows));
    int room = 0;
    for (int i = 0; i < queue->count; ++i)
        if (queue->entries()[i].held) {
            SeriesStatus& held = append(totals->held.series, totals->held.count, room);
            held = queue->at(i);
            held.series.timeframe = pstrdup(held.series.timeframe);
        }
    dsm_detach(segment);
    return true;
}

}  // namespace pg_candle
