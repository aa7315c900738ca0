// A background worker of refresh_indicators(workers => n); parallel_refresh.cpp starts it.
#include "backend/postgres/exception_boundary.hpp"
#include "backend/workers/background_transaction.hpp"
#include "backend/workers/refresh_progress_log.hpp"
#include "backend/workers/refresh_queue.hpp"

extern "C" {
#include "mb/pg_wchar.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "utils/resowner.h"
}

namespace pg_candle {
namespace {

void remember_failure(RefreshQueue* queue, int entry, const char* error) {
    RefreshQueue::Failure failure{entry, {}};
    memcpy(failure.message, error, pg_mbcliplen(error, static_cast<int>(strlen(error)), sizeof failure.message - 1));
    SpinLockAcquire(&queue->lock);
    const uint32 at = pg_atomic_read_u32(&queue->failed);
    if (at < RefreshQueue::remembered_failures) queue->failures[at] = failure;
    pg_write_barrier();
    pg_atomic_write_u32(&queue->failed, at + 1);
    SpinLockRelease(&queue->lock);
}

void work(RefreshQueue* queue, int worker) {
    MemoryContext memory = AllocSetContextCreate(TopMemoryContext, "pg_candle refresh worker", ALLOCSET_DEFAULT_SIZES);
    MemoryContext each = AllocSetContextCreate(memory, "pg_candle refresh worker, one series", ALLOCSET_DEFAULT_SIZES);
    GuardedRefresh* refresh = nullptr;
    RefreshProgressLog* run = nullptr;
    int done = 0, failed = 0;
    int64 rows = 0;
    const auto take = [&] { return static_cast<int>(pg_atomic_fetch_add_u32(&queue->next, 1)); };
    int next = take();
    in_transaction(queue->user, queue->security, [&] {
        MemoryContextSwitchTo(memory);
        refresh = new (palloc(sizeof(GuardedRefresh)))
            GuardedRefresh(queue->schema, SeriesComputation::Waits::never, queue->workers > 1);
        run = new (palloc(sizeof(RefreshProgressLog))) RefreshProgressLog(queue->schema);
        if (next >= queue->count) return;
        const Series first = queue->at(next).series;
        run->report(queue->run, worker, 0, 0, 0, &first);
    });
    while (next < queue->count) {
        CHECK_FOR_INTERRUPTS();
        const int entry = next;
        const SeriesStatus known = queue->at(entry);
        SeriesOutcome refreshed;
        in_transaction(queue->user, queue->security, [&] {
            MemoryContextSwitchTo(each);
            report_series(known.series);
            refreshed = refresh->refresh(known);
            done += refreshed.held ? 0 : 1;
            failed += refreshed.error ? 1 : 0;
            rows += refreshed.written;
            next = take();
            const Series following = next < queue->count ? queue->at(next).series : Series{};
            run->report(queue->run, worker, done, failed, rows, next < queue->count ? &following : nullptr);
        });
        if (refreshed.error) remember_failure(queue, entry, refreshed.error);
        queue->entries()[entry].held = refreshed.held;
        pg_atomic_fetch_add_u64(&queue->rows, refreshed.written);
        if (!refreshed.held) pg_atomic_fetch_add_u32(&queue->done, 1);
        MemoryContextReset(each);
    }
}

}  // namespace
}  // namespace pg_candle

extern "C" PGDLLEXPORT void pg_candle_refresh_worker(Datum handle);
extern "C" PGDLLEXPORT void pg_candle_refresh_worker(Datum handle) {
    using namespace pg_candle;
    accept_signals();
    CurrentResourceOwner = ResourceOwnerCreate(nullptr, "pg_candle refresh worker");
    dsm_segment* segment = dsm_attach(DatumGetUInt32(handle));
    if (!segment) return;  // whoever asked has gone
    auto* queue = static_cast<RefreshQueue*>(dsm_segment_address(segment));
    int worker;
    memcpy(&worker, MyBgworkerEntry->bgw_extra, sizeof worker);
    BackgroundWorkerInitializeConnectionByOid(queue->database, queue->login, 0);
    catch_exceptions([&] {
        work(queue, worker);
        return Datum{0};
    });
}
