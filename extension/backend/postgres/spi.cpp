#include "backend/postgres/spi.hpp"

#include "backend/postgres/detaching.hpp"

extern "C" {
#include "tcop/pquery.h"
#include "utils/date.h"
#include "utils/guc.h"
}

namespace pg_candle {

const char* const own_query = "/* pg_candle */ ";

namespace {
void free_plan(void* plan) { SPI_freeplan(static_cast<SPIPlanPtr>(plan)); }
}  // namespace

SPIPlanPtr prepare_query(const char* query, int count, Oid* types, MemoryContext memory) {
    MemoryContext caller = CurrentMemoryContext;
    SPIPlanPtr plan = SPI_prepare_cursor(psprintf("%s%s", own_query, query), count, types,
                                         CURSOR_OPT_GENERIC_PLAN | CURSOR_OPT_NO_SCROLL);
    MemoryContextSwitchTo(caller);
    if (!plan) elog(ERROR, "could not prepare a query: %s", SPI_result_code_string(SPI_result));
    if (memory) {
        SPI_keepplan(plan);
        auto* callback = static_cast<MemoryContextCallback*>(MemoryContextAlloc(memory, sizeof(MemoryContextCallback)));
        *callback = {free_plan, plan, nullptr};
        MemoryContextRegisterResetCallback(memory, callback);
    }
    return plan;
}

int run_query(SPIPlanPtr query, Datum* values, const char* nulls, bool read_only, long limit) {
    return without_wrong_pruning([&] { return SPI_execute_plan(query, values, nulls, read_only, limit); });
}

uint64 execute_query(SPIPlanPtr query, Datum* values, const char* nulls) {
    MemoryContext caller = CurrentMemoryContext;
    const int result = run_query(query, values, nulls, false, 0);
    if (result < 0) elog(ERROR, "could not execute a statement: %s", SPI_result_code_string(result));
    const uint64 processed = SPI_processed;
    SPI_freetuptable(SPI_tuptable);
    MemoryContextSwitchTo(caller);
    return processed;
}

namespace {
// Inside of ResultRow, `text` is not PostgreSQL's type.
char* cstring_of(Datum found) { return TextDatumGetCString(found); }
}  // namespace

Datum ResultRow::value(int column, Oid type, bool* null) const {
    const Oid has = SPI_gettypeid(desc_, column);
    if (has != type)
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                        errmsg("\"%s\" is of type %s, not %s", SPI_fname(desc_, column), format_type_be(has),
                               format_type_be(type)),
                        errhint("A table of pg_candle was changed meanwhile; repeat the call.")));
    return SPI_getbinval(tuple_, desc_, column, null);
}

bool ResultRow::is_null(int column) const {
    bool null;
    SPI_getbinval(tuple_, desc_, column, &null);
    return null;
}

bool ResultRow::boolean(int column, bool otherwise) const {
    bool null;
    const Datum found = value(column, BOOLOID, &null);
    return null ? otherwise : DatumGetBool(found);
}

int32 ResultRow::int4(int column, int32 otherwise) const {
    bool null;
    const Datum found = value(column, INT4OID, &null);
    return null ? otherwise : DatumGetInt32(found);
}

int64 ResultRow::int8(int column, int64 otherwise) const {
    bool null;
    const Datum found = value(column, INT8OID, &null);
    return null ? otherwise : DatumGetInt64(found);
}

TimestampTz ResultRow::time(int column, TimestampTz otherwise) const {
    bool null;
    const Datum found = value(column, TIMESTAMPTZOID, &null);
    return null ? otherwise : DatumGetTimestampTz(found);
}

int32 ResultRow::date(int column, int32 otherwise) const {
    bool null;
    const Datum found = value(column, DATEOID, &null);
    return null ? otherwise : DatumGetDateADT(found);
}

Oid ResultRow::oid(int column) const {
    bool null;
    const Datum found = value(column, OIDOID, &null);
    return null ? InvalidOid : DatumGetObjectId(found);
}

TransactionId ResultRow::transaction(int column) const {
    bool null;
    const Datum found = value(column, XIDOID, &null);
    return null ? InvalidTransactionId : DatumGetTransactionId(found);
}

char* ResultRow::text(int column) const {
    bool null;
    const Datum found = value(column, TEXTOID, &null);
    return null ? nullptr : cstring_of(found);
}

const bytea* ResultRow::bytes(int column) const {
    bool null;
    const Datum found = value(column, BYTEAOID, &null);
    return null ? nullptr : DatumGetByteaPCopy(found);
}

Portal open_ordered(SPIPlanPtr query, Datum* values, const char* nulls, bool read_only) {
    MemoryContext caller = CurrentMemoryContext;
    const int level = NewGUCNestLevel();
    set_config_option("enable_sort", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    set_config_option("jit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    Portal portal = without_wrong_pruning([&] { return SPI_cursor_open(nullptr, query, values, nulls, read_only); });
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
