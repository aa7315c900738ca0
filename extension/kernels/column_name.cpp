#include "kernels/column_name.hpp"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <utility>

namespace pg_candle {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

__attribute__((format(printf, 2, 3))) bool refuse(Reason& reason, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason.text, sizeof reason.text, format, arguments);
    va_end(arguments);
    return false;
}

/// The numbers of "12_26_9". More than there is room for are counted, but not kept.
struct Numbers {
    int count = 0;
    double value[max_parameters] = {};
    bool leading_zero = false;
};

/// False unless the whole text is numbers joined by "_".
bool read_numbers(std::string_view text, Numbers& numbers) noexcept {
    std::size_t at = 0;
    while (true) {
        const std::size_t start = at;
        double value = 0, unit = 1;
        while (at < text.size() && is_digit(text[at])) value = value * 10 + (text[at++] - '0');
        if (at == start) return false;
        if (at - start > 1 && text[start] == '0') numbers.leading_zero = true;
        if (at < text.size() && text[at] == 'p') {
            const std::size_t point = at++;
            while (at < text.size() && is_digit(text[at])) value = value * 10 + (text[at++] - '0'), unit *= 10;
            if (at == point + 1) return false;
        }
        if (numbers.count < max_parameters) numbers.value[numbers.count] = value / unit;
        ++numbers.count;
        if (at == text.size()) return true;
        if (text[at++] != '_') return false;
    }
}

NameKind parse_tail(const Indicator& indicator, int output, std::string_view tail, ColumnName& column,
                    Reason& reason) noexcept {
    Numbers numbers;
    if (!tail.empty() && !read_numbers(tail, numbers)) return NameKind::other;
    const int expected = static_cast<int>(indicator.parameters.size());
    if (tail.empty() && expected > 0) return NameKind::other;

    const std::string_view stem = indicator.outputs[output];
    if (numbers.count != expected) {
        refuse(reason, "%.*s takes %d parameter%s, not %d.", static_cast<int>(stem.size()), stem.data(), expected,
               expected == 1 ? "" : "s", numbers.count);
        return NameKind::impossible;
    }
    if (numbers.leading_zero) {
        refuse(reason, "Its parameters must be written without leading zeros.");
        return NameKind::impossible;
    }
    column = {&indicator, output, {}};
    for (int i = 0; i < expected; ++i) column.parameters.value[i] = numbers.value[i];
    return check_parameters(indicator, column.parameters, reason) ? NameKind::indicator : NameKind::impossible;
}

}  // namespace

NameKind parse_column_name(std::string_view name, ColumnName& column, Reason& reason) noexcept {
    // The longest stem wins: fib_236 is a name of its own, not fib with a parameter.
    const Indicator* best = nullptr;
    int best_output = 0;
    std::string_view best_stem;
    for (const Indicator& indicator : indicators())
        for (std::size_t i = 0; i < indicator.outputs.size(); ++i) {
            const std::string_view stem = indicator.outputs[i];
            if (stem.size() <= best_stem.size() || !name.starts_with(stem)) continue;
            if (name.size() > stem.size() && name[stem.size()] != '_') continue;
            best = &indicator;
            best_output = static_cast<int>(i);
            best_stem = stem;
        }
    if (!best) return NameKind::other;
    if (name.size() == best_stem.size() + 1) return NameKind::other;  // nothing after the "_"
    const std::string_view tail = name.size() == best_stem.size() ? "" : name.substr(best_stem.size() + 1);
    return parse_tail(*best, best_output, tail, column, reason);
}

namespace {

constexpr bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

/// In small letters, with one "_" for every other sign, none at the ends and, if `split`, one between letters and the
/// number that follows them.
std::string_view tidy(std::string_view name, bool split, char* to, std::size_t room) noexcept {
    std::size_t size = 0;
    for (std::size_t i = 0; i < name.size() && size + 2 < room; ++i) {
        const char c = name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] - 'A' + 'a') : name[i];
        const bool decimal_point = size > 1 && to[size - 1] == 'p' && is_digit(to[size - 2]);
        if (split && is_digit(c) && size > 0 && is_letter(to[size - 1]) && !decimal_point) to[size++] = '_';
        if (is_letter(c) || is_digit(c))
            to[size++] = c;
        else if (size > 0 && to[size - 1] != '_')
            to[size++] = '_';
    }
    while (size > 0 && to[size - 1] == '_') --size;
    return {to, size};
}

/// Whether one letter more, less, other, or two changed places make the one of the other.
bool is_one_slip(std::string_view a, std::string_view b) noexcept {
    if (a.size() > b.size()) std::swap(a, b);
    if (b.size() - a.size() > 1) return false;
    std::size_t same = 0;
    while (same < a.size() && a[same] == b[same]) ++same;
    const std::string_view rest_a = a.substr(same), rest_b = b.substr(same);
    if (a.size() < b.size()) return rest_a == rest_b.substr(1);
    if (rest_a.empty()) return false;  // the same
    if (rest_a.substr(1) == rest_b.substr(1)) return true;
    return rest_a.size() > 1 && rest_a[0] == rest_b[1] && rest_a[1] == rest_b[0] &&
           rest_a.substr(2) == rest_b.substr(2);
}

}  // namespace

