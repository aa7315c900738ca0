#include "upstox/token.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "model/failure.hpp"
#include "text/environment_file.hpp"

namespace pg_candle::upstox {
namespace {

constexpr const char* variable = "UPSTOX_ACCESS_TOKEN";

/// A crash must not write the token to disk.
void forbid_core_dumps() {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
}

std::string trim(const std::string& text) {
    const auto first = text.find_first_not_of(" \t\r\n"), last = text.find_last_not_of(" \t\r\n");
    return first == text.npos ? "" : text.substr(first, last - first + 1);
}

/// A token goes into a header line: printable characters without blanks only.
Token checked(const std::string& secret, const std::string& from, const std::string& place,
              const std::string& kind = {}) {
    for (const char c : secret)
        if (c <= 0x20 || c >= 0x7f)
            throw Failure(Exit::authentication,
                          from + " holds no token: there is a character in it that no token has.");
    forbid_core_dumps();
    return Token(secret, place, kind);
}

}  // namespace

bool may_carry_token(const std::string& url) { return url.starts_with("https://") || is_this_machine(url); }

bool is_this_machine(const std::string& url) {
    if (!url.starts_with("http://")) return false;
    std::string host = url.substr(7, url.find_first_of("/?#", 7) - 7);
    if (host.find('@') != host.npos) return false;
    if (host.starts_with("[::1]")) return host.size() == 5 || host[5] == ':';
    host = host.substr(0, host.find(':'));
    return host == "localhost" || host == "127.0.0.1";
}

std::string default_token_file() {
    if (const char* file = std::getenv("PGCANDLE_TOKEN_FILE"); file && *file) return file;
    if (const char* folder = std::getenv("XDG_CONFIG_HOME"); folder && *folder)
        return std::string(folder) + "/pgcandle/token";
    if (const char* home = std::getenv("HOME"); home && *home) return std::string(home) + "/.config/pgcandle/token";
    return "pgcandle.token";
}

namespace {

/// The text of the file; no value if there is none.
std::optional<std::string> read_token_file(const std::string& file) {
    const int handle = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (handle < 0) {
        if (errno == ENOENT) return {};
        throw Failure(Exit::authentication, "Cannot read the token file " + file + ": " + std::strerror(errno) + ".");
    }
    struct stat about {};
    std::string text(1 << 16, '\0');
    const bool known = fstat(handle, &about) == 0;
    const ssize_t size = read(handle, text.data(), text.size());
    close(handle);
    if (!known || size < 0) throw Failure(Exit::authentication, "Cannot read the token file " + file + ".");
    if (about.st_mode & (S_IRWXG | S_IRWXO))
        throw Failure(Exit::authentication, "Others can read or write the token file " + file + ".",
                      "chmod 600 it; and if others may have read it, make a new token.");
    text.resize(static_cast<std::size_t>(size));
    return trim(text);
}

/// A field of the file's JSON that is text; empty if there is none, or the file is the bare token.
std::string field(const std::string& text, const char* name) {
    const auto parsed = nlohmann::json::parse(text, nullptr, false);
    const auto found = parsed.is_object() ? parsed.find(name) : parsed.end();
    return parsed.is_object() && found != parsed.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

Token load_token(const std::string& file) {
    if (const char* secret = std::getenv(variable); secret && *secret)
        return checked(
            trim(secret), variable,
            std::string(variable) + (is_from_environment_file(variable) ? " of .env" : " of the environment"));
    const std::optional<std::string> text = read_token_file(file);
    if (!text) return {};
    const bool bare = !text->starts_with('{');
    const std::string secret = bare ? *text : field(*text, "access_token");
    if (secret.empty())
        throw Failure(Exit::authentication, "The token file " + file + " holds no token.", "Run \"pgcandle login\".");
    return checked(secret, "The token file " + file, "the file " + file, bare ? "" : field(*text, "kind"));
}

std::optional<TokenRecord> token_record(const std::string& file) {
    const Token token = load_token(file);
    if (token.empty()) return {};
    TokenRecord record{token.place(), token.kind(), {}, {}};
    if (record.place.starts_with(variable)) return record;
    const std::string text = read_token_file(file).value_or("");
    record.issued_at = parse_instant(field(text, "issued_at"));
    record.expires_at = parse_instant(field(text, "expires_at"));
    return record;
}

void store_token(const std::string& file, const Token& token, const std::string& kind,
                 std::optional<Instant> expires_at) {
    checked(token.secret(), "The input", {});
    nlohmann::ordered_json content{{"kind", kind}, {"issued_at", format_instant(now())}};
    if (expires_at) content["expires_at"] = format_instant(*expires_at);
    content["access_token"] = token.secret();
    const std::string text = content.dump(2) + "\n";
    const std::filesystem::path path(file);
    std::error_code ignored;
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
    const std::string fresh = file + ".new";
    unlink(fresh.c_str());
    const int handle = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    const bool written = handle >= 0 && write(handle, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                         fsync(handle) == 0;
    const int problem = errno;
    if (handle >= 0) close(handle);
    if (!written || rename(fresh.c_str(), file.c_str()) != 0) {
        unlink(fresh.c_str());
        throw Failure(Exit::failed,
                      "Cannot write the token file " + file + ": " + std::strerror(written ? errno : problem) + ".");
    }
}

std::string renewal(const Token& token) {
    const std::string expiry =
        token.kind() == "analytics" ? "An analytics token works for a year. " : "It expires at 03:30 every day. ";
    if (token.empty()) return "Run \"pgcandle login\".";
    if (token.place().starts_with(variable))
        return expiry + "It came from " + token.place() +
               ", which goes before the token of \"pgcandle login\": put a new " +
               "one there, or take it away and run \"pgcandle login\".";
    return expiry + "It came from " + token.place() + ". Run \"pgcandle login" +
           (token.kind() == "analytics" ? " --analytics" : "") + "\".";
}

Instant daily_expiry(Instant at) {
    using namespace std::chrono;
    const Instant expiry = india_midnight(india_date(at)) + hours{3} + minutes{30};
    return expiry > at ? expiry : expiry + days{1};
}

}  // namespace pg_candle::upstox
