#include "market/timeframe.hpp"

#include <charconv>
#include <cstdio>
#include <cstring>

namespace pg_candle {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// The unit that a word means, m h d w or o for months; 0 if none.
char unit_of(std::string_view word) {
    constexpr struct {
        char unit;
        const char* words;
    } known[] = {{'m', " m min mins minute minutes "},
                 {'h', " h hr hrs hour hours hourly "},
                 {'d', " d day days daily "},
                 {'w', " w wk week weeks weekly "},
                 {'o', " mo mon month months monthly "}};
    char spaced[16] = " ";
    if (word.empty() || word.size() > sizeof spaced - 3) return 0;
    for (std::size_t i = 0; i < word.size(); ++i) spaced[i + 1] = lower(word[i]);
    spaced[word.size() + 1] = ' ';
    for (const auto& one : known)
        if (std::strstr(one.words, spaced)) return one.unit;
    return 0;
}

}  // namespace

NearTimeframe near_timeframe(std::string_view text) noexcept {
    NearTimeframe near{};
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    int count = 1;
    const char* unit_at = text.data();
    if (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
        if (error != std::errc()) return near;
        unit_at = end;
    }
    std::string_view word(unit_at, static_cast<std::size_t>(text.data() + text.size() - unit_at));
    while (!word.empty() && is_blank(word.front())) word.remove_prefix(1);
    char unit = word == "M" && count == 1 ? 'o' : unit_of(word);
    if (unit == 'm' && count % 60 == 0) unit = 'h', count /= 60;
    if (unit == 'h' && count == 24) unit = 'd', count = 1;
    if (unit == 'd' && count == 7) unit = 'w', count = 1;
    const int most = unit == 'm' ? 1439 : unit == 'h' ? 23 : unit ? 1 : 0;
    if (count < 1 || count > most) return near;
    const char letters[] = {unit == 'o' ? 'm' : unit, unit == 'o' ? 'o' : '\0', '\0'};
    std::snprintf(near.text, sizeof near.text, "%d%s", count, letters);
    return near;
}

bool parse_timeframe(std::string_view text, Timeframe& timeframe, const char*& reason) noexcept {
    int count = 0;
    const auto [unit_at, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit(unit_at, text.data() + text.size() - unit_at);
    if (error != std::errc() || count < 1 || text[0] == '0') {
        reason = "A timeframe is a number from 1 followed by m, h, d, w or mo.";
        return false;
    }
    if (unit == "m") {
        timeframe = {Timeframe::Unit::minute, count};
        reason = "Minutes that make whole hours are written in hours: 1h, not 60m.";
        return count < 1440 && count % 60 != 0;
    }
    if (unit == "h") {
        timeframe = {Timeframe::Unit::hour, count};
        reason = "A timeframe in hours is shorter than a day: at most 23h, and then 1d.";
        return count < 24;
    }
    reason = "Timeframes of a day and longer are 1d, 1w and 1mo.";
    if (count != 1) return false;
    if (unit == "d")
        timeframe = {Timeframe::Unit::day, 1};
    else if (unit == "w")
        timeframe = {Timeframe::Unit::week, 1};
    else if (unit == "mo")
        timeframe = {Timeframe::Unit::month, 1};
    else {
        reason = "A timeframe is a number from 1 followed by m, h, d, w or mo.";
        return false;
    }
    return true;
}

}  // namespace pg_candle
