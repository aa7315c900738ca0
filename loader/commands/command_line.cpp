#include "commands/command_line.hpp"

#include <CLI/CLI.hpp>

namespace pg_candle::commands {

Option& Option::required() { return option_->required(), *this; }
Option& Option::range(int low, int high) { return option_->check(CLI::Range(low, high)), *this; }
Option& Option::one_of(const std::vector<std::string>& values) { return option_->check(CLI::IsMember(values)), *this; }
Option& Option::excludes(const Option& other) { return option_->excludes(other.option_), *this; }
Option& Option::repeatable() { return option_->take_all(), *this; }
Option& Option::show_default() { return option_->capture_default_str(), *this; }
Option& Option::default_text(const std::string& text) { return option_->default_str(text), *this; }
Option& Option::environment(const char* variable) { return option_->envname(variable), *this; }

Command Command::subcommand(const std::string& name, const std::string& description) {
    return Command(*app_->add_subcommand(name, description));
}

Option Command::option(const std::string& names, std::string& value, const std::string& description) {
    return Option(app_->add_option(names, value, description));
}

Option Command::option(const std::string& names, int& value, const std::string& description) {
    return Option(app_->add_option(names, value, description));
}

Option Command::option(const std::string& names, std::vector<std::string>& values, const std::string& description) {
    return Option(app_->add_option(names, values, description));
}

Option Command::flag(const std::string& names, bool& value, const std::string& description) {
    return Option(app_->add_flag(names, value, description));
}

Command& Command::footer(const std::string& text) { return app_->footer(text), *this; }
Command& Command::require_subcommand(int low, int high) { return app_->require_subcommand(low, high), *this; }
Command& Command::callback(std::function<void()> call) { return app_->callback(std::move(call)), *this; }
bool Command::given() const { return app_->parsed(); }

}  // namespace pg_candle::commands
