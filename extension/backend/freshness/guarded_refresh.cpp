#include "backend/freshness/guarded_refresh.hpp"

#include <algorithm>

#include "backend/catalog/change_capture.hpp"
#include "backend/postgres/spi.hpp"
#include "backend/postgres/subtransaction.hpp"

extern "C" {
#include "storage/proc.h"
}

namespace pg_candle {
namespace {

/// Series that share a subtransaction: each costs an entry in a cache that every other session's snapshots search.
constexpr int batch = 64;

/// How long those wait for a lock who must not wait, in milliseconds.
constexpr int patience = 100;

}  // namespace

GuardedRefresh::GuardedRefresh(Oid schema, SeriesComputation::Waits waits, bool expect_concurrent_writers)
    : computation_(schema, waits, expect_concurrent_writers), log_(schema, Consumer::indicators, CurrentMemoryContext) {
    Oid types[] = {INT4OID, TEXTOID, TEXTOID};
    failed_ = prepare_query(
        psprintf("INSERT INTO %s AS s (instrument_id, timeframe, failures, failed_at, error) VALUES ($1, $2, 1, "
                 "pg_catalog.now(), $3)"
                 " ON CONFLICT (instrument_id, timeframe) DO UPDATE SET failures = s.failures OPERATOR(pg_catalog.+) 1,"
                 " failed_at = EXCLUDED.failed_at, error = EXCLUDED.error",
                 table_name(schema, "indicator_state")),
        3, types, CurrentMemoryContext);
}

void GuardedRefresh::keep_due(SeriesStatusList& list) {
    int kept = 0;
    computation_.open();
    for (int i = 0; i < list.count; ++i) {
        CHECK_FOR_INTERRUPTS();
        if (!computation_.is_due(list.series[i])) continue;
        list.series[kept++] = list.series[i];
    }
    computation_.close();
    list.count = kept;
}

void GuardedRefresh::expand_log() {
    TakesChanges takes;
    log_.expand();
    takes.end();
}

uint64 GuardedRefresh::columns_signature() {
    computation_.open();
    const uint64 signature = computation_.columns_signature();
    computation_.close();
    return signature;
}

void GuardedRefresh::notice_log_gap() {
    computation_.open();
    const char* gap = computation_.log_gap();
    computation_.close();
    if (gap) pg_candle::notice_log_gap(gap);
}

/// Computes what is due, in an SPI connection of its own: what the engine prepares for a while goes with it.
int64 GuardedRefresh::compute(const SeriesStatus* series, int count, const SeriesComputation::Options& options) {
    int64 written = 0;
    SPI_connect();
    computation_.open();
    for (int i = 0; i < count; ++i) {
        CHECK_FOR_INTERRUPTS();
        if (options.all() || computation_.is_due(series[i])) written += computation_.compute(series[i].series, options);
    }
    computation_.close();
    SPI_finish();
    return written;
}

int64 GuardedRefresh::compute_all(const SeriesStatusList& list, const SeriesComputation::Options& options) {
    SeriesStatusList due = list;
    if (!options.all()) {
        due.series = static_cast<SeriesStatus*>(
            MemoryContextAllocHuge(CurrentMemoryContext, sizeof(SeriesStatus) * static_cast<Size>(list.count + 1)));
        std::copy_n(list.series, list.count, due.series);
        keep_due(due);
    }
    TakesChanges takes;
    int64 total = 0;
    if (list.count == 1) total = compute(due.series, due.count, options);
    for (int first = 0; list.count > 1 && first < due.count; first += batch) {
        const int count = std::min(batch, due.count - first);
        volatile int64 written = 0;
        ErrorData* error = try_in_subtransaction([&] { written = compute(due.series + first, count, options); });
        if (!error) {
            total += written;
            continue;
        }
        // One of them; the others are fine by themselves.
        computation_.abandon();
        for (int i = first; i < first + count; ++i) {
            const Series& series = due.series[i].series;
            written = 0;
            error = try_in_subtransaction([&] { written = compute(due.series + i, 1, options); });
            if (!error) {
                total += written;
                continue;
            }
            computation_.abandon();
            if (!is_of_data(error)) ReThrowError(error);
            const bool may_be_unseen = IsolationUsesXactSnapshot() && error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION;
            const char* hint = may_be_unseen ? "Under REPEATABLE READ, rows that another session has written since the "
                                               "transaction began are not seen. Repeat the transaction."
                                             : error->hint;
            ereport(WARNING, (errmsg("instrument %d, timeframe %s is left as it is: %s", series.instrument_id,
                                     series.timeframe, error->message),
                              error->detail ? errdetail("%s", error->detail) : 0, hint ? errhint("%s", hint) : 0));
        }
    }
    takes.end();
    due.gone = list.gone;
    due.empty = list.empty;
    tidy_log(due);
    return total;
}

SeriesOutcome GuardedRefresh::refresh(const SeriesStatus& known, const SeriesComputation::Options& options) {
    // Written between PG_TRY and PG_CATCH.
    volatile int64 written = 0;
    // Nobody waits for the disk: what a crash takes away comes back with its rows of the log, and is computed again.
    // Nor for others.
    set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
    if (LockTimeout == 0 || LockTimeout > patience)
        set_config_option("lock_timeout", psprintf("%d", patience), PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true,
                          0, false);
    TakesChanges takes;
    const ErrorData* error = nullptr;
    for (int attempts = 0; attempts < 2; ++attempts) {
        error = try_in_subtransaction([&] { written = compute(&known, 1, options); });
        if (!error) break;
        computation_.abandon();
        // A row that another session wrote meanwhile is there to be seen when we waited for its end.
        if (error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION) break;
    }
    takes.end();
    if (!error) return {written, false, nullptr};
    if (is_held(error)) return {0, true, nullptr};
    const bool noted = note_failure(known.series, error->message);
    return {0, false, text_of(error), noted};
}

bool GuardedRefresh::note_failure(const Series& series, const char* error) {
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe),
                      CStringGetTextDatum(error)};
    const ErrorData* failure = try_in_subtransaction([&] { execute_query(failed_, values); });
    if (failure)
        ereport(LOG, (errmsg("the failure of instrument %d, timeframe %s could not be noted: %s", series.instrument_id,
                             series.timeframe, failure->message)));
    return !failure;
}

void GuardedRefresh::tidy_log(const SeriesStatusList& list) {
    if (list.count == 0 && list.gone.count == 0 && list.empty.count == 0) return;
    auto* worked_on = static_cast<Series*>(
        MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Series) * static_cast<Size>(list.count + 1)));
    for (int i = 0; i < list.count; ++i) worked_on[i] = list.series[i].series;
    TakesChanges takes;
    log_.compact(worked_on, list.count);
    pfree(worked_on);
    // Under REPEATABLE READ a row that somebody changed meanwhile would be an error.
    if ((list.gone.count > 0 || list.empty.count > 0) && !IsolationUsesXactSnapshot()) {
        computation_.open();
        for (int i = 0; i < list.gone.count; ++i) {
            CHECK_FOR_INTERRUPTS();
            computation_.forget(list.gone.series[i]);
        }
        for (int i = 0; i < list.empty.count; ++i) {
            CHECK_FOR_INTERRUPTS();
            computation_.forget_state(list.empty.series[i]);
        }
        computation_.close();
    }
    takes.end();
}

}  // namespace pg_candle
