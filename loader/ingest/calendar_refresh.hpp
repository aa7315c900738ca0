#pragma once
#include "ingest/settings.hpp"
#include "store/calendar_sync.hpp"

namespace pg_candle::ingest {

/// Brings the calendars up to date with the provider; `force` as store::sync_calendars() has it. Throws Failure.
store::CalendarReport refresh_calendars(const Settings& settings, store::Connection& connection,
                                        const upstox::Token& token, bool force);

}  // namespace pg_candle::ingest
