#include "text/number_text.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string>

namespace pg_candle {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Without blanks (also those that do not break), quotes and currency signs at the ends.
std::string_view trim(std::string_view text) {
    constexpr std::string_view around[] = {" ", "\t",  "\"", "'",   "\xc2\xa0", "\xe2\x80\xaf", "\xe2\x82\xb9",
                                           "$", "Rs.", "Rs", "INR", "+"};
    for (bool again = true; again;) {
        again = false;
        for (const std::string_view one : around) {
            if (text.starts_with(one)) text.remove_prefix(one.size()), again = true;
            if (text.ends_with(one)) text.remove_suffix(one.size()), again = true;
        }
    }
    return text;
}

/// What a letter or word behind a number multiplies it by; 0 if it is none.
double unit(std::string_view word) {
    std::string lower;
    for (const char c : word)
        if (c != ' ' && c != '.') lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (lower.empty()) return 1;
    if (lower == "k") return 1e3;
    if (lower == "l" || lower == "lakh" || lower == "lac" || lower == "lakhs") return 1e5;
    if (lower == "m" || lower == "mn") return 1e6;
    if (lower == "cr" || lower == "crore" || lower == "crores") return 1e7;
    if (lower == "b" || lower == "bn") return 1e9;
    if (lower == "t") return 1e12;
    return 0;
}

}  // namespace

void DecimalSignFinder::add(std::string_view number) {
    number = trim(number);
    const auto point = number.rfind('.'), comma = number.rfind(',');
    const auto digits_after = [&](std::size_t at) {
        std::size_t end = at + 1;
        while (end < number.size() && is_digit(number[end])) ++end;
        return end - at - 1;
    };
    const auto count = [&](char c) { return std::count(number.begin(), number.end(), c); };
    const bool has_point = point != number.npos, has_comma = comma != number.npos;
    if (has_point && has_comma) {
        (point > comma ? point_ : comma_) = true;
    } else if (has_comma) {
        // 12,34,567 and 1,234,567 are groups; 1,234 may be either.
        if (count(',') > 1)
            point_ = true;
        else if (digits_after(comma) != 3 || comma == 0 || number[0] == '0')
            comma_ = true;
        else
            comma_either_ = true;
    } else if (has_point) {
        if (count('.') > 1)
            comma_ = true;
        else if (digits_after(point) != 3 || point == 0 || point > 3 || number[0] == '0')
            point_ = true;
        else
            point_either_ = true;
    }
}

std::optional<DecimalSign> DecimalSignFinder::sign() const {
    if (point_ && comma_) return {};
    return comma_ ? DecimalSign::comma : DecimalSign::point;
}

bool read_number(std::string_view text, DecimalSign sign, double& number) {
    text = trim(text);
    const char decimal = sign == DecimalSign::point ? '.' : ',', group = sign == DecimalSign::point ? ',' : '.';
    // The usual case first.
    if (sign == DecimalSign::point) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error == std::errc() && end == text.data() + text.size()) return true;
    }
    std::string plain;
    std::size_t at = 0;
    std::size_t in_group = 0;  // digits since a group began; groups after the first have two or three, the last three
    bool grouped = false, fraction = false, digits = false;
    if (at < text.size() && text[at] == '-') plain += text[at++];
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (is_digit(c)) {
            plain += c;
            digits = true;
            ++in_group;
        } else if (!fraction && (c == group || c == '\'') && digits) {
            if (grouped && in_group != 2 && in_group != 3) return false;
            grouped = true;
            in_group = 0;
        } else if (!fraction && c == decimal) {
            if (grouped && in_group != 3) return false;
            fraction = true;
            plain += '.';
        } else {
            break;
        }
    }
    if (!digits || (grouped && !fraction && in_group != 3)) return false;
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        plain += text.substr(at);
        at = text.size();
    }
    const double factor = unit(text.substr(at));
    const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), number);
    if (factor == 0 || error != std::errc() || end != plain.data() + plain.size()) return false;
    // Units of volumes: 1.23M is a whole number, which a product in double may just miss.
    if (factor != 1) number = std::round(number * factor * 100) / 100;
    return true;
}

bool read_amount(std::string_view text, DecimalSign sign, std::optional<double>& amount) {
    amount.reset();
    text = trim(text);
    constexpr std::string_view nothing[] = {"", "-", "--", "n/a", "N/A", "NA", "null", "NULL", "None"};
    if (std::find(std::begin(nothing), std::end(nothing), text) != std::end(nothing)) return true;
    double number;
    if (!read_number(text, sign, number) || !std::isfinite(number)) return false;
    amount = number;
    return true;
}

}  // namespace pg_candle
