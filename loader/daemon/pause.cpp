#include "daemon/pause.hpp"

#include <thread>

#include "ingest/settings.hpp"

namespace pg_candle::daemon {

using namespace std::chrono;

void pause(milliseconds length, std::optional<Instant> since) {
    const bool watches_clock = since && clock_is_replayed();
    const auto until = steady_clock::now() + length;
    while (steady_clock::now() < until && !ingest::Settings::stop() && !(watches_clock && now() != *since))
        std::this_thread::sleep_for(milliseconds{watches_clock ? 5 : 50});
}

}  // namespace pg_candle::daemon
