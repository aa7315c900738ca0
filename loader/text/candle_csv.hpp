#pragma once
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/candle.hpp"
#include "text/byte_source.hpp"
#include "text/number_text.hpp"
#include "text/time_text.hpp"

namespace pg_candle {

/// A line of a candle file. `symbol` is empty where the file names none: an instrument_key, exchange:symbol, or a
/// symbol.
struct CsvCandle {
    std::string symbol;
    Candle candle;
    bool is_contract = false;  ///< an option or future, by other columns; `symbol` is its underlying's then
};

/// What only the user can say where the file leaves it open.
struct CsvHints {
    std::optional<DateOrder> date_order;
    std::optional<DecimalSign> decimal_sign;
};

/// Candle files as brokers and programs write them: a first line that names the columns, in any order, case and
/// spelling that is known (candle_columns.hpp), parted by `,` `;` tabs or `|`. How times (time_text.hpp) and numbers
/// (number_text.hpp) are written is seen from the first lines. Times without offset are Indian, but in columns that say
/// GMT or UTC. Memory is bounded.
class CandleCsv {
public:
    /// Reads the header and looks ahead. Throws Failure when a column is lacking, or when day and month, or the decimal
    /// sign, cannot be told and `hints` do not either.
    CandleCsv(LineReader& lines, std::string_view header, const CsvHints& hints = {});

    /// The next candle; lines that are none are counted by reason, and the first of them logged. False at the end.
    bool next(CsvCandle& row);

    std::map<std::string, std::int64_t> rejected;

    /// Columns that mean nothing here, as they are written.
    const std::vector<std::string>& unread() const { return unread_; }

private:
    struct Line {
        long number;
        std::string text;
    };

    std::string_view field(int column) const;
    std::string_view time_field();
    void look_ahead(const CsvHints& hints);
    const char* read(std::string_view line, CsvCandle& row);

    LineReader& lines_;
    std::deque<Line> ahead_;
    std::vector<int> columns_;  // of each Column, or -1
    std::vector<std::string> unread_;
    std::vector<int> contract_columns_;
    char delimiter_ = ',';
    bool utc_ = false;
    DateOrder date_order_ = DateOrder::day_first;
    DecimalSign decimal_sign_ = DecimalSign::point;
    std::vector<std::string_view> fields_;
    std::string scratch_;
};

}  // namespace pg_candle
