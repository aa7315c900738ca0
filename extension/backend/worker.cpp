#include "backend/worker.hpp"

extern "C" {
#include <signal.h>

#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "tcop/tcopprot.h"
}

namespace pg_candle {

void accept_signals() {
    pqsignal(SIGTERM, die);
    pqsignal(SIGINT, StatementCancelHandler);
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    BackgroundWorkerUnblockSignals();
}

}  // namespace pg_candle
