#include "commands/tasks.hpp"

#include <spdlog/spdlog.h>

#include "work/quotes.hpp"

namespace pg_candle::commands {
namespace {

/// The last prices of what is watched and trades now.
void fetch_prices(const Context& context, store::Connection& connection, const upstox::Token& token) {
    const std::vector<store::Instrument> instruments = store::trading_instruments(connection);
    if (instruments.empty()) return;
    store::Connection limiter_connection = context.connect();
    store::SharedLimiter limiter(limiter_connection, context.limits());
    upstox::Client client(context.client_options(), limiter, token);
    const work::QuoteReport report = work::fetch_quotes(instruments, client, connection, context.api_url, Context::stop());
    spdlog::info("ltp stored={} missing={} refused={} errors={}", report.stored, report.missing.size(), report.refused.size(), report.errors.size());
    if (!report.errors.empty()) throw Failure(Exit::failed, report.errors.front());
    if (!report.rejected.empty())
        throw Failure(Exit::failed, std::to_string(report.rejected.begin()->second) +
                                        " last prices were rejected: " + report.rejected.begin()->first + ".");
}

}  // namespace

void do_task(const Context& context, store::Connection& connection, const std::string& kind, const upstox::Token& token) {
    if (kind == "ltp") return fetch_prices(context, connection, token);
    if (kind == "instruments") return refresh_instruments(context);
    if (kind == "calendar") {
        const store::CalendarReport report = refresh_calendars(context, connection, token, false);
        spdlog::info("calendar changed={} doubted={}", report.changes.size(), report.doubts.size());
        return;
    }
    connection.refresh_timeframes();
    connection.refresh_indicators();
}

}  // namespace pg_candle::commands
