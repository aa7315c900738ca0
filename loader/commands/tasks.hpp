#pragma once
#include "commands/context.hpp"
#include "store/calendar_sync.hpp"

namespace pg_candle::commands {

/// Does one of the tasks ltp, instruments, calendar and indicators, as the commands of the same names do. Throws Failure.
void do_task(const Context& context, store::Connection& connection, const std::string& kind, const upstox::Token& token);

/// Brings the calendars up to date with the provider; `force` as store::sync_calendars() has it. Throws Failure.
store::CalendarReport refresh_calendars(const Context& context, store::Connection& connection,
                                        const upstox::Token& token, bool force);

/// Syncs the instrument master with the provider's complete file, and logs what changed. Throws Failure.
void refresh_instruments(const Context& context);

}  // namespace pg_candle::commands
