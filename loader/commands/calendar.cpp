// pgcandle calendar: brings holidays and special sessions up to date with the provider.
#include <cstdio>

#include "commands/tasks.hpp"
#include "store/calendar_sync.hpp"

namespace pg_candle::commands {
namespace {

/// Asks once; a failure for good ends the command.
void ask(upstox::Client& client, const std::string& url, const std::function<upstox::Parsed(const JsonText&)>& read) {
    upstox::Request request;
    request.url = url;
    request.endpoint = "calendar";
    request.receive = [&read](upstox::Reply& reply) {
        if (reply.error)
            throw Failure(reply.error->token_refused() ? Exit::authentication : Exit::failed,
                          "The market calendar cannot be fetched: " + reply.error->text() + "; nothing was changed.",
                          reply.error->token_refused() ? "Run \"pgcandle login\", then repeat." : "");
        return read(reply.body);
    };
    client.submit(std::move(request));
    client.run({}, &Context::stop());
}

}  // namespace

CalendarChanges refresh_calendars(const Context& context, store::Connection& connection, const upstox::Token& token) {
    store::Connection limiter_connection = context.connect();
    store::SharedLimiter limiter(limiter_connection, context.limits());
    upstox::Client client(context.client_options(), limiter, token);
    const Date today = india_date(now());
    std::vector<upstox::MarketDay> days;
    std::vector<upstox::ExchangeHours> hours;
    ask(client, context.api_url + "/v2/market/holidays", [&](const JsonText& body) { return days.clear(), upstox::parse_holidays(body.view(), days); });
    ask(client, context.api_url + "/v2/market/timings/" + format_date(today),
        [&](const JsonText& body) { return hours.clear(), upstox::parse_timings(body.view(), hours); });
    if (Context::stop()) throw Failure(Exit::failed, "Interrupted; nothing was changed.");
    const store::CalendarReport report = store::sync_calendars(connection, days, today);
    return {report.holidays_added, report.holidays_removed, report.sessions_changed + store::sync_day(connection, hours, today)};
}

void add_calendar(CLI::App& app, Context& context) {
    app.add_subcommand("calendar", "Brings holidays and special sessions of this year up to date with the provider")->callback([&context] {
        store::Connection connection = context.connect();
        const CalendarChanges changes = refresh_calendars(context, connection, context.require_token());
        printf("%lld holidays added, %lld removed, %lld sessions changed\n", static_cast<long long>(changes.added), static_cast<long long>(changes.removed),
               static_cast<long long>(changes.changed));
    });
}

}  // namespace pg_candle::commands
