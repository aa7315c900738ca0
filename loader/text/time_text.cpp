#include "text/time_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace pg_candle {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 12> months{"jan", "feb", "mar", "apr", "may", "jun",
                                                  "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekdays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)); }

/// A time in pieces: numbers, words, and the characters between them.
struct Scanner {
    std::string_view rest;

    void skip_blanks() {
        while (!rest.empty() && (rest[0] == ' ' || rest[0] == '\t' || rest[0] == ',')) rest.remove_prefix(1);
    }
    /// Digits as a number; `digits`: how many there were.
    bool number(std::int64_t& value, std::size_t& digits) {
        value = 0;
        for (digits = 0; digits < rest.size() && is_digit(rest[digits]); ++digits)
            if (digits < 18) value = 10 * value + (rest[digits] - '0');
        rest.remove_prefix(digits);
        return digits > 0;
    }
    std::string word() {
        std::string text;
        for (; !rest.empty() && is_letter(rest[0]); rest.remove_prefix(1))
            text += static_cast<char>(std::tolower(static_cast<unsigned char>(rest[0])));
        return text;
    }
    bool take(char c) {
        if (rest.empty() || rest[0] != c) return false;
        rest.remove_prefix(1);
        return true;
    }
    bool take_any(std::string_view characters) {
        if (rest.empty() || characters.find(rest[0]) == characters.npos) return false;
        rest.remove_prefix(1);
        return true;
    }
};

template <std::size_t N>
int index_of(const std::string& word, const std::array<std::string_view, N>& names) {
    if (word.size() < 3) return -1;
    for (std::size_t i = 0; i < N; ++i)
        if (std::string_view(word).substr(0, 3) == names[i]) return static_cast<int>(i);
    return -1;
}

int whole_year(std::int64_t year, std::size_t digits) {
    if (digits == 4) return static_cast<int>(year);
    return digits == 2 ? static_cast<int>(year < 70 ? 2000 + year : 1900 + year) : -1;
}

std::optional<Date> make_date(int y, std::int64_t m, std::int64_t d) {
    if (y < 1900 || m < 1 || m > 12 || d < 1 || d > 31) return {};
    const year_month_day date{year{y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(d)}};
    return date.ok() ? std::optional(Date{date}) : std::nullopt;
}

/// What of a date is not known yet: numbers that are day, month and year in some order.
struct ParsedDate {
    std::optional<Date> date;  ///< where it can be read in one way
    bool open = false;         ///< otherwise:
    std::int64_t first = 0, second = 0, third = 0;
    std::size_t third_digits = 0;

    std::optional<Date> in(DateOrder order) const {
        if (date || !open) return date;
        switch (order) {
            case DateOrder::day_first:
                return make_date(whole_year(third, third_digits), second, first);
            case DateOrder::month_first:
                return make_date(whole_year(third, third_digits), first, second);
            case DateOrder::year_first:
                return third_digits > 2 ? std::nullopt : make_date(whole_year(first, 2), second, third);
        }
        return {};
    }
};

ParsedDate take_date(Scanner& text) {
    text.skip_blanks();
    if (!text.rest.empty() && is_letter(text.rest[0])) {
        std::string word = text.word();
        text.take('.');
        if (index_of(word, weekdays) >= 0 && index_of(word, months) < 0) {
            text.skip_blanks();
            if (text.rest.empty() || !is_letter(text.rest[0])) return take_date(text);
            word = text.word();
        }
        const int month_index = index_of(word, months);  // Jan 05, 2026
        std::int64_t d, y;
        std::size_t digits;
        text.skip_blanks();
        text.take('-');
        if (month_index < 0 || !text.number(d, digits) || digits > 2) return {};
        text.skip_blanks();
        text.take_any("-/");
        if (!text.number(y, digits)) return {};
        return {make_date(whole_year(y, digits), month_index + 1, d)};
    }
    std::int64_t first, second, third;
    std::size_t first_digits, second_digits, third_digits;
    if (!text.number(first, first_digits)) return {};
    if (first_digits == 8) return {make_date(static_cast<int>(first / 10000), first / 100 % 100, first % 100)};
    if (first_digits > 4) return {};
    const bool parted = text.take_any("-/. ");
    if (!text.rest.empty() && is_letter(text.rest[0])) {  // 05-Jan-2026, 05Jan2026
        const int month_index = index_of(text.word(), months);
        text.take('.');
        text.take_any("-/ ,");
        text.skip_blanks();
        if (month_index < 0 || !text.number(third, third_digits)) return {};
        if (first_digits == 4) return {make_date(static_cast<int>(first), month_index + 1, third)};
        return {make_date(whole_year(third, third_digits), month_index + 1, first)};
    }
    if (!parted || !text.number(second, second_digits) || second_digits > 2 || !text.take_any("-/. ")) return {};
    if (!text.number(third, third_digits)) return {};
    if (first_digits == 4) return {make_date(static_cast<int>(first), second, third)};
    if (first_digits > 2) return {};
    return {{}, true, first, second, third, third_digits};
}

