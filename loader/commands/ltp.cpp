// pgcandle ltp: last traded prices, once or every minute.
#include <spdlog/spdlog.h>

#include <cstdio>
#include <ctime>

#include "commands/context.hpp"
#include "ingest/fetch_session.hpp"
#include "ingest/quote_fetch.hpp"
#include "model/india_time.hpp"

namespace pg_candle::commands {
namespace {

struct Options {
    std::string symbols;
    bool once = false;
};

std::string list(const std::vector<std::string>& symbols) {
    std::string text;
    for (std::size_t i = 0; i < symbols.size(); ++i) text += (i ? "," : "") + symbols[i];
    return text;
}

/// The whole minute after now, of a replay's clock where there is one.
Instant next_minute() { return std::chrono::ceil<std::chrono::minutes>(now() + std::chrono::microseconds{1}); }

/// Sleeps until that moment. False when the user stops it.
bool wait_until(Instant moment) {
    while (now() < moment && !Context::stop()) {
        timespec pause{0, 200'000'000};
        nanosleep(&pause, nullptr);
    }
    return !Context::stop();
}

Exit round(const Context& context, store::Connection& connection, upstox::Client& client,
           const std::vector<store::Instrument>& instruments) {
    const ingest::QuoteReport report =
        ingest::fetch_quotes(instruments, client, connection, context.api_url, Context::stop());
    printf("%lld prices stored, %zu missing, %zu refused, %zu errors\n", static_cast<long long>(report.stored),
           report.missing.size(), report.refused.size(), report.errors.size());
    fflush(stdout);
    if (!report.missing.empty()) spdlog::warn("ltp missing=\"{}\"", list(report.missing));
    if (!report.refused.empty()) spdlog::warn("ltp refused=\"{}\"", list(report.refused));
    for (const std::string& error : report.errors) spdlog::error("ltp error=\"{}\"", error);
    return report.complete() ? Exit::done : Exit::failed;
}

Exit ltp(const Context& context, const Options& options) {
    const upstox::Token token = context.require_token();
    store::Connection connection = context.connect();
    ingest::FetchSession session(context);
    upstox::Client client = session.client(token);
    const std::vector<std::string> symbols = split_list(options.symbols);
    for (;;) {
        const Instant next = next_minute();  // seen from here: none is left out, however long the round takes
        std::vector<store::Instrument> instruments;
        if (symbols.empty()) instruments = store::watched_instruments(connection);
        for (const std::string& symbol : symbols) instruments.push_back(store::find_instrument(connection, symbol));
        if (instruments.empty())
            throw Failure(Exit::usage, "There is nothing to ask for: no --symbols, and the watchlist is empty.",
                          "\"pgcandle watch add SYMBOL\" fills it.");
        const Exit exit = round(context, connection, client, instruments);
        if (options.once) return exit;
        if (!wait_until(next)) return Exit::done;
    }
}

}  // namespace

void add_ltp(Command& program, Context& context) {
    const auto options = std::make_shared<Options>();
    Command command = program.subcommand("ltp", "Stores the last traded prices, every minute until stopped");
    command.option("--symbols", options->symbols, "Instead of the watchlist");
    command.flag("--once", options->once, "Once only");
    command.callback([&context, options] { context.exit = ltp(context, *options); });
}

}  // namespace pg_candle::commands
