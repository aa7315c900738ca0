#pragma once
#include "backend/postgres/compat.hpp"

extern "C" {
#include "utils/resowner.h"
}

namespace pg_candle {

/// Runs `body` in a subtransaction of its own. Null, and what it did stays; or its error, in the caller's memory
/// context, and nothing of it stays. Being cancelled or terminated is no error to be caught. What `body` changes of the
/// caller's variables must be volatile, or not be looked at after an error.
template <class Body>
ErrorData* try_in_subtransaction(Body&& body) {
    MemoryContext caller = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    ErrorData* volatile error = nullptr;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(caller);
    PG_TRY();
    {
        body();
        ReleaseCurrentSubTransaction();
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(caller);
        error = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
    }
    PG_END_TRY();
    MemoryContextSwitchTo(caller);
    CurrentResourceOwner = owner;
    if (error && ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_TO_CATEGORY(ERRCODE_OPERATOR_INTERVENTION))
        ReThrowError(error);
    return error;
}

/// Whether somebody else holds what is needed: it will be there later.
inline bool is_held(const ErrorData* error) {
    return error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
           ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_TO_CATEGORY(ERRCODE_TRANSACTION_ROLLBACK);
}

/// Whether an error says something of the data at hand, and not of rights, tables, locks or the server: then the next
/// series may be fine.
inline bool is_of_data(const ErrorData* error) {
    // A policy refuses rows, as a constraint does; a right that is missing is missing for all.
    if (error->funcname && strcmp(error->funcname, "ExecWithCheckOptions") == 0) return true;
    for (const int other :
         {ERRCODE_TRANSACTION_ROLLBACK, ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION, ERRCODE_INSUFFICIENT_RESOURCES,
          ERRCODE_PROGRAM_LIMIT_EXCEEDED, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, ERRCODE_SYSTEM_ERROR,
          ERRCODE_INTERNAL_ERROR, ERRCODE_INVALID_TRANSACTION_STATE})
        if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_TO_CATEGORY(other)) return false;
    return true;
}

/// Message and detail in one, palloc'd.
inline const char* text_of(const ErrorData* error) {
    return psprintf("%s%s%s", error->message, error->detail ? ": " : "", error->detail ? error->detail : "");
}

}  // namespace pg_candle
