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

#include "failure.hpp"

namespace pg_candle::upstox {
namespace {

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
Token checked(const std::string& secret, const std::string& from) {
    for (const char c : secret)
        if (c <= 0x20 || c >= 0x7f)
            throw Failure(Exit::authentication, from + " holds no token: there is a character in it that no token has.");
    forbid_core_dumps();
    return Token(secret);
}

}  // namespace

bool may_carry_token(const std::string& url) {
    if (url.starts_with("https://")) return true;
    if (!url.starts_with("http://")) return false;
    std::string host = url.substr(7, url.find_first_of("/?#", 7) - 7);
    if (host.find('@') != host.npos) return false;
    if (host.starts_with("[::1]")) return host.size() == 5 || host[5] == ':';
    host = host.substr(0, host.find(':'));
    return host == "localhost" || host == "127.0.0.1";
}

std::string default_token_file() {
    if (const char* file = std::getenv("PGCANDLE_TOKEN_FILE"); file && *file) return file;
    if (const char* folder = std::getenv("XDG_CONFIG_HOME"); folder && *folder) return std::string(folder) + "/pgcandle/token";
    if (const char* home = std::getenv("HOME"); home && *home) return std::string(home) + "/.config/pgcandle/token";
    return "pgcandle.token";
}

Token load_token(const std::string& file) {
    if (const char* secret = std::getenv("UPSTOX_ACCESS_TOKEN"); secret && *secret) return checked(trim(secret), "UPSTOX_ACCESS_TOKEN");
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
    text = trim(text);
    if (text.starts_with('{')) {
        const auto parsed = nlohmann::json::parse(text, nullptr, false);
        const auto found = parsed.is_object() ? parsed.find("access_token") : parsed.end();
        if (!parsed.is_object() || found == parsed.end() || !found->is_string())
            throw Failure(Exit::authentication, "The token file " + file + " holds no token.", "Run \"pgcandle login\".");
        text = found->get<std::string>();
    }
    return checked(text, "The token file " + file);
}

void store_token(const std::string& file, const Token& token, const std::string& kind, std::optional<Instant> expires_at) {
    checked(token.secret(), "The input");
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
    const bool written = handle >= 0 && write(handle, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(handle) == 0;
    const int problem = errno;
    if (handle >= 0) close(handle);
    if (!written || rename(fresh.c_str(), file.c_str()) != 0) {
        unlink(fresh.c_str());
        throw Failure(Exit::failed, "Cannot write the token file " + file + ": " + std::strerror(written ? errno : problem) + ".");
    }
}

Instant daily_expiry(Instant at) {
    using namespace std::chrono;
    const Instant expiry = india_midnight(india_date(at)) + hours{3} + minutes{30};
    return expiry > at ? expiry : expiry + days{1};
}

}  // namespace pg_candle::upstox
