// pgcandle watch: what ltp, backfill and freshness look after by default.
#include <cstdio>

#include "commands/context.hpp"
#include "model/candle.hpp"
#include "store/instruments.hpp"

namespace pg_candle::commands {
namespace {

struct Options {
    std::vector<std::string> symbols;
    std::string timeframes;
};

/// Adds what there is, and names what there is not.
Exit add(const Context& context, const Options& options) {
    std::string list;
    for (const std::string& one : split_list(options.timeframes))
        list += (list.empty() ? "" : ",") + format_timeframe(require_timeframe(one));
    if (list.empty() && !options.timeframes.empty()) throw Failure(Exit::usage, "--timeframes names no timeframe.");
    store::Connection connection = context.connect();
    std::size_t added = 0;
    for (const std::string& symbol : options.symbols) {
        store::Instrument found;
        try {
            found = store::find_instrument(connection, symbol);
        } catch (const Failure& failure) {
            fprintf(stderr, "pgcandle: %s is not watched: %s\n", symbol.c_str(), failure.what());
            continue;
        }
        ++added;
        if (list.empty())
            connection.run("INSERT INTO watchlist (instrument_id) VALUES ($1) ON CONFLICT DO NOTHING",
                           {std::to_string(found.id)});
        else
            connection.run(
                "INSERT INTO watchlist (instrument_id, timeframes) VALUES ($1, string_to_array($2, ',')) "
                "ON CONFLICT (instrument_id) DO UPDATE SET timeframes = excluded.timeframes",
                {std::to_string(found.id), list});
    }
    printf("%zu watched.\n", added);
    return added == options.symbols.size() ? Exit::done : Exit::failed;
}

void remove(const Context& context, const Options& options) {
    store::Connection connection = context.connect();
    store::Transaction transaction(connection);
    std::int64_t removed = 0;
    for (const std::string& symbol : options.symbols)
        removed += connection
                       .run("DELETE FROM watchlist WHERE instrument_id = $1",
                            {std::to_string(store::find_instrument(connection, symbol).id)})
                       .affected();
    transaction.commit();
    printf("%lld no longer watched.\n", static_cast<long long>(removed));
}

void list(const Context& context) {
    store::Connection connection = context.connect();
    const store::Rows rows = connection.run(
        "SELECT m.segment, m.trading_symbol, array_to_string(w.timeframes, ','), m.is_active FROM watchlist w "
        "JOIN instrument_master m USING (instrument_id) ORDER BY 1, 2");
    for (int i = 0; i < rows.size(); ++i)
        printf("%s:%s %s%s\n", rows.str(i, 0).c_str(), rows.str(i, 1).c_str(), rows.str(i, 2).c_str(),
               rows.text(i, 3) == "t" ? "" : " (inactive)");
}

}  // namespace

void add_watch(Command& program, Context& context) {
    Command watch =
        program.subcommand("watch", "The instruments that are looked after by default").require_subcommand(1, 1);
    const auto options = std::make_shared<Options>();
    for (const char* name : {"add", "remove"}) {
        Command one =
            watch.subcommand(name, std::string(name) == "add" ? "Watches instruments" : "Stops watching instruments");
        one.option("symbols", options->symbols, "RELIANCE, NSE:RELIANCE, NSE_EQ:RELIANCE or an instrument key")
            .required();
        if (std::string(name) == "add") {
            one.option("--timeframes", options->timeframes, "Timeframes to keep, like 1m,1d; default all eight");
            one.callback([&context, options] { context.exit = add(context, *options); });
        } else {
            one.callback([&context, options] { remove(context, *options); });
        }
    }
    watch.subcommand("list", "Prints them").callback([&context] { list(context); });
}

}  // namespace pg_candle::commands
