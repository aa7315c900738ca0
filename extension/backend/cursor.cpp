#include "backend/cursor.hpp"

extern "C" {
#include "tcop/pquery.h"
#include "utils/guc.h"
}

namespace pg_candle {

namespace {
void free_plan(void* plan) { SPI_freeplan(static_cast<SPIPlanPtr>(plan)); }
}  // namespace

SPIPlanPtr prepare_query(const char* query, int count, Oid* types, MemoryContext memory) {
    MemoryContext caller = CurrentMemoryContext;
    SPIPlanPtr plan = SPI_prepare_cursor(query, count, types, CURSOR_OPT_GENERIC_PLAN | CURSOR_OPT_NO_SCROLL);
    MemoryContextSwitchTo(caller);
    if (!plan) elog(ERROR, "could not prepare \"%s\": %s", query, SPI_result_code_string(SPI_result));
    if (memory) {
        SPI_keepplan(plan);
        auto* callback = static_cast<MemoryContextCallback*>(MemoryContextAlloc(memory, sizeof(MemoryContextCallback)));
        *callback = {free_plan, plan, nullptr};
        MemoryContextRegisterResetCallback(memory, callback);
    }
    return plan;
}

uint64 execute_query(SPIPlanPtr query, Datum* values, const char* nulls) {
    MemoryContext caller = CurrentMemoryContext;
    const int result = SPI_execute_plan(query, values, nulls, false, 0);
    if (result < 0) elog(ERROR, "could not execute a statement: %s", SPI_result_code_string(result));
    const uint64 processed = SPI_processed;
    SPI_freetuptable(SPI_tuptable);
    MemoryContextSwitchTo(caller);
    return processed;
}

Portal open_ordered(SPIPlanPtr query, Datum* values, const char* nulls, bool read_only) {
    MemoryContext caller = CurrentMemoryContext;
    const int level = NewGUCNestLevel();
    set_config_option("enable_sort", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    set_config_option("jit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    Portal portal = SPI_cursor_open(nullptr, query, values, nulls, read_only);
    AtEOXact_GUC(true, level);
    MemoryContextSwitchTo(caller);
    return portal;
}

void fetch_into(Portal portal, int count, DestReceiver* receiver) {
    PortalRunFetch(portal, FETCH_FORWARD, count, receiver);
}

void fetch_all(Portal portal, DestReceiver* receiver) {
    constexpr uint64 rows_per_fetch = 8192;
    do CHECK_FOR_INTERRUPTS();
    while (PortalRunFetch(portal, FETCH_FORWARD, rows_per_fetch, receiver) == rows_per_fetch);
    SPI_cursor_close(portal);
}

namespace {
void no_startup(DestReceiver*, int, TupleDesc) {}
void no_shutdown(DestReceiver*) {}
}  // namespace

DestReceiver make_receiver(bool (*receive)(TupleTableSlot*, DestReceiver*)) {
    return {receive, no_startup, no_shutdown, no_shutdown, DestNone};
}

}  // namespace pg_candle
