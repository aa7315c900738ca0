#include "kernels/column_name.hpp"

#include <cmath>
#include <cstdarg>
#include <cstdio>

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
            return refuse(reason, "The parameter %.*s must be between %g and %g.", length, rule.name.data(), rule.lowest,
                          rule.highest);
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
