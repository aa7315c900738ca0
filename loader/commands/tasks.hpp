#pragma once
#include "commands/context.hpp"

namespace pg_candle::commands {

/// Does one of the tasks ltp, instruments, calendar and indicators, as the commands of the same names do. Throws Failure.
void do_task(const Context& context, store::Connection& connection, const std::string& kind, const upstox::Token& token);

struct CalendarChanges {
    std::int64_t added = 0, removed = 0, changed = 0;
};

/// Brings the calendars up to date with the provider. Throws Failure.
CalendarChanges refresh_calendars(const Context& context, store::Connection& connection, const upstox::Token& token);

/// Syncs the instrument master with the provider's complete file, and logs what changed. Throws Failure.
void refresh_instruments(const Context& context);

}  // namespace pg_candle::commands
