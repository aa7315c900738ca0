// pgcandle search: instruments by name, symbol, ISIN or key.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "commands/context.hpp"
#include "text/near.hpp"

namespace pg_candle::commands {
namespace {

struct Found {
    std::string exchange, symbol, name, type, key, isin, expiry, stored;
    bool active;
};

// What it is called comes first: the symbol, then what begins so, then what holds the words.
constexpr const char* query = R"(
SELECT m.exchange, m.trading_symbol, coalesce(m.name, ''), m.instrument_type, m.instrument_key, coalesce(m.isin, ''),
    coalesce(m.expiry_date::text, ''), m.is_active,
    (SELECT string_agg(DISTINCT c.timeframe, ' ') FROM candle_coverage c WHERE c.instrument_id = m.instrument_id)
FROM instrument_master m,
    LATERAL (SELECT lower(m.trading_symbol) AS symbol, lower(coalesce(m.name, '')) AS name) l,
    LATERAL (SELECT CASE WHEN lower($1) IN (l.symbol, lower(m.isin), lower(m.instrument_key)) THEN 1
                         WHEN l.name = lower($1) THEN 2
                         WHEN starts_with(l.symbol, lower($1)) THEN 3
                         WHEN starts_with(l.name, lower($1)) THEN 4
                         WHEN strpos(l.name, lower($1)) > 0 OR strpos(l.symbol, lower($1)) > 0 THEN 5
                         WHEN (SELECT bool_and(strpos(l.symbol || ' ' || l.name, word) > 0)
                               FROM regexp_split_to_table(lower($1), '\s+') word) THEN 6 END AS rank) r
WHERE r.rank IS NOT NULL
ORDER BY NOT m.is_active, r.rank, m.expiry_date IS NOT NULL, m.expiry_date, length(m.trading_symbol),
    m.exchange = 'NSE' DESC, m.trading_symbol, m.instrument_id
LIMIT $2)";

// Nothing has the text in it: what is spelt nearly so.
constexpr const char* candidates = R"(
SELECT m.exchange, m.trading_symbol, coalesce(m.name, ''), m.instrument_type, m.instrument_key, coalesce(m.isin, ''),
    '', m.is_active,
    (SELECT string_agg(DISTINCT c.timeframe, ' ') FROM candle_coverage c WHERE c.instrument_id = m.instrument_id)
FROM instrument_master m
WHERE m.is_active AND m.expiry_date IS NULL
ORDER BY m.exchange = 'NSE' DESC, m.instrument_id)";

std::vector<Found> read(const store::Rows& rows) {
    std::vector<Found> found;
    for (int i = 0; i < rows.size(); ++i)
        found.push_back({rows.str(i, 0), rows.str(i, 1), rows.str(i, 2), rows.str(i, 3), rows.str(i, 4), rows.str(i, 5),
                         rows.str(i, 6), rows.str(i, 8), rows.text(i, 7) == "t"});
    return found;
}

std::vector<Found> nearest(store::Connection& connection, const std::string& text, int most) {
    constexpr int far = 2;
    std::vector<std::pair<int, Found>> near;
    for (Found& one : read(connection.run(candidates))) {
        const int by_symbol = distance(text, one.symbol, far), by_name = distance(text, one.name, far);
        if (std::min(by_symbol, by_name) <= far) near.emplace_back(std::min(by_symbol, by_name), std::move(one));
    }
    std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<Found> found;
    for (auto& [apart, one] : near)
        if (static_cast<int>(found.size()) < most) found.push_back(std::move(one));
    return found;
}

struct Options {
    std::vector<std::string> words;
    int most = 20;
    bool json = false;
};

Exit search(const Context& context, const Options& options) {
    std::string text;
    for (const std::string& word : options.words) text += (text.empty() ? "" : " ") + word;
    store::Connection connection = context.connect();
    std::vector<Found> found = read(connection.run(query, {text, std::to_string(options.most)}));
    const bool exact = !found.empty();
    if (!exact) found = nearest(connection, text, options.most);
    if (options.json) {
        nlohmann::ordered_json list = nlohmann::ordered_json::array();
        for (const Found& one : found)
            list.push_back({{"exchange", one.exchange},
                            {"symbol", one.symbol},
                            {"name", one.name},
                            {"type", one.type},
                            {"instrument_key", one.key},
                            {"isin", one.isin},
                            {"expiry", one.expiry},
                            {"active", one.active},
                            {"timeframes", split_list(one.stored)}});
        printf("%s\n", list.dump(2).c_str());
        return found.empty() ? Exit::failed : Exit::done;
    }
    if (found.empty()) {
        fprintf(stderr,
                "pgcandle: nothing is called \"%s\", or nearly so. \"pgcandle instruments\" fetches the list.\n",
                text.c_str());
        return Exit::failed;
    }
    if (!exact) printf("Nothing is called \"%s\"; these come near:\n", text.c_str());
    for (const Found& one : found)
        printf("%-28s %-6s %-10s %s%s%s\n", (one.exchange + ":" + one.symbol).c_str(), one.type.c_str(),
               one.expiry.c_str(), one.name.c_str(), one.active ? "" : " (inactive)",
               one.stored.empty() ? "" : (" [" + one.stored + "]").c_str());
    return Exit::done;
}

}  // namespace

void add_search(Command& program, Context& context) {
    const auto options = std::make_shared<Options>();
    Command command =
        program.subcommand("search", "Finds instruments by name, symbol, ISIN or key, also misspelt ones");
    command.option("text", options->words, "Like Infosys, nifty 50 or INE009A01021").required();
    command.option("--most", options->most, "Print so many at most").range(1, 10000).show_default();
    command.flag("--json", options->json, "As JSON");
    command.callback([&context, options] { context.exit = search(context, *options); });
}

}  // namespace pg_candle::commands
