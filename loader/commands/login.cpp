// pgcandle login: gets an access token by the OAuth2 code flow, or stores an analytics token.
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "commands/context.hpp"
#include "upstox/endpoints.hpp"
#include "upstox/login.hpp"
#include "upstox/quotes.hpp"

namespace pg_candle::commands {
namespace {

struct Options {
    upstox::AppCredentials app;
    bool analytics = false, paste = false;
    int patience = 300;
};

/// A line of input; on a terminal without showing it.
std::string read_secret(const char* prompt) {
    const bool terminal = isatty(STDIN_FILENO) != 0;
    termios before{};
    if (terminal) {
        fprintf(stderr, "%s: ", prompt);
        tcgetattr(STDIN_FILENO, &before);
        termios hidden = before;
        hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    std::string line;
    std::getline(std::cin, line);
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    return line;
}

std::string from_environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

bool on_this_machine(const std::string& uri) { return uri.starts_with("http://") && upstox::may_carry_token(uri); }

upstox::Token log_in(const Context& context, Options options) {
    if (options.app.client_id.empty() || options.app.redirect_uri.empty())
        throw Failure(Exit::usage, "The code flow needs the app's --client-id and --redirect-uri.",
                      "They are on Upstox's Developer Apps page, as is the analytics token, which \"pgcandle login "
                      "--analytics\" stores.");
    options.app.client_secret = from_environment("UPSTOX_CLIENT_SECRET");
    if (options.app.client_secret.empty()) options.app.client_secret = read_secret("Client secret");
    const std::string state = upstox::random_state();
    printf("Open this address and log in:\n\n%s\n\n",
           upstox::authorization_url(context.api_url, options.app, state).c_str());
    fflush(stdout);
    upstox::Redirect redirect;
    if (!options.paste && on_this_machine(options.app.redirect_uri)) {
        redirect = upstox::wait_for_redirect(options.app.redirect_uri, state, std::chrono::seconds{options.patience});
    } else {
        redirect = upstox::parse_redirect(read_secret("The address that you were sent to, or the code in it"));
        if (!redirect.state.empty() && redirect.state != state)
            throw Failure(Exit::authentication, "That address belongs to another login: its state differs.");
    }
    if (redirect.code.empty()) throw Failure(Exit::authentication, "There is no code.");
    LocalLimiter limiter(context.limits());
    const upstox::Token none;
    upstox::Client client(context.client_options(), limiter, none);
    return upstox::exchange_code(client, context.api_url, options.app, redirect.code);
}

/// Asks the provider for one price with the token. Throws Failure (authentication) where it is refused; otherwise
/// returns why nobody can tell, if so.
std::string problem_of(const Context& context, const upstox::Token& token) {
    upstox::ClientOptions client_options = context.client_options();
    client_options.attempts = 2;
    client_options.backoff = std::min(client_options.backoff, std::chrono::milliseconds{20});
    LocalLimiter limiter(context.limits());
    upstox::Client client(client_options, limiter, token);
    std::string problem;
    upstox::Request request;
    request.url = context.api_url + upstox::quotes_path({"NSE_INDEX|Nifty 50"});
    request.endpoint = "ltp";
    request.receive = [&](upstox::Reply& reply) {
        if (reply.error && reply.error->token_refused())
            throw Failure(Exit::authentication,
                          "Upstox refuses that token: " + reply.error->text() + "; it was not stored.",
                          "A new one is made on Upstox's Developer Apps page.");
        if (reply.error) {
            if (!reply.error->key_refused()) problem = reply.error->text();
            return upstox::Parsed::taken;
        }
        std::vector<Quote> quotes;
        std::map<std::string, int> rejected;
        return upstox::QuoteParser().parse(reply.body, quotes, rejected);
    };
    client.submit(std::move(request));
    client.run({}, &Context::stop());
    return problem;
}

void login(const Context& context, const Options& options) {
    const std::string file = context.token_path();
    if (options.analytics) {
        const upstox::Token token(read_secret("Analytics token"));
        if (token.empty()) throw Failure(Exit::authentication, "There is no token in the input.");
        if (const std::string problem = problem_of(context, token); !problem.empty())
            printf("Whether Upstox accepts the token could not be tried: %s.\n", problem.c_str());
        upstox::store_token(file, token, "analytics", {});
    } else {
        const upstox::Token token = log_in(context, options);
        upstox::store_token(file, token, "daily", upstox::daily_expiry(now()));
        printf("The token works until %s.\n", format_instant(upstox::daily_expiry(now())).c_str());
    }
    printf("Stored in %s.\n", file.c_str());
}

}  // namespace

void add_login(Command& program, Context& context) {
    const auto options = std::make_shared<Options>();
    Command command =
        program.subcommand("login", "Gets an access token and stores it in a file that only you can read");
    command.option("--client-id", options->app.client_id, "API key of your app").environment("UPSTOX_CLIENT_ID");
    command
        .option("--redirect-uri", options->app.redirect_uri,
                "The app's; with http://127.0.0.1:PORT/ the code is received there")
        .environment("UPSTOX_REDIRECT_URI");
    command.flag("--paste", options->paste, "Reads the address or code from standard input instead of listening");
    command.option("--patience", options->patience, "Seconds to wait for the login").range(1, 86400).show_default();
    command.flag("--analytics", options->analytics,
                 "Stores an analytics token, valid for a year, that standard input holds");
    command.footer(
        "The app's secret comes from UPSTOX_CLIENT_SECRET or is asked for; neither it nor a token is ever an "
        "argument.");
    command.callback([&context, options] { login(context, *options); });
}

}  // namespace pg_candle::commands
