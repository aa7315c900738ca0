#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands/command_line.hpp"
#include "ingest/settings.hpp"
#include "model/failure.hpp"

namespace pg_candle::commands {

/// What all commands share: the options before or behind the command's name, and how the command ended.
struct Context : ingest::Settings {
    /// Adds the shared options.
    explicit Context(Command program);

    Exit exit = Exit::done;  ///< its callback may set it
};

/// Reads `.env` of the current folder into the environment (text/environment_file.hpp). It may be another program's:
/// its database that is no PostgreSQL, or its token that can be none, is left out. Returns warnings, without any value.
std::vector<std::string> read_environment_file();

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
