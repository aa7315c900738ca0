#pragma once
#include <string>

#include "ingest/settings.hpp"
#include "store/instrument_sync.hpp"

namespace pg_candle::ingest {

struct InstrumentSource {
    std::string file;  ///< empty: the provider's own; else this one, gzip or plain; - is standard input
    std::string exchange = "complete";  ///< which of the provider's files: complete, NSE, BSE or MCX
    bool force = false;                 ///< even if more than half of a segment vanishes
};

/// Syncs the instrument master with a file of the provider. Throws Failure; then nothing was changed.
store::SyncReport refresh_instruments(const Settings& settings, const InstrumentSource& from);

}  // namespace pg_candle::ingest
