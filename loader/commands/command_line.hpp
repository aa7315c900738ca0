#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace pg_candle::commands {

/// An option or argument of a command, to say more about it. What belongs to it lives as long as the program.
class Option {
public:
    explicit Option(CLI::Option* option) : option_(option) {}

    Option& required();
    /// Numbers from `low` to `high`; others are refused.
    Option& range(int low, int high);
    Option& one_of(const std::vector<std::string>& values);
    Option& excludes(const Option& other);
    /// May be given several times.
    Option& repeatable();
    /// What it has now is shown as its default.
    Option& show_default();
    /// Shown as its default.
    Option& default_text(const std::string& text);
    /// Where it is not given, this variable of the environment says it.
    Option& environment(const char* variable);

private:
    CLI::Option* option_;
};

/// A command of the program, or the program itself. CLI11 is seen in command_line.cpp only, and by those who write
/// help: its header costs each file that includes it several seconds. Descriptions are what --help, the manual and
/// completions show.
class Command {
public:
    explicit Command(CLI::App& app) : app_(&app) {}

    Command subcommand(const std::string& name, const std::string& description);
    /// `names` like "-o,--output", or without dashes for an argument. The value goes to `value`, which must stay.
    Option option(const std::string& names, std::string& value, const std::string& description);
    Option option(const std::string& names, int& value, const std::string& description);
    Option option(const std::string& names, std::vector<std::string>& values, const std::string& description);
    Option flag(const std::string& names, bool& value, const std::string& description);
    Command& footer(const std::string& text);
    /// From `low` to `high` subcommands must be given.
    Command& require_subcommand(int low, int high);
    /// Called when the command line was understood.
    Command& callback(std::function<void()> call);
    /// Whether it was given.
    bool given() const;

    CLI::App& app() const { return *app_; }

private:
    CLI::App* app_;
};

}  // namespace pg_candle::commands
