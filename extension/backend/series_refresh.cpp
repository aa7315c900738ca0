#include "backend/series_refresh.hpp"

#include "backend/cursor.hpp"

extern "C" {
#include "utils/resowner.h"
}

namespace pg_candle {

SeriesRefresh::SeriesRefresh(Oid schema, bool beside_others) : engine_(schema, beside_others) {
    Oid types[] = {INT4OID, TEXTOID, TEXTOID};
    failed_ = prepare_query(psprintf("INSERT INTO %s AS s (instrument_id, timeframe, failures, failed_at, error) VALUES ($1, $2, 1, pg_catalog.now(), $3)"
                                     " ON CONFLICT (instrument_id, timeframe) DO UPDATE SET failures = s.failures OPERATOR(pg_catalog.+) 1,"
                                     " failed_at = EXCLUDED.failed_at, error = EXCLUDED.error",
                                     table_name(schema, "indicator_state")),
                            3, types, CurrentMemoryContext);
}

void SeriesRefresh::keep_due(KnownSeriesList& list) {
    int kept = 0;
    engine_.open();
    for (int i = 0; i < list.count; ++i) {
        CHECK_FOR_INTERRUPTS();
        if (!engine_.is_due(list.series[i])) continue;
        list.series[kept++] = list.series[i];
    }
    engine_.close();
    list.count = kept;
}

uint64 SeriesRefresh::columns_signature() {
    engine_.open();
    const uint64 signature = engine_.columns_signature();
    engine_.close();
    return signature;
}

Refreshed SeriesRefresh::refresh(const KnownSeries& known) {
    MemoryContext caller = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    // Written between PG_TRY and PG_CATCH.
    volatile int64 written = 0;
    ErrorData* volatile error = nullptr;

    // Nobody waits for the disk: what a crash takes away comes back with its rows of the log, and is computed again.
    set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(caller);
    PG_TRY();
    {
        engine_.open();
        if (engine_.is_due(known)) written = engine_.compute(known.series, {});
        engine_.close();
        ReleaseCurrentSubTransaction();
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(caller);
        error = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
        engine_.abandon();
    }
    PG_END_TRY();
    MemoryContextSwitchTo(caller);
    CurrentResourceOwner = owner;

    if (!error) return {written, nullptr};
    if (error->sqlerrcode == ERRCODE_QUERY_CANCELED || error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN) ReThrowError(error);
    note_failure(known.series, error->message);
    return {0, psprintf("%s%s%s", error->message, error->detail ? ": " : "", error->detail ? error->detail : "")};
}

void SeriesRefresh::note_failure(const Series& series, const char* error) {
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe), CStringGetTextDatum(error)};
    execute_query(failed_, values);
}

}  // namespace pg_candle
