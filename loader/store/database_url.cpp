#include "store/database_url.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "model/failure.hpp"

namespace pg_candle::store {
namespace {

constexpr const char* form =
    "Write it like postgresql://user:password@host:5432/database, with %40 for an @ and %2F for a "
    "/ in the password.";

[[noreturn]] void refuse(const std::string& why) {
    throw Failure(Exit::usage, "The database cannot be read from --db or DATABASE_URL: " + why + ".", form);
}

using Options = std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)>;

bool is_parameter(std::string_view name) {
    static const Options known(PQconndefaults(), PQconninfoFree);
    if (name == "ssl") return true;
    for (const PQconninfoOption* one = known.get(); one && one->keyword; ++one)
        if (name == one->keyword) return true;
    return false;
}

bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) || c == '_' || c == '-' || c == '+' || c == '.';
    });
}

std::string read_uri(const std::string& scheme, std::string_view rest) {
    const std::string kind = scheme.substr(0, scheme.find('+'));
    if (kind != "postgresql" && kind != "postgres" && kind != "timescaledb")
        refuse(is_word(scheme) ? "\"" + scheme + "://\" is no PostgreSQL" : "it has an unknown scheme");
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    if (std::count(authority.begin(), authority.end(), '@') > 1) refuse("there is more than one @ before the host");
    // Without an @ all of it is a host, and a password that stands there would be told as a port that is wrong.
    if (authority.find('@') == authority.npos && authority.find('[') == authority.npos)
        for (std::string_view hosts = authority; !hosts.empty();) {
            const std::string_view host = hosts.substr(0, hosts.find(','));
            const auto colon = host.find(':');
            if (colon != host.npos && host.find_first_not_of("0123456789", colon + 1) != host.npos)
                refuse("the port is no number, or the @ before the host is lacking");
            hosts.remove_prefix(std::min(host.size() + 1, hosts.size()));
        }
    const std::string_view path = rest.substr(authority.size(), rest.find('?') - authority.size());
    if (path.find('@') != path.npos) refuse("there is an @ behind the host");
    if (rest.find('#') != rest.npos) refuse("there is a # in it, which is written %23");
    if (const auto query = rest.find('?'); query != rest.npos) {
        for (std::string_view parameters = rest.substr(query + 1); !parameters.empty();) {
            const auto end = std::min(parameters.find('&'), parameters.size());
            const std::string_view name = parameters.substr(0, std::min(parameters.find('='), end));
            // Not by its name, which may be what follows an & in a password.
            if (!is_parameter(name)) refuse("libpq does not know one of the parameters behind the ?");
            parameters.remove_prefix(std::min(end + 1, parameters.size()));
        }
    }
    return "postgresql://" + std::string(rest);
}

}  // namespace

std::string read_database_url(const std::string& text) {
    std::string conninfo = text;
    const auto first = conninfo.find_first_not_of(" \t\r\n\"'");
    if (first == conninfo.npos) return {};
    conninfo = conninfo.substr(first, conninfo.find_last_not_of(" \t\r\n") - first + 1);
    if (first > 0 && (text[first - 1] == '"' || text[first - 1] == '\'') && conninfo.back() == text[first - 1])
        conninfo.pop_back();
    const auto separator = conninfo.find("://");
    if (separator != conninfo.npos && separator < conninfo.find('='))
        conninfo = read_uri(conninfo.substr(0, separator), std::string_view(conninfo).substr(separator + 3));
    char* message = nullptr;
    const Options parsed(PQconninfoParse(conninfo.c_str(), &message), PQconninfoFree);
    PQfreemem(message);
    if (!parsed) refuse("it is neither a URI nor NAME=value pairs");
    return conninfo;
}

}  // namespace pg_candle::store
