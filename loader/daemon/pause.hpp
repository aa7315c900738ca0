#pragma once
#include <chrono>
#include <optional>

#include "model/india_time.hpp"

namespace pg_candle::daemon {

/// Waits a while, or until the program is to stop, or until somebody moves a replay's clock on from `since`.
void pause(std::chrono::milliseconds length, std::optional<Instant> since = {});

}  // namespace pg_candle::daemon
