#include "ingest/task.hpp"

#include <spdlog/spdlog.h>

#include "ingest/calendar_refresh.hpp"
#include "ingest/fetch_session.hpp"
#include "ingest/instrument_refresh.hpp"
#include "ingest/quote_fetch.hpp"
#include "model/failure.hpp"

namespace pg_candle::ingest {
namespace {

/// The last prices of what is watched and trades now.
void fetch_prices(const Settings& settings, store::Connection& connection, const upstox::Token& token) {
    const std::vector<store::Instrument> instruments = store::trading_instruments(connection);
    if (instruments.empty()) return;
    FetchSession session(settings);
    upstox::Client client = session.client(token);
    const QuoteReport report = fetch_quotes(instruments, client, connection, settings.api_url, Settings::stop());
    spdlog::info("ltp stored={} missing={} refused={} errors={}", report.stored, report.missing.size(),
                 report.refused.size(), report.errors.size());
    if (!report.errors.empty()) throw Failure(Exit::failed, report.errors.front());
    if (!report.rejected.empty())
        throw Failure(Exit::failed, std::to_string(report.rejected.begin()->second) +
                                        " last prices were rejected: " + report.rejected.begin()->first + ".");
}

}  // namespace

void do_task(const Settings& settings, store::Connection& connection, const std::string& kind,
             const upstox::Token& token) {
    if (kind == "ltp") return fetch_prices(settings, connection, token);
    if (kind == "instruments") {
        const store::SyncReport report = refresh_instruments(settings, {});
        spdlog::info("instruments added={} changed={} deactivated={} reactivated={} errors={}", report.total.added,
                     report.total.changed, report.total.deactivated, report.total.reactivated, report.bad_records);
        return;
    }
    if (kind == "calendar") {
        const store::CalendarReport report = refresh_calendars(settings, connection, token, false);
        spdlog::info("calendar changed={} doubted={}", report.changes.size(), report.doubts.size());
        return;
    }
    connection.refresh_timeframes();
    connection.refresh_indicators();
}

}  // namespace pg_candle::ingest
