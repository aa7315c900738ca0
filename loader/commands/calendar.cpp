// pgcandle calendar: brings holidays and special sessions up to date with the provider.
#include <spdlog/spdlog.h>

#include <cstdio>

#include "commands/tasks.hpp"

namespace pg_candle::commands {
namespace {

/// Asks once; a failure for good ends the command.
void ask(upstox::Client& client, const std::string& url, const std::function<upstox::Parsed(const JsonText&)>& read) {
    upstox::Request request;
    request.url = url;
    request.endpoint = "calendar";
    request.receive = [&](upstox::Reply& reply) {
        if (reply.error)
            throw Failure(reply.error->token_refused() ? Exit::authentication : Exit::failed,
                          "The market calendar cannot be fetched: " + reply.error->text() + "; nothing was changed.",
                          reply.error->token_refused() ? upstox::renewal(client.token()) + " Then repeat." : "");
        return read(reply.body);
    };
    client.submit(std::move(request));
    client.run({}, &Context::stop());
}

const char* shown(const std::string& hours) { return hours.empty() ? "closed" : hours.c_str(); }

}  // namespace

store::CalendarReport refresh_calendars(const Context& context, store::Connection& connection,
                                        const upstox::Token& token, bool force) {
    store::Connection limiter_connection = context.connect();
    store::SharedLimiter limiter(limiter_connection, context.limits());
    upstox::Client client(context.client_options(), limiter, token);
    const Date today = india_date(now());
    upstox::HolidayList list;
    upstox::DayHours hours;
    ask(client, context.api_url + "/v2/market/holidays",
        [&](const JsonText& body) { return upstox::parse_holidays(body.view(), list); });
    ask(client, context.api_url + "/v2/market/timings/" + format_date(today),
        [&](const JsonText& body) { return upstox::parse_timings(body.view(), today, hours); });
    if (Context::stop()) throw Failure(Exit::failed, "Interrupted; nothing was changed.");
    for (const std::string& entry : list.unreadable) spdlog::warn("calendar skipped=\"{}\"", entry);
    for (const std::string& entry : hours.unreadable) spdlog::warn("calendar hours skipped=\"{}\"", entry);
    store::CalendarReport report = store::sync_calendars(connection, list, hours, today, force);
    for (const std::string& doubt : report.doubts) spdlog::warn("calendar doubt=\"{}\"", doubt);
    return report;
}

void add_calendar(Command& program, Context& context) {
    const auto force = std::make_shared<bool>(false);
    Command command = program.subcommand(
        "calendar", "Brings holidays and special sessions of this year up to date with the provider");
    command.flag("--force", *force, "Even if it takes away more than five days that are known");
    command.callback([&context, force] {
        store::Connection connection = context.connect();
        const store::CalendarReport report = refresh_calendars(context, connection, context.require_token(), *force);
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
