// replay_server: the provider's API on this machine, for demonstrations and tests.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "model/failure.hpp"
#include "model/india_time.hpp"
#include "replay/file_exchange.hpp"
#include "replay/holes.hpp"
#include "replay/server.hpp"
#include "replay/synthetic_exchange.hpp"

namespace {

pg_candle::replay::Server* running = nullptr;

void stop(int) {
    if (running) running->stop();
}

}  // namespace

int main(int argc, char** argv) {
    using namespace pg_candle;
    CLI::App app{"The documented Upstox API over candle files or a deterministic synthetic market, on 127.0.0.1"};
    int port = 0;
    std::uint64_t seed = 1, chances = 0;
    std::size_t most = 1'000'000;
    std::string today, limits = "50/1s,500/1m,2000/30m", faults, token, holidays, segment = "NSE_EQ";
    std::vector<std::string> folders;
    bool no_plus = false;
    double holes = 0;
    std::vector<std::string> splits;
    app.add_option("--port", port, "Port; 0 takes a free one, which the first line of output names")
        ->capture_default_str();
    app.add_option("--candles", folders, "Folders of candle files to serve instead of the synthetic market");
    app.add_option("--segment", segment, "Segment of the files' instruments")->capture_default_str();
    app.add_option("--most", most, "Files of each folder at most");
    app.add_option("--seed", seed, "Another synthetic market and other chances")->capture_default_str();
    app.add_option("--chances", chances, "Other chances of the same market");
    app.add_option("--today", today, "The running day; default today in India");
    app.add_option("--limits", limits, "Rate limits; none: no limits")->capture_default_str();
    app.add_option("--token", token, "The only token that is accepted; default any");
    app.add_option(
        "--faults", faults,
        "Shares of answers that fail, like slow=0.3,cut=0.1; also " + CLI::detail::join(replay::fault_names, " "));
    app.add_option("--holidays", holidays, "A JSON list to serve as the year's holidays");
    app.add_option("--holes", holes, "Share of the sessions of which candles are missing")->check(CLI::Range(0.0, 1.0));
    app.add_option("--split", splits, "KEY=FACTOR: its whole history is divided by that");
    app.add_flag("--no-plus", no_plus, "The account may not ask for expired instruments");
    try {
        app.parse(argc, argv);
        replay::ServerOptions options;
        options.today = today.empty() ? india_date(now()) : parse_date(today).value_or(Date{});
        if (options.today == Date{}) throw Failure(Exit::usage, "\"" + today + "\" is no date.");
        if (limits != "none") options.limits = parse_limits(limits);
        options.token = token;
        options.holidays = holidays;
        options.plus = !no_plus;
        options.chances = chances > 0 ? chances : seed;
        std::unique_ptr<replay::Market> market;
        if (folders.empty())
            market = std::make_unique<replay::SyntheticExchange>(seed);
        else
            market = std::make_unique<replay::FileExchange>(folders, segment, most);
        std::map<std::string, double> factors;
        for (const std::string& one : splits)
            factors[one.substr(0, one.find('='))] = std::stod(one.substr(one.find('=') + 1));
        const bool changed = holes > 0 || !factors.empty();
        const replay::MarketWithHoles with_holes(*market, holes, factors);
        replay::Server server(changed ? static_cast<const replay::Market&>(with_holes) : *market, options);
        server.faults().set(faults);
        printf("http://127.0.0.1:%d\n", server.bind(port));
        fflush(stdout);
        running = &server;
        signal(SIGINT, stop);
        signal(SIGTERM, stop);
        server.serve();
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    } catch (const Failure& failure) {
        fprintf(stderr, "replay_server: %s %s\n", failure.what(), failure.hint.c_str());
        return static_cast<int>(failure.exit);
    } catch (const std::exception& error) {
        fprintf(stderr, "replay_server: %s\n", error.what());
        return 1;
    }
    return 0;
}
