#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands/command_line.hpp"
#include "failure.hpp"
#include "store/connection.hpp"
#include "store/request_log.hpp"
#include "upstox/client.hpp"

namespace pg_candle::commands {

/// What all commands share: the options before or behind the command's name, and what is made from them.
class Context {
public:
    /// Adds the shared options.
    explicit Context(Command program);

    /// A connection to the database with the candle tables in reach.
    store::Connection connect() const;

    /// A connection to the database as it is, for `init`.
    store::Connection connect_plain() const { return store::Connection(database); }

    /// The file that holds the token.
    std::string token_path() const;
    upstox::Token load_token() const;
    /// As load_token, but throws Failure (authentication) when there is none.
    upstox::Token require_token() const;

    upstox::ClientOptions client_options() const;
    std::vector<upstox::RateLimit> limits() const { return upstox::parse_limits(rate_limits); }

    /// Set by SIGINT and SIGTERM: finish what is in flight, then end.
    static std::atomic<bool>& stop();

    std::string database, api_url, assets_url, token_file, rate_limits, log_level;
    int parallel = 16, attempts = 6, backoff_ms = 500, timeout_s = 180, stall_s = 30;
    bool quiet = false;

    /// How the command ended; its callback may set it.
    Exit exit = Exit::done;
};

/// A comma-separated option value as a list; blanks around the items do not count.
std::vector<std::string> split_list(const std::string& text);

/// Adds the command to the program. One for each file of this folder.
void add_init(Command& program, Context& context);
void add_login(Command& program, Context& context);
void add_instruments(Command& program, Context& context);
void add_calendar(Command& program, Context& context);
void add_watch(Command& program, Context& context);
void add_sync(Command& program, Context& context);
void add_backfill(Command& program, Context& context);
void add_ltp(Command& program, Context& context);
void add_run(Command& program, Context& context);
void add_status(Command& program, Context& context);
void add_import(Command& program, Context& context);
void add_export(Command& program, Context& context);
void add_search(Command& program, Context& context);
void add_queue(Command& program, Context& context);
void add_completion(Command& program, Context& context);

}  // namespace pg_candle::commands