/// The time of day behind a date; none is midnight. False if what stands there is none.
bool take_clock(Scanner& text, microseconds& clock) {
    clock = microseconds{0};
    text.skip_blanks();
    if (text.take('T') || text.take('t')) text.skip_blanks();
    if (text.rest.empty()) return true;
    if (!is_digit(text.rest[0])) return false;
    std::int64_t h, m = 0, s = 0, fraction;
    std::size_t digits;
    if (!text.number(h, digits)) return false;
    if (digits == 4 || digits == 6 || digits == 3 || digits == 5) {  // 0915, 915, 091500
        if (digits > 4) s = h % 100, h /= 100;
        m = h % 100, h /= 100;
    } else if (digits > 2) {
        return false;
    } else if (text.take(':')) {
        if (!text.number(m, digits) || digits != 2) return false;
        if (text.take(':') && (!text.number(s, digits) || digits != 2)) return false;
    }
    if (text.take_any(".") && text.number(fraction, digits)) {
        for (; digits < 6; ++digits) fraction *= 10;
        for (; digits > 6; --digits) fraction /= 10;
        clock += microseconds{fraction};
    }
    text.skip_blanks();
    Scanner ahead = text;
    const std::string word = ahead.word();
    if (word == "am" || word == "pm" || word == "a" || word == "p") {
        if (h < 1 || h > 12) return false;
        h = h % 12 + (word[0] == 'p' ? 12 : 0);
        text = ahead;
    }
    if (h > 23 || m > 59 || s > 59) return false;
    clock += hours{h} + minutes{m} + seconds{s};
    return true;
}

/// `offset` stays where there is none.
bool take_offset(Scanner& text, minutes& offset) {
    text.skip_blanks();
    if (text.take('(')) text.skip_blanks();
    const std::string word = text.word();
    if (word == "z" || word == "utc" || word == "gmt")
        offset = minutes{0};
    else if (word == "ist")
        offset = india_offset;
    else if (!word.empty())
        return false;
    if (!text.rest.empty() && (text.rest[0] == '+' || text.rest[0] == '-')) {
        const int sign = text.rest[0] == '-' ? -1 : 1;
        text.rest.remove_prefix(1);
        std::int64_t h, m = 0;
        std::size_t digits;
        if (!text.number(h, digits)) return false;
        if (digits == 4)
            m = h % 100, h /= 100;
        else if (digits > 2)
            return false;
        else if (text.take(':') && (!text.number(m, digits) || digits != 2))
            return false;
        if (h > 15 || m > 59) return false;
        offset = sign * minutes{60 * h + m};
    }
    text.take(')');
    text.skip_blanks();
    return text.rest.empty();
}

