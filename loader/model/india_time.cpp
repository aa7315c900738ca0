#include "model/india_time.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "model/failure.hpp"

namespace pg_candle {
namespace {

using namespace std::chrono;

/// Reads exactly `digits` digits from the front of `text`.
bool take_number(std::string_view& text, std::size_t digits, int& number) {
    if (text.size() < digits) return false;
    number = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return false;
        number = 10 * number + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return true;
}

bool take(std::string_view& text, char expected) {
    if (text.empty() || text[0] != expected) return false;
    text.remove_prefix(1);
    return true;
}

bool take_date(std::string_view& text, Date& date) {
    int y, m, d;
    if (!take_number(text, 4, y) || !take(text, '-') || !take_number(text, 2, m) || !take(text, '-') ||
        !take_number(text, 2, d))
        return false;
    const year_month_day whole{year{y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(d)}};
    date = Date{whole};
    return whole.ok();
}

bool take_fraction(std::string_view& text, microseconds& fraction) {
    fraction = microseconds{0};
    if (!take(text, '.')) return true;
    int unit = 100'000, digits = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits, unit /= 10)
        fraction += microseconds{(text[0] - '0') * unit};
    return digits > 0;
}

bool take_offset(std::string_view& text, minutes& offset) {
    offset = india_offset;
    if (text.empty()) return true;
    offset = minutes{0};
    if (take(text, 'Z')) return true;
    const bool west = text[0] == '-';
    if (!west && text[0] != '+') return false;
    text.remove_prefix(1);
    int h, m = 0;
    if (!take_number(text, 2, h)) return false;
    if (!text.empty()) {
        take(text, ':');
        if (!take_number(text, 2, m)) return false;
    }
    offset = minutes{60 * h + m} * (west ? -1 : 1);
    return h <= 15 && m < 60;
}

}  // namespace

Date india_date(Instant at) { return floor<days>(at + india_offset); }

Instant india_midnight(Date date) { return Instant{date} - india_offset; }

bool clock_is_replayed() {
    const char* setting = std::getenv("PGCANDLE_NOW");
    return setting && *setting;
}

Instant now() {
    if (!clock_is_replayed()) return time_point_cast<microseconds>(system_clock::now());
    const std::string setting = std::getenv("PGCANDLE_NOW");
    std::string moment = setting;
    if (setting.starts_with('@')) {
        std::ifstream file(setting.substr(1));
        moment.clear();  // also where there is no such file
        std::getline(file, moment);
    }
    const auto instant = parse_instant(moment);
    if (!instant)
        throw Failure(Exit::usage, "PGCANDLE_NOW is no time: " + setting + ".",
                      "Write it like 2026-10-30T20:00:00+05:30, or @FILE for a file in which that is written.");
    return *instant;
}

std::optional<Instant> parse_instant(std::string_view text) {
    Date date;
    if (!take_date(text, date)) return {};
    int h = 0, m = 0, s = 0;
    microseconds fraction{0};
    minutes offset = india_offset;
    if (!text.empty()) {
        if (!take(text, 'T') && !take(text, ' ')) return {};
        if (!take_number(text, 2, h) || !take(text, ':') || !take_number(text, 2, m)) return {};
        if (take(text, ':') && !(take_number(text, 2, s) && take_fraction(text, fraction))) return {};
        if (!take_offset(text, offset) || !text.empty()) return {};
    }
    if (h > 23 || m > 59 || s > 59) return {};
    return Instant{date} + hours{h} + minutes{m} + seconds{s} + fraction - offset;
}

std::optional<Date> parse_date(std::string_view text) {
    Date date;
    if (!take_date(text, date) || !text.empty()) return {};
    return date;
}

std::string format_date(Date date) {
    const year_month_day whole{date};
    char text[32];
    snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(whole.year()), static_cast<unsigned>(whole.month()),
             static_cast<unsigned>(whole.day()));
    return text;
}

std::string format_instant(Instant at) {
    const Date date = india_date(at);
    const hh_mm_ss<microseconds> time{at + india_offset - Instant{date}};
    char text[64];
    snprintf(text, sizeof text, "T%02d:%02d:%02d", static_cast<int>(time.hours().count()),
             static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
    std::string result = format_date(date) + text;
    if (time.subseconds().count() != 0) {
        snprintf(text, sizeof text, ".%06d", static_cast<int>(time.subseconds().count()));
        result += text;
    }
    return result + "+05:30";
}

}  // namespace pg_candle
