#pragma once
#include <exception>
#include <new>

#include "backend/compat.hpp"

namespace pg_candle {

// The rules of this folder. PostgreSQL reports errors by longjmp, which skips destructors; so nothing here owns anything
// that has one: plain data and palloc only, freed with its memory context. The kernels neither throw nor allocate after
// they are built. boundary() is for what a library might do all the same: an exception that left an entry point would
// take the whole cluster down.

/// Runs the body of an SQL-callable function; turns a C++ exception into a PostgreSQL error, after it is destroyed.
template <class Body>
Datum boundary(Body&& body) noexcept(false) {
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
    ereport(ERROR, (errcode(code), errmsg("%s", message)));
}

}  // namespace pg_candle
