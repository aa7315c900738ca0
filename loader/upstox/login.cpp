#include "upstox/login.hpp"

#include <httplib.h>
#include <sys/random.h>

#include <nlohmann/json.hpp>

#include "model/failure.hpp"
#include "upstox/endpoints.hpp"

namespace pg_candle::upstox {
namespace {

std::string percent_decode(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && isxdigit(static_cast<unsigned char>(text[i + 1])) &&
            isxdigit(static_cast<unsigned char>(text[i + 2]))) {
            result += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            result += text[i] == '+' ? ' ' : text[i];
        }
    }
    return result;
}

std::string query_value(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
            return percent_decode(pair.substr(name.size() + 1));
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return {};
}

}  // namespace

std::string authorization_url(const std::string& api_url, const AppCredentials& app, const std::string& state) {
    return api_url + "/v2/login/authorization/dialog?response_type=code&client_id=" + percent_encode(app.client_id) +
           "&redirect_uri=" + percent_encode(app.redirect_uri) + "&state=" + state;
}

std::string random_state() {
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        throw Failure(Exit::failed, "The system gives no random numbers.");
    std::string text;
    for (const unsigned char byte : bytes) text += "0123456789abcdef"[byte >> 4], text += "0123456789abcdef"[byte & 15];
    return text;
}

Redirect parse_redirect(const std::string& text) {
    const auto question = text.find('?');
    if (question == text.npos) return {text, {}};
    const std::string query = text.substr(question + 1, text.find('#', question) - question - 1);
    return {query_value(query, "code"), query_value(query, "state")};
}

Redirect wait_for_redirect(const std::string& redirect_uri, const std::string& state, std::chrono::seconds patience) {
    const auto fail = [](const std::string& what) {
        return Failure(Exit::authentication, what, "Or paste the address: \"pgcandle login --paste\".");
    };
    const std::string rest = redirect_uri.substr(std::string("http://").size());
    const auto slash = std::min(rest.find('/'), rest.size());
    const auto colon = rest.find(':');
    const int port = colon < slash ? std::atoi(rest.c_str() + colon + 1) : 80;
    const std::string path = slash < rest.size() ? rest.substr(slash, rest.find('?') - slash) : "/";

    httplib::Server server;
    Redirect redirect;
    std::atomic<bool> arrived{false};
    server.Get(path, [&](const httplib::Request& request, httplib::Response& response) {
        if (request.get_param_value("state") != state || !request.has_param("code")) {
            response.status = 400;
            response.set_content("This is not the login that pgcandle waits for.\n", "text/plain");
            return;
        }
        if (!arrived) redirect = {request.get_param_value("code"), state};
        arrived = true;
        response.set_content("pgcandle has the code. You can close this window.\n", "text/plain");
    });
    if (!server.bind_to_port("127.0.0.1", port)) throw fail("Cannot listen at " + redirect_uri + ".");
    std::thread listener([&] { server.listen_after_bind(); });
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!arrived && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
    if (arrived) std::this_thread::sleep_for(std::chrono::milliseconds{100});  // the browser's page
    while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    server.stop();
    listener.join();
    if (!arrived) throw fail("Nobody logged in within " + std::to_string(patience.count()) + " seconds.");
    return redirect;
}

Token exchange_code(Client& client, const std::string& api_url, const AppCredentials& app, const std::string& code) {
    const std::string url = api_url + "/v2/login/authorization/token";
    if (!may_carry_token(url))
        throw Failure(Exit::usage, "The app's secret is sent over https or to this machine only.");
    Token token;
    Request request;
    request.url = url;
    request.endpoint = "login";
    request.form = "code=" + percent_encode(code) + "&client_id=" + percent_encode(app.client_id) +
                   "&client_secret=" + percent_encode(app.client_secret) +
                   "&redirect_uri=" + percent_encode(app.redirect_uri) + "&grant_type=authorization_code";
    request.receive = [&](Reply& reply) {
        if (reply.error) throw Failure(Exit::authentication, "Upstox refused the login: " + reply.error->text() + ".");
        const auto body = nlohmann::json::parse(reply.body.view(), nullptr, false);
        if (!body.is_object()) return Parsed::malformed;
        const auto found = body.find("access_token");
        if (found == body.end() || !found->is_string()) return Parsed::refused;
        token = Token(found->get<std::string>());
        return Parsed::taken;
    };
    client.submit(std::move(request));
    client.run();
    return token;
}

}  // namespace pg_candle::upstox
