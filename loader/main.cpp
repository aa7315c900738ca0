// pgcandle: brings market data of Upstox into the candle tables of pg_candle.
#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "commands/context.hpp"
#include "model/version.hpp"
#include "text/environment_file.hpp"
#include "text/near.hpp"

namespace {

using namespace pg_candle;

void stop_softly(int) { commands::Context::stop() = true; }

int code(Exit exit) { return static_cast<int>(exit); }

int report(const Failure& failure) {
    fprintf(stderr, "pgcandle: %s%s%s\n", failure.what(), failure.hint.empty() ? "" : " ", failure.hint.c_str());
    return code(failure.exit);
}

/// Names the command, or the command of a command, that was probably meant.
void suggest(const CLI::App& app, int argc, char** argv) {
    const CLI::App* inside = &app;
    std::string path = "pgcandle";
    for (int i = 1; i < argc; ++i) {
        if (argv[i][0] == '-') continue;
        const CLI::App* nearest = nullptr;
        int least = 3;
        for (const CLI::App* one : inside->get_subcommands([](const CLI::App*) { return true; }))
            if (const int apart = distance(argv[i], one->get_name(), 3); apart < least) least = apart, nearest = one;
        if (!nearest) return;
        path += " " + nearest->get_name();
        if (least > 0) {
            fprintf(stderr, "Did you mean \"%s\"?\n", path.c_str());
            return;
        }
        inside = nearest;
    }
}

/// A variable whose value is none of its option's is an error; newer versions of CLI11 pass over it.
void refuse_unused_variables(const CLI::App& app) {
    for (const CLI::Option* option : app.get_options()) {
        const std::string variable = option->get_envname();
        const char* value = variable.empty() ? nullptr : std::getenv(variable.c_str());
        if (value && *value && option->count() == 0)
            throw CLI::ValidationError(option->get_name(), "its value is none");
    }
}

/// Where a value that is refused came from, if it was not the command line.
void name_variable(const CLI::App& app, const std::string& message, int argc, char** argv) {
    for (const CLI::Option* option : app.get_options()) {
        const std::string variable = option->get_envname(), name = option->get_name();
        if (variable.empty() || !std::getenv(variable.c_str()) || message.find(name) == message.npos) continue;
        const bool typed = std::any_of(argv + 1, argv + argc, [&](const char* one) {
            return std::string_view(one).substr(0, std::string_view(one).find('=')) == name;
        });
        if (!typed)
            fprintf(stderr, "The value is that of the variable %s%s.\n", variable.c_str(),
                    is_from_environment_file(variable) ? " in .env" : "");
    }
}

}  // namespace

int main(int argc, char** argv) {
    spdlog::set_default_logger(spdlog::stderr_color_mt("pgcandle"));
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");

    // The file has to be read before options take their defaults from the environment.
    const std::vector<std::string> warnings = commands::read_environment_file();

    CLI::App app{
        "pgcandle brings market data of Upstox into PostgreSQL. Exit codes: 0 done, 1 something failed, 2 usage, "
        "3 the provider refuses the token, 4 another sync holds the lock, 5 the database."};
    app.set_version_flag("--version", PG_CANDLE_VERSION);
    app.require_subcommand(1);
    app.fallthrough();
    commands::Command program(app);
    commands::Context context(program);
    app.parse_complete_callback([&] {
        refuse_unused_variables(app);
        if (context.api_url.empty()) context.api_url = "https://api.upstox.com";
        if (context.assets_url.empty()) context.assets_url = "https://assets.upstox.com";
        if (context.rate_limits.empty()) context.rate_limits = "50/1s,500/1m,2000/30m";
        for (std::string* url : {&context.api_url, &context.assets_url})
            while (url->ends_with('/')) url->pop_back();
        spdlog::set_level(context.quiet
                              ? spdlog::level::err
                              : spdlog::level::from_str(context.log_level.empty() ? "info" : context.log_level));
        if (context.quiet && context.log_level.empty()) spdlog::set_level(spdlog::level::err);
        for (const std::string& warning : warnings) spdlog::warn("environment {}", warning);
    });
    for (const auto add : {commands::add_init, commands::add_login, commands::add_instruments, commands::add_calendar,
                           commands::add_search, commands::add_watch, commands::add_sync, commands::add_backfill,
                           commands::add_ltp, commands::add_run, commands::add_queue, commands::add_status,
                           commands::add_import, commands::add_export, commands::add_completion})
        add(program, context);

    struct sigaction action {};
    action.sa_handler = stop_softly;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    signal(SIGPIPE, SIG_IGN);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int result = app.exit(error);
        if (result != 0) suggest(app, argc, argv), name_variable(app, error.what(), argc, argv);
        return result == 0 ? code(Exit::done) : code(Exit::usage);
    } catch (const Failure& failure) {
        return report(failure);
    } catch (const store::SqlError& error) {
        return report(Failure(Exit::database, std::string("PostgreSQL: ") + error.what() +
                                                  (error.state.empty() ? "" : " (SQLSTATE " + error.state + ")")));
    } catch (const std::exception& error) {
        return report(Failure(Exit::failed, error.what()));
    }
    return code(context.exit);
}
