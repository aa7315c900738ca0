#include "backend/workers/background_transaction.hpp"

extern "C" {
#include <signal.h>

#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "tcop/tcopprot.h"
}

namespace pg_candle {

void report_series(const Series& series) {
    char text[128];
    snprintf(text, sizeof text, "computing indicators of instrument %d, timeframe %s", series.instrument_id,
             series.timeframe);
    pgstat_report_activity(STATE_RUNNING, text);
}

void accept_signals() {
    pqsignal(SIGTERM, die);
    pqsignal(SIGINT, StatementCancelHandler);
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    BackgroundWorkerUnblockSignals();
}

}  // namespace pg_candle
