#include "ingest/queue_fetch.hpp"

#include <spdlog/spdlog.h>

#include "ingest/fetch_session.hpp"
#include "ingest/provider_alerts.hpp"
#include "model/failure.hpp"

namespace pg_candle::ingest {

RunReport fetch_queued(const Settings& settings, const store::JobFilter& filter) {
    const upstox::Token token = settings.load_token();  // the candle endpoints may answer without (upstox.md 2.1)
    if (token.empty()) spdlog::warn("fetching without access token");
    store::Connection queue_connection = settings.connect(), writer_connection = settings.connect();
    store::JobQueue queue(queue_connection);
    FetchSession session(settings);
    upstox::Client client = session.client(token);
    RunReport report;
    try {
        report = run_candles(queue, client, writer_connection, {settings.api_url, filter, true, settings.quiet},
                             Settings::stop());
    } catch (const upstox::Unavailable& unavailable) {
        note_unavailable(queue_connection, unavailable.what());
        throw;
    } catch (const Failure& failure) {
        if (failure.exit == Exit::authentication) note_refused(queue_connection, token, failure.what());
        throw;
    }
    if (report.done > report.failed) {
        note_accepted(queue_connection, token);
        note_available(queue_connection);
    }
    report.least_seconds = std::chrono::duration<double>(least_time(settings.limits(), report.http.requests)).count();
    return report;
}

}  // namespace pg_candle::ingest
