#include "text/environment_file.hpp"

#include <sys/stat.h>

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>

namespace pg_candle {
namespace {

std::set<std::string> from_file;

constexpr const char* blanks = " \t";

std::string_view skip_blanks(std::string_view text) {
    const auto first = text.find_first_not_of(blanks);
    return first == text.npos ? std::string_view() : text.substr(first);
}

bool is_name(std::string_view text) {
    if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0]))) return false;
    for (const char c : text)
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
    return true;
}

/// Goes through the text from line to line.
class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}

    bool next() {
        if (at_ >= text_.size()) return false;
        ++line_;
        return true;
    }
    int line() const { return line_; }

    /// What is left of the line, without what ends it.
    std::string_view rest() const { return text_.substr(at_, end_of_line() - at_); }
    void take(std::size_t count) { at_ += count; }
    void end_line() {
        at_ = end_of_line();
        if (text_.substr(at_, 2) == "\r\n") ++at_;
        ++at_;
    }

    /// What stands between quotes, over lines; nothing if they are not closed.
    std::optional<std::string> quoted() {
        const char quote = text_[at_];
        std::string value;
        int lines = 0;
        for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
            const char c = text_[i];
            if (c == quote) {
                at_ = i + 1;
                line_ += lines;
                return value;
            }
            if (c == '\r') continue;
            lines += c == '\n';
            if (quote == '"' && c == '\\' && i + 1 < text_.size()) {
                const char escaped = text_[++i];
                value += escaped == 'n' ? '\n' : escaped;
                if (escaped != 'n' && escaped != '"' && escaped != '\\' && escaped != '$')
                    value.insert(value.size() - 1, 1, '\\');
                continue;
            }
            value += c;
        }
        return {};
    }

private:
    std::size_t end_of_line() const {
        const auto end = text_.find_first_of("\r\n", at_);
        return end == text_.npos ? text_.size() : end;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 0;
};

/// Reads one line, or more where quotes go on. False if it is none of NAME=value.
bool read_line(Reader& reader) {
    std::string_view rest = skip_blanks(reader.rest());
    if (rest.empty() || rest[0] == '#') return true;
    for (const std::string_view word : {"export", "declare -x", "set"})
        if (rest.starts_with(word) && rest.size() > word.size() &&
            (rest[word.size()] == ' ' || rest[word.size()] == '\t'))
            rest = skip_blanks(rest.substr(word.size()));
    const auto equals = rest.find('=');
    if (equals == rest.npos) return false;
    std::string_view name = rest.substr(0, equals);
    while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
    if (!is_name(name)) return false;
    const std::string variable(name);
    rest = skip_blanks(rest.substr(equals + 1));
    reader.take(reader.rest().size() - rest.size());
    std::string value;
    if (!rest.empty() && (rest[0] == '"' || rest[0] == '\'')) {
        auto quoted = reader.quoted();
        if (!quoted) return false;
        const std::string_view behind = skip_blanks(reader.rest());
        if (!behind.empty() && behind[0] != '#' && behind[0] != ';') return false;
        value = std::move(*quoted);
    } else {
        const auto comment = std::min(rest.find(" #"), rest.find("\t#"));
        value = rest.substr(0, comment);
        value.erase(value.find_last_not_of(blanks) + 1);
    }
    if (value.find('\0') != value.npos) return false;
    if (std::getenv(variable.c_str())) return true;
    setenv(variable.c_str(), value.c_str(), 0);
    from_file.insert(variable);
    return true;
}

}  // namespace

std::vector<std::string> load_environment_file(const std::string& path) {
    struct stat about {};
    if (stat(path.c_str(), &about) != 0 || S_ISDIR(about.st_mode)) return {};
    if (about.st_mode & (S_IWGRP | S_IWOTH)) return {path + " is not read: others can write it. chmod go-w it."};
    std::ifstream file(path, std::ios::binary);
    if (!file) return {path + " cannot be read."};
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
    std::vector<std::string> warnings;
    Reader reader(text);
    while (reader.next()) {
        const int line = reader.line();
        if (!read_line(reader))
            warnings.push_back(path + ", line " + std::to_string(line) + ", is not read: it is no NAME=value.");
        reader.end_line();
    }
    return warnings;
}

bool is_from_environment_file(const std::string& name) { return from_file.contains(name); }

}  // namespace pg_candle
