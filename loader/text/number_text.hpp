#pragma once
#include <optional>
#include <string_view>

namespace pg_candle {

/// How a file writes numbers.
enum class DecimalSign { point, comma };

/// Looks at numbers of a file, one after the other, until it is known how they are written. Commas between groups of
/// digits (1,234.5 or 12,34,567.8) are no decimal signs; neither are points (1.234,5).
class DecimalSignFinder {
public:
    void add(std::string_view number);

    /// Point where nothing says otherwise; nothing where the numbers contradict each other.
    std::optional<DecimalSign> sign() const;

    /// There are numbers like 1,234, and nothing says which sign that is.
    bool is_comma_doubtful() const { return comma_either_ && !point_ && !comma_; }
    /// The same of numbers like 1.234.
    bool is_point_doubtful() const { return point_either_ && !point_ && !comma_; }

private:
    bool point_ = false, comma_ = false, comma_either_ = false, point_either_ = false;
};

/// Reads a number as people and programs write it: groups of digits, blanks and currency signs around, an exponent, and
/// K, M, B, T, L or Lakh, Cr behind it (1.23M). False if it is none.
bool read_number(std::string_view text, DecimalSign sign, double& number);

/// The same of what may be absent: nothing for an empty field, -, n/a and such.
bool read_amount(std::string_view text, DecimalSign sign, std::optional<double>& amount);

}  // namespace pg_candle
