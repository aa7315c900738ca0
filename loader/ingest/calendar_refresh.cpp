#include "ingest/calendar_refresh.hpp"

#include <spdlog/spdlog.h>

#include "ingest/fetch_session.hpp"
#include "model/failure.hpp"
#include "upstox/holidays.hpp"

namespace pg_candle::ingest {
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
    client.run({}, &Settings::stop());
}

}  // namespace

store::CalendarReport refresh_calendars(const Settings& settings, store::Connection& connection,
                                        const upstox::Token& token, bool force) {
    FetchSession session(settings);
    upstox::Client client = session.client(token);
    const Date today = india_date(now());
    HolidayList list;
    DayHours hours;
    ask(client, settings.api_url + "/v2/market/holidays",
        [&](const JsonText& body) { return upstox::parse_holidays(body.view(), list); });
    ask(client, settings.api_url + "/v2/market/timings/" + format_date(today),
        [&](const JsonText& body) { return upstox::parse_timings(body.view(), today, hours); });
    if (Settings::stop()) throw Failure(Exit::failed, "Interrupted; nothing was changed.");
    for (const std::string& entry : list.unreadable) spdlog::warn("calendar skipped=\"{}\"", entry);
    for (const std::string& entry : hours.unreadable) spdlog::warn("calendar hours skipped=\"{}\"", entry);
    store::CalendarReport report = store::sync_calendars(connection, list, hours, today, force);
    for (const std::string& doubt : report.doubts) spdlog::warn("calendar doubt=\"{}\"", doubt);
    return report;
}

}  // namespace pg_candle::ingest
