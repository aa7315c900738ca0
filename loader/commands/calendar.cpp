// pgcandle calendar: brings holidays and special sessions up to date with the provider.
#include <cstdio>

#include "commands/context.hpp"
#include "ingest/calendar_refresh.hpp"

namespace pg_candle::commands {
namespace {

const char* shown(const std::string& hours) { return hours.empty() ? "closed" : hours.c_str(); }

}  // namespace

void add_calendar(Command& program, Context& context) {
    const auto force = std::make_shared<bool>(false);
    Command command = program.subcommand(
        "calendar", "Brings holidays and special sessions of this year up to date with the provider");
    command.flag("--force", *force, "Even if it takes away more than five days that are known");
    command.callback([&context, force] {
        store::Connection connection = context.connect();
        const store::CalendarReport report =
            ingest::refresh_calendars(context, connection, context.require_token(), *force);
        for (const store::CalendarChange& one : report.changes)
            printf("%s %s: %s, was %s\n", one.exchange.c_str(), format_date(one.date).c_str(), shown(one.after),
                   shown(one.before));
        std::size_t closed = 0, opened = 0;
        for (const store::CalendarChange& one : report.changes)
            closed += one.after.empty(), opened += one.before.empty();
        printf("%zu holidays added, %zu removed, %zu sessions changed\n", closed, opened,
               report.changes.size() - closed - opened);
    });
}

}  // namespace pg_candle::commands