namespace {

/// Whether what follows a stem is meant as numbers: nothing, or digits with points, exponents and the like.
bool is_meant_as_numbers(std::string_view rest) noexcept {
    char before = '_';
    for (const char c : rest) {
        if (is_letter(c) && !((c == 'p' || c == 'e') && !is_letter(before))) return false;
        before = c;
    }
    return true;
}

/// The stem and the names of its parameters: bb_upper_<n>_<k>.
void write_pattern(const Indicator& indicator, std::string_view stem, NearColumnName& near) noexcept {
    int size = snprintf(near.text, sizeof near.text, "%.*s", static_cast<int>(stem.size()), stem.data());
    for (const ParameterRule& rule : indicator.parameters) {
        const std::size_t used = static_cast<std::size_t>(size);
        if (used < sizeof near.text)
            size += snprintf(near.text + used, sizeof near.text - used, "_<%.*s>", static_cast<int>(rule.name.size()),
                             rule.name.data());
    }
}

}  // namespace

NearColumnName near_column_name(std::string_view name) noexcept {
    NearColumnName near{};
    ColumnName column;
    Reason reason;
    const auto take = [&](std::string_view text) {
        if (text.size() >= sizeof near.text || parse_column_name(text, column, reason) != NameKind::indicator)
            return false;
        text.copy(near.text, text.size());
        near.text[text.size()] = '\0';
        return true;
    };
    char buffer[sizeof near.text], guess[sizeof near.text];
    for (const bool split : {false, true})
        if (take(tidy(name, split, buffer, sizeof buffer))) return near;
    const std::string_view tidied = tidy(name, false, buffer, sizeof buffer);
    constexpr std::size_t shortest = 4;
    for (const Indicator& indicator : indicators())
        for (const std::string_view stem : indicator.outputs)
            for (std::size_t size = stem.size() - 1;
                 stem.size() >= shortest && size <= stem.size() + 1 && size <= tidied.size(); ++size) {
                const std::string_view rest = tidied.substr(size);
                if ((!rest.empty() && rest[0] != '_') || !is_one_slip(tidied.substr(0, size), stem)) continue;
                const int length = snprintf(guess, sizeof guess, "%.*s%.*s", static_cast<int>(stem.size()), stem.data(),
                                            static_cast<int>(rest.size()), rest.data());
                if (length > 0 && take({guess, std::min(static_cast<std::size_t>(length), sizeof guess - 1)}))
                    return near;
            }
    if (parse_column_name(name, column, reason) != NameKind::other) return near;
    std::string_view best;
    for (const Indicator& indicator : indicators())
        for (const std::string_view stem : indicator.outputs) {
            if (stem.size() <= best.size() || !tidied.starts_with(stem)) continue;
            const std::string_view rest = tidied.substr(stem.size());
            if ((!rest.empty() && rest[0] != '_' && !is_digit(rest[0])) || !is_meant_as_numbers(rest)) continue;
            best = stem;
            write_pattern(indicator, stem, near);
        }
    return near;
}

bool check_parameters(const Indicator& indicator, const Parameters& parameters, Reason& reason) noexcept {
    for (std::size_t i = 0; i < indicator.parameters.size(); ++i) {
        const ParameterRule& rule = indicator.parameters[i];
        const double value = parameters.value[i];
        const int length = static_cast<int>(rule.name.size());
        if (rule.decimal) {
            if (value > rule.lowest && value <= rule.highest) continue;
            return refuse(reason, "The parameter %.*s must be above %g and at most %g.", length, rule.name.data(),
                          rule.lowest, rule.highest);
        }
        if (value != std::floor(value))
            return refuse(reason, "The parameter %.*s must be a whole number.", length, rule.name.data());
        if (!(value >= rule.lowest && value <= rule.highest))
            return refuse(reason, "The parameter %.*s must be between %g and %g.", length, rule.name.data(),
                          rule.lowest, rule.highest);
    }
    if (indicator.ordered && !(parameters.value[0] < parameters.value[1])) {
        const std::string_view first = indicator.parameters[0].name, second = indicator.parameters[1].name;
        return refuse(reason, "The %.*s period %g must be smaller than the %.*s period %g.",
                      static_cast<int>(first.size()), first.data(), parameters.value[0],
                      static_cast<int>(second.size()), second.data(), parameters.value[1]);
    }
    return true;
}

bool find_window_function(std::string_view function, ColumnName& column) noexcept {
    for (const Indicator& indicator : indicators())
        for (std::size_t i = 0; i < indicator.window_functions.size(); ++i)
            if (indicator.window_functions[i] == function) {
                column = {&indicator, static_cast<int>(i), {}};
                return true;
            }
    return false;
}

}  // namespace pg_candle
