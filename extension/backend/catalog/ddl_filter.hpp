#pragma once
#include "backend/postgres/compat.hpp"

extern "C" {
#include "commands/event_trigger.h"
}

namespace pg_candle {

/// Whether what an event trigger was called for may concern the candle tables. Tables come and go by the thousands:
/// what has nothing to do with ours costs a look at the statement.
bool may_matter(const EventTriggerData* data);

}  // namespace pg_candle
