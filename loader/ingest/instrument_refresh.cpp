#include "ingest/instrument_refresh.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "ingest/fetch_session.hpp"
#include "model/failure.hpp"
#include "upstox/instrument.hpp"
#include "upstox/record_scanner.hpp"

namespace pg_candle::ingest {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// The provider's file, into a temporary one without a name: it is small, and a broken transfer can start again.
File download(const Settings& settings, const std::string& exchange) {
    File file(std::tmpfile(), std::fclose);
    if (!file) throw Failure(Exit::failed, "No temporary file can be made.");
    const upstox::Token none;
    FetchSession session(settings);
    upstox::Client client = session.client(none);
    upstox::Request request;
    request.url = settings.assets_url + "/market-quote/instruments/exchange/" + exchange + ".json.gz";
    request.endpoint = "instruments";
    request.with_token = false;
    request.into = file.get();
    request.receive = [&](upstox::Reply& reply) {
        if (reply.error)
            throw Failure(Exit::failed,
                          "The instrument file cannot be fetched: " + reply.error->text() + "; nothing was changed.");
        return upstox::Parsed::taken;
    };
    client.submit(std::move(request));
    client.run({}, &Settings::stop());
    if (Settings::stop()) throw Failure(Exit::failed, "Interrupted; nothing was changed.");
    std::rewind(file.get());
    return file;
}

}  // namespace

store::SyncReport refresh_instruments(const Settings& settings, const InstrumentSource& from) {
    const auto began = std::chrono::steady_clock::now();
    store::Connection connection = settings.connect();
    store::InstrumentSync sync(connection);
    File downloaded(nullptr, std::fclose);
    std::string path = from.file;
    if (path.empty()) {
        downloaded = download(settings, from.exchange);
        path = "/dev/fd/" + std::to_string(fileno(downloaded.get()));
    }
    ByteSource source(path);
    upstox::InstrumentParser parser;
    InstrumentRecord record;
    upstox::RecordScanner::scan(source,
                                [&](simdjson::padded_string_view text, std::int64_t number, std::int64_t offset) {
                                    if (Settings::stop())
                                        throw Failure(Exit::failed, "Interrupted; nothing was changed.");
                                    if (const char* problem = parser.parse(text, record))
                                        sync.add_bad(number, offset, problem, parser.key_of(text));
                                    else
                                        sync.add(record);
                                });
    store::SyncReport report = sync.finish(from.force);
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    connection.run(
        "SELECT CASE WHEN EXISTS (SELECT FROM instrument_master WHERE is_active AND right(segment, 3) = '_FO') "
        "THEN clear_sync_alert('no_fo_instruments', '') ELSE raise_sync_alert('no_fo_instruments', '', 'no F&O "
        "instrument is active after a sync of the master') END");
    if (const auto followed = connection.run("SELECT follow_isin_changes()").number(0, 0))
        spdlog::warn("instruments isin_changed={}", followed);
    return report;
}

}  // namespace pg_candle::ingest
