#include "backend/postgres/exception_boundary.hpp"

#include <cstring>

#include "backend/postgres/spi.hpp"

extern "C" {
#include "lib/stringinfo.h"
}

namespace pg_candle {
namespace {

/// The context of an error without the lines in which SPI names our own statements.
char* without_own_lines(const char* context) {
    const char* const ours = psprintf("SQL statement \"%s", own_query);
    StringInfoData kept;
    initStringInfo(&kept);
    for (const char* line = context; *line;) {
        const char* const end = strchr(line, '\n');
        const int length = static_cast<int>(end ? end - line : strlen(line));
        if (strncmp(line, ours, strlen(ours)) != 0)
            appendStringInfo(&kept, "%s%.*s", kept.len > 0 ? "\n" : "", length, line);
        line = end ? end + 1 : line + length;
    }
    return kept.len > 0 ? kept.data : nullptr;
}

}  // namespace

Datum without_own_queries(Datum (*body)(void*), void* state) {
    MemoryContext caller = CurrentMemoryContext;
    Datum result = 0;
    PG_TRY();
    { result = body(state); }
    PG_CATCH();
    {
        MemoryContextSwitchTo(caller);
        ErrorData* error = CopyErrorData();
        FlushErrorState();
        if (error->context) error->context = without_own_lines(error->context);
        if (error->internalquery && strncmp(error->internalquery, own_query, strlen(own_query)) == 0) {
            error->internalquery = nullptr;
            error->internalpos = 0;
        }
        ReThrowError(error);
    }
    PG_END_TRY();
    return result;
}

}  // namespace pg_candle
