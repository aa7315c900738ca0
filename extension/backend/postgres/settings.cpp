#include "backend/postgres/settings.hpp"

#include "backend/postgres/compat.hpp"
#include "backend/postgres/text_input.hpp"

extern "C" {
#include "access/parallel.h"
#include "access/xact.h"
#include "utils/guc.h"
#include "utils/varlena.h"
}

namespace pg_candle {

constinit Settings settings{};

namespace {

// A wrong setting in a file must not keep sessions from starting: it is refused, not an error.
/// A parallel worker takes what its leader has checked, before it knows of time zones; so does a process that has begun
/// no transaction yet. What nobody checked is an error where it is used.
bool can_be_read(const char* text, PGFunction input) {
    return !*text || InitializingParallelWorker || !IsTransactionState() || is_taken_by(input, text);
}

bool check_now(char** value, void**, GucSource) {
    if (can_be_read(*value, timestamptz_in)) return true;
    GUC_check_errdetail("It is no timestamp with time zone.");
    return false;
}

bool check_stale_after(char** value, void**, GucSource) {
    if (can_be_read(*value, interval_in)) return true;
    GUC_check_errdetail("It is no interval.");
    return false;
}

/// A value that was set before this library was loaded was not checked then, and would be dropped with a warning.
void check_early(const char* name, PGFunction input, const char* type) {
    const char* value = GetConfigOption(name, true, false);
    if (process_shared_preload_libraries_in_progress || !value || can_be_read(value, input)) return;
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("invalid value for parameter \"%s\": \"%s\"", name, value), errdetail("It is no %s.", type),
                    errhint("RESET %s;", name)));
}

bool check_databases(char** value, void**, GucSource) {
    List* names = NIL;
    char* text = pstrdup(*value);
    const bool readable = SplitIdentifierString(text, ',', &names);
    if (!readable) GUC_check_errdetail("List syntax is invalid.");
    list_free(names);
    pfree(text);
    return readable;
}

}  // namespace

void declare_settings() {
    check_early("pg_candle.now", timestamptz_in, "timestamp with time zone");
    check_early("pg_candle.stale_after", interval_in, "interval");
    DefineCustomBoolVariable("pg_candle.log_changes", "Lets the triggers of candle_data fill candle_change.",
                             "Turned off by sessions that log their changes themselves.", &settings.log_changes, true,
                             PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("pg_candle.log_indicator_changes",
                             "Lets the triggers of indicator_data fill candle_change.",
                             "Turned off while pg_candle itself writes rows.", &settings.log_indicator_changes, true,
                             PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("pg_candle.take_changes",
                             "Says that rows deleted from candle_change are taken by their consumer.",
                             "Turned on while pg_candle itself does that; what others delete comes back.",
                             &settings.take_changes, false, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable(
        "pg_candle.bulk_index_entries", "Lets pg_candle put entries into B-trees a page at a time.",
        "Off: one by one, by PostgreSQL.", &settings.bulk_index_entries, true, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("pg_candle.now", "Sets the clock of the market, for tests and replays.",
                               "Empty: the time of the transaction.", &settings.now, "", PGC_USERSET, 0, check_now,
                               nullptr, nullptr);
    DefineCustomStringVariable("pg_candle.stale_after", "Sets from which age on data_freshness calls something stale.",
                               "An interval; empty: 5 minutes.", &settings.stale_after, "", PGC_USERSET, 0,
                               check_stale_after, nullptr, nullptr);
    DefineCustomStringVariable("pg_candle.databases", "Databases that a background worker keeps fresh.",
                               "Needs pg_candle in shared_preload_libraries, and pg_candle.role.", &settings.databases,
                               "", PGC_SIGHUP, GUC_LIST_INPUT | GUC_SUPERUSER_ONLY, check_databases, nullptr, nullptr);
    DefineCustomStringVariable("pg_candle.role", "Role as which the background worker works.",
                               "No superuser; it needs LOGIN and rights on the candle tables.", &settings.role, "",
                               PGC_SIGHUP, GUC_SUPERUSER_ONLY, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("pg_candle.naptime", "Time between two looks of the background worker for something to do.",
                            nullptr, &settings.naptime, 1, 1, 86400, PGC_SIGHUP, GUC_UNIT_S, nullptr, nullptr, nullptr);
    DefineCustomIntVariable(
        "pg_candle.verify_every",
        "Time after which the background worker computes a series from its first candle on and compares.",
        "Changes that nobody could notice are put right by that. 0: never.", &settings.verify_every, 7 * 86400, 0,
        INT_MAX, PGC_SIGHUP, GUC_UNIT_S, nullptr, nullptr, nullptr);
    compat::reserve_settings("pg_candle");
}

}  // namespace pg_candle
