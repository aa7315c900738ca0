#include "commands/context.hpp"

#include <cstdlib>
#include <sstream>

#include "store/database_url.hpp"
#include "text/environment_file.hpp"

namespace pg_candle::commands {

Context::Context(Command program) {
    program.option("--db", database, "Database as a URI or conninfo string; else libpq's environment")
        .environment("DATABASE_URL");
    program.option("--api-url", api_url, "Base address of the API")
        .environment("PGCANDLE_API_URL")
        .default_text("https://api.upstox.com");
    program.option("--assets-url", assets_url, "Base address of the instrument files")
        .environment("PGCANDLE_ASSETS_URL")
        .default_text("https://assets.upstox.com");
    program.option("--token-file", token_file, "Where the access token is kept; UPSTOX_ACCESS_TOKEN goes before it")
        .environment("PGCANDLE_TOKEN_FILE");
    program.option("--limits", rate_limits, "Rate limits, shared by all loaders on the database")
        .environment("PGCANDLE_LIMITS")
        .default_text("50/1s,500/1m,2000/30m");
    program.option("--parallel", parallel, "Requests in flight at most").range(1, 100).show_default();
    program.option("--attempts", attempts, "Attempts of one request").range(1, 100).show_default();
    program.option("--backoff", backoff_ms, "Longest wait before the first retry, in ms; doubles with each")
        .environment("PGCANDLE_BACKOFF")
        .range(1, 60'000)
        .show_default();
    program.option("--timeout", timeout_s, "Longest time of one request, in seconds")
        .environment("PGCANDLE_TIMEOUT")
        .range(1, 3600)
        .show_default();
    program.option("--stall", stall_s, "Longest silence in the middle of an answer, in seconds")
        .range(1, 3600)
        .show_default();
    program.option("--log-level", log_level, "debug, info, warn or error")
        .one_of({"debug", "info", "warn", "error"})
        .default_text("info");
    program.flag("-q,--quiet", quiet, "Errors only, and no progress");
}

std::vector<std::string> read_environment_file() {
    constexpr const char* file = ".env";
    std::vector<std::string> warnings = load_environment_file(file);
    const auto leave_out = [&](const char* variable, auto&& use) {
        const char* value = std::getenv(variable);
        if (!is_from_environment_file(variable) || !value || !*value) return;
        try {
            use(value);
        } catch (const Failure&) {
            unsetenv(variable);
            warnings.push_back(std::string(file) + ": its " + variable + " cannot be used and is left out.");
        }
    };
    leave_out("DATABASE_URL", [](const char* url) { store::read_database_url(url); });
    leave_out("UPSTOX_ACCESS_TOKEN", [](const char*) { upstox::load_token(upstox::default_token_file()); });
    return warnings;
}

std::vector<std::string> split_list(const std::string& text) {
    std::vector<std::string> items;
    std::stringstream stream(text);
    for (std::string item; std::getline(stream, item, ',');) {
        const auto first = item.find_first_not_of(' '), last = item.find_last_not_of(' ');
        if (first != item.npos) items.push_back(item.substr(first, last - first + 1));
    }
    return items;
}

}  // namespace pg_candle::commands