/// 9 or 10 digits are seconds, 12 or 13 milliseconds, and so on: all from 1973 to 2286.
std::optional<Instant> read_epoch(std::string_view text) {
    const auto point = text.find('.');
    std::string_view fraction = point == text.npos ? std::string_view() : text.substr(point + 1);
    const std::string_view whole = text.substr(0, point);
    if (whole.size() < 9 || whole.size() > 19 || whole.size() == 14) return {};
    if (!std::all_of(whole.begin(), whole.end(), is_digit) || !std::all_of(fraction.begin(), fraction.end(), is_digit))
        return {};
    const std::int64_t number = std::stoll(std::string(whole.substr(0, 18)));
    switch (whole.size()) {
        case 9:
        case 10: {
            std::string digits(fraction.substr(0, 6));
            digits.resize(6, '0');
            return Instant{seconds{number}} + microseconds{std::stoll(digits)};
        }
        case 12:
        case 13:
            return Instant{milliseconds{number}};
        case 15:
        case 16:
            return Instant{microseconds{number}};
        case 18:
            return Instant{microseconds{number / 1000}};
        case 19:
            return Instant{microseconds{number / 100}};
        default:
            return {};
    }
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

}  // namespace

std::optional<Instant> read_time(std::string_view text, DateOrder order, minutes zone) {
    if (const auto usual = parse_instant(text); usual && zone == india_offset) return usual;
    text = trim(text);
    if (const auto epoch = read_epoch(text)) return epoch;
    Scanner scanner{text};
    if (text.size() == 14 && std::all_of(text.begin(), text.end(), is_digit)) {  // 20260105091500
        return read_time(std::string(text.substr(0, 8)) + " " + std::string(text.substr(8)), order, zone);
    }
    const ParsedDate parsed = take_date(scanner);
    const auto date = parsed.in(order);
    microseconds clock;
    minutes offset = zone;
    if (!date || !take_clock(scanner, clock) || !take_offset(scanner, offset)) return {};
    return Instant{*date} + clock - offset;
}

void DateOrderFinder::add(std::string_view time) {
    time = trim(time);
    if (parse_instant(time) || read_epoch(time)) return;
    Scanner scanner{time};
    const ParsedDate parsed = take_date(scanner);
    if (parsed.date || !parsed.open) return;
    any_ = true;
    for (const DateOrder order : {DateOrder::day_first, DateOrder::month_first, DateOrder::year_first}) {
        Reading& reading = readings_[static_cast<std::size_t>(order)];
        const auto date = parsed.in(order);
        if (date && reading.possible)
            reading.dates.push_back(*date);
        else
            reading = {false, {}};
    }
}

std::optional<DateOrder> DateOrderFinder::order() const {
    if (!any_) return DateOrder::day_first;
    const Reading &day = as(DateOrder::day_first), &month = as(DateOrder::month_first),
                  &year = as(DateOrder::year_first);
    const auto is_likely = [](const Reading& reading) {
        const std::vector<Date>& dates = reading.dates;
        const bool ordered = std::is_sorted(dates.begin(), dates.end()) || std::is_sorted(dates.rbegin(), dates.rend());
        const auto weekend = std::count_if(dates.begin(), dates.end(), [](Date date) {
            const weekday on{date};
            return on == Saturday || on == Sunday;
        });
        return reading.possible && ordered && weekend * 10 <= static_cast<std::ptrdiff_t>(dates.size());
    };
    const auto latest = [](const Reading& one) { return *std::max_element(one.dates.begin(), one.dates.end()); };
    const auto span = [&](const Reading& one) {
        return (latest(one) - *std::min_element(one.dates.begin(), one.dates.end())).count();
    };
    std::optional<DateOrder> chosen;
    if (day.possible && (!month.possible || day.dates == month.dates || (is_likely(day) && !is_likely(month))))
        chosen = DateOrder::day_first;
    else if (month.possible && (!day.possible || (is_likely(month) && !is_likely(day))))
        chosen = DateOrder::month_first;
    if (!is_likely(year)) return chosen;
    if (!day.possible && !month.possible) return DateOrder::year_first;
    if (!chosen) return {};
    const Reading& other = as(*chosen);
    if (10 * span(year) < span(other)) return DateOrder::year_first;
    if (10 * span(other) < span(year) || latest(year) <= latest(other) + days{365}) return chosen;
    return {};
}

}  // namespace pg_candle
