#include "commands/fetch.hpp"

#include <spdlog/spdlog.h>

#include <cstdio>

#include "commands/provider_alerts.hpp"

namespace pg_candle::commands {

work::RunReport fetch(const Context& context, const store::JobFilter& filter) {
    const upstox::Token token = context.load_token();  // the candle endpoints may answer without (upstox.md 2.1)
    if (token.empty()) spdlog::warn("fetching without access token");
    store::Connection queue_connection = context.connect(), writer_connection = context.connect(), limiter_connection = context.connect();
    store::JobQueue queue(queue_connection);
    store::SharedLimiter limiter(limiter_connection, context.limits());
    upstox::Client client(context.client_options(), limiter, token);
    work::RunReport report;
    try {
        report = work::run_candles(queue, client, writer_connection, {context.api_url, filter, true, context.quiet},
                                   Context::stop());
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
    report.least_seconds = std::chrono::duration<double>(upstox::least_time(context.limits(), report.http.requests)).count();
    return report;
}

void print(const work::RunReport& report) {
    const auto number = [](std::int64_t value) { return static_cast<long long>(value); };
    printf("%lld requests done, %lld failed; candles: %lld inserted, %lld updated, %lld equal, %lld rejected; gaps: %lld filled, %lld confirmed empty; %.1f s\n",
           number(report.done), number(report.failed), number(report.stored.inserted), number(report.stored.updated), number(report.stored.unchanged),
           number(report.rejected), number(report.gaps.filled), number(report.gaps.confirmed), report.seconds);
    if (report.interrupted) printf("Interrupted: what was stored stays; run it again for the rest.\n");
}

}  // namespace pg_candle::commands
