#include "backend/settings.hpp"

#include "backend/compat.hpp"

extern "C" {
#include "utils/guc.h"
#include "utils/varlena.h"
}

namespace pg_candle {

constinit Settings settings{};

namespace {

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
    DefineCustomBoolVariable("pg_candle.log_changes", "Lets the triggers of candle_data fill candle_change.",
                             "Turned off by sessions that log their changes themselves.", &settings.log_changes, true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("pg_candle.log_indicator_changes", "Lets the triggers of indicator_data fill candle_change.",
                             "Turned off while pg_candle itself writes rows.", &settings.log_indicator_changes, true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("pg_candle.now", "Sets the clock of the market, for tests and replays.", "Empty: the time of the transaction.", &settings.now, "",
                               PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("pg_candle.stale_after", "Sets from which age on data_freshness calls something stale.", "An interval; empty: 5 minutes.",
                               &settings.stale_after, "", PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("pg_candle.databases", "Databases that a background worker keeps fresh.",
                               "Needs pg_candle in shared_preload_libraries, and pg_candle.role.", &settings.databases, "", PGC_SIGHUP,
                               GUC_LIST_INPUT | GUC_SUPERUSER_ONLY, check_databases, nullptr, nullptr);
    DefineCustomStringVariable("pg_candle.role", "Role as which the background worker works.", "No superuser; it needs LOGIN and rights on the candle tables.",
                               &settings.role, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("pg_candle.naptime", "Time between two looks of the background worker for something to do.", nullptr, &settings.naptime, 1, 1, 86400,
                            PGC_SIGHUP, GUC_UNIT_S, nullptr, nullptr, nullptr);
    compat::reserve_settings("pg_candle");
}

}  // namespace pg_candle
