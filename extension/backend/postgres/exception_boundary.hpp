#pragma once
#include <exception>
#include <new>

#include "backend/postgres/compat.hpp"

namespace pg_candle {

// The rules of this folder. PostgreSQL reports errors by longjmp, which skips destructors; so nothing here owns
// anything that has one: plain data and palloc only, freed with its memory context. The kernels neither throw nor
// allocate after they are built. catch_exceptions() is for what a library might do all the same: an exception that left
// an entry point would take the whole cluster down.

/// Runs the body of an SQL-callable function; turns a C++ exception into a PostgreSQL error, after it is destroyed. For
/// functions that are called for every row, and run no queries.
template <class Body>
Datum catch_row_exceptions(Body&& body) noexcept(false) {
    sigjmp_buf* const handler = PG_exception_stack;
    ErrorContextCallback* const callbacks = error_context_stack;
    int code = ERRCODE_INTERNAL_ERROR;
    char message[256];
    try {
        return body();
    } catch (const std::bad_alloc&) {
        code = ERRCODE_OUT_OF_MEMORY;
        snprintf(message, sizeof message, "out of memory");
    } catch (const std::exception& error) {
        snprintf(message, sizeof message, "%s", error.what());
    } catch (...) {
        snprintf(message, sizeof message, "unknown C++ exception");
    }
    PG_exception_stack = handler;
    error_context_stack = callbacks;
    ereport(ERROR, (errcode(code), errmsg("%s", message)));
}

/// Runs a function of no arguments; an error that leaves it tells nothing of our own queries (spi.hpp), which mean
/// nothing to a user. The statements of users' own triggers and functions stay in its context.
Datum without_own_queries(Datum (*body)(void*), void* state);

/// The same as catch_row_exceptions(), for all that runs queries.
template <class Body>
Datum catch_exceptions(Body&& body) noexcept(false) {
    return catch_row_exceptions(
        [&] { return without_own_queries([](void* self) { return (*static_cast<Body*>(self))(); }, &body); });
}

}  // namespace pg_candle
