#include "daemon/outage.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "daemon/pause.hpp"
#include "ingest/provider_alerts.hpp"

namespace pg_candle::daemon {

using namespace std::chrono;

void Outage::wait(const std::string& why) {
    if (delay_ == milliseconds{0}) {
        spdlog::error("unavailable reason=\"{}\" hint=\"it is tried again, later each time\"", why);
        store::Connection connection = settings_.connect();
        ingest::note_unavailable(connection, why);
    }
    delay_ = std::clamp<milliseconds>(2 * delay_, seconds{30}, minutes{15});
    pause(milliseconds{std::uniform_int_distribution<std::int64_t>{delay_.count() / 2, delay_.count()}(random_)});
}

void Outage::end() {
    if (delay_ == milliseconds{0}) return;
    delay_ = milliseconds{0};
    spdlog::info("available again");
    store::Connection connection = settings_.connect();
    ingest::note_available(connection);
}

}  // namespace pg_candle::daemon
