#pragma once
#include "backend/catalog/tables.hpp"
#include "backend/postgres/compat.hpp"

extern "C" {
#include "pgstat.h"
#include "utils/snapmgr.h"
}

namespace pg_candle {

/// The transactions of a background worker: `body` runs in one of its own, with an SPI connection and a snapshot, as
/// `user` if that is valid. Memory that must last is allocated outside.
template <class Body>
void in_transaction(Oid user, int security, Body&& body) {
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    if (OidIsValid(user)) SetUserIdAndSecContext(user, security | SECURITY_LOCAL_USERID_CHANGE);
    SPI_connect();
    PushActiveSnapshot(GetTransactionSnapshot());
    body();
    PopActiveSnapshot();
    SPI_finish();
    CommitTransactionCommand();
    pgstat_report_stat(false);
}

/// Shows in pg_stat_activity which series the worker is at.
void report_series(const Series& series);

/// Handlers for SIGTERM, SIGINT and SIGHUP as a client's backend has them, then signals may come.
void accept_signals();

}  // namespace pg_candle
