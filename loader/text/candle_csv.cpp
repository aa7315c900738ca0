#include "text/candle_csv.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>

#include "model/failure.hpp"
#include "text/candle_columns.hpp"

namespace pg_candle {
namespace {

constexpr std::size_t lines_ahead = 1000;
constexpr int logged_of_a_reason = 5;

std::string_view trim(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

/// Cuts a line at its delimiters. Quotes around a field are taken off; a doubled quote inside stays doubled, since no
/// column that is read holds one.
void split(std::string_view line, char delimiter, std::vector<std::string_view>& fields) {
    fields.clear();
    for (;;) {
        std::size_t end;
        std::string_view field;
        const std::size_t begin = std::min(line.find_first_not_of(delimiter == '\t' ? " " : " \t"), line.size());
        if (begin < line.size() && line[begin] == '"') {
            const std::size_t closing = std::min(line.find('"', begin + 1), line.size());
            field = trim(line.substr(begin + 1, closing - begin - 1));
            end = std::min(line.find(delimiter, closing), line.size());
        } else {
            end = std::min(line.find(delimiter), line.size());
            field = trim(line.substr(0, end));
        }
        fields.push_back(field);
        if (end == line.size()) return;
        line.remove_prefix(end + 1);
    }
}

/// The first column of each kind, or -1.
std::vector<int> find_columns(const std::vector<std::string_view>& names) {
    std::vector<int> columns(column_kinds, -1);
    for (std::size_t i = 0; i < names.size(); ++i)
        if (const auto column = column_of(names[i])) {
            int& place = columns[static_cast<std::size_t>(*column)];
            if (place < 0) place = static_cast<int>(i);
        }
    return columns;
}

/// What stands in for another column does so where that is not there.
void settle(std::vector<int>& columns) {
    const auto at = [&](Column column) -> int& { return columns[static_cast<std::size_t>(column)]; };
    const auto stand_in = [&](Column column, Column other) {
        if (at(column) < 0) at(column) = at(other);
        at(other) = -1;
    };
    stand_in(Column::close, Column::last);
    stand_in(Column::volume, Column::tick_volume);
    // A time alone is a moment, as is a date that has none beside it.
    if (at(Column::instant) < 0 && at(Column::instant_utc) < 0 && at(Column::date) < 0)
        stand_in(Column::instant, Column::clock);
    if (at(Column::instant) >= 0) at(Column::instant_utc) = -1;
    if (at(Column::instant) >= 0 || at(Column::instant_utc) >= 0) at(Column::date) = at(Column::clock) = -1;
    if (at(Column::instrument_key) >= 0) at(Column::symbol) = at(Column::exchange) = -1;
    if (at(Column::symbol) < 0) at(Column::exchange) = -1;
}

std::string lacking(const std::vector<int>& columns) {
    const auto has = [&](Column column) { return columns[static_cast<std::size_t>(column)] >= 0; };
    std::string names = has(Column::instant) || has(Column::instant_utc) || has(Column::date) ? "" : " ts";
    if (!has(Column::open)) names += " open";
    if (!has(Column::high)) names += " high";
    if (!has(Column::low)) names += " low";
    if (!has(Column::close)) names += " close";
    return names;
}

std::string shown(std::string_view line) {
    std::string text(line.substr(0, 200));
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    return text;
}

}  // namespace

CandleCsv::CandleCsv(LineReader& lines, std::string_view header, const CsvHints& hints) : lines_(lines) {
    std::string missing = " ts open high low close";
    for (const char delimiter : {',', ';', '\t', '|'}) {
        split(header, delimiter, fields_);
        std::vector<int> columns = find_columns(fields_);
        settle(columns);
        const std::string lacks = lacking(columns);
        if (!columns_.empty() && lacks.size() >= missing.size()) continue;
        missing = lacks;
        delimiter_ = delimiter;
        columns_ = std::move(columns);
    }
    if (!missing.empty())
        throw Failure(Exit::failed, "The first line does not name the column" + missing + ".",
                      "A candle file begins like ts,open,high,low,close,volume.");
    split(header, delimiter_, fields_);
    for (std::size_t i = 0; i < fields_.size(); ++i)
        if (!fields_[i].empty() && std::find(columns_.begin(), columns_.end(), static_cast<int>(i)) == columns_.end())
            unread_.emplace_back(fields_[i]);
    for (std::size_t i = 0; i < fields_.size(); ++i)
        if (tells_contracts_apart(fields_[i])) contract_columns_.push_back(static_cast<int>(i));
    utc_ = columns_[static_cast<std::size_t>(Column::instant_utc)] >= 0;
    look_ahead(hints);
}

std::string_view CandleCsv::field(int column) const {
    return column >= 0 && static_cast<std::size_t>(column) < fields_.size() ? fields_[static_cast<std::size_t>(column)]
                                                                            : std::string_view();
}

/// Of the line that was split last.
std::string_view CandleCsv::time_field() {
    const auto at = [&](Column column) { return columns_[static_cast<std::size_t>(column)]; };
    if (at(Column::date) < 0) return field(at(Column::instant) >= 0 ? at(Column::instant) : at(Column::instant_utc));
    if (at(Column::clock) < 0) return field(at(Column::date));
    scratch_.assign(field(at(Column::date))).append(" ").append(field(at(Column::clock)));
    return scratch_;
}

void CandleCsv::look_ahead(const CsvHints& hints) {
    DateOrderFinder dates;
    DecimalSignFinder numbers;
    for (std::string_view line; ahead_.size() < lines_ahead && lines_.next(line);) {
        if (trim(line).empty()) continue;
        ahead_.push_back({lines_.number(), std::string(line)});
        split(ahead_.back().text, delimiter_, fields_);
        dates.add(time_field());
        for (const Column column :
             {Column::open, Column::high, Column::low, Column::close, Column::volume, Column::open_interest})
            numbers.add(field(columns_[static_cast<std::size_t>(column)]));
    }
    const auto order = hints.date_order ? hints.date_order : dates.order();
    if (!order)
        throw Failure(Exit::usage, "Which number of the dates is the month cannot be told.",
                      "Say so: --date-order dmy, mdy or ymd.");
    date_order_ = *order;
    // Where commas part the fields, commas inside quotes part thousands. Where semicolons do, commas may be decimal
    // signs, and then points part thousands.
    const bool comma_doubtful = numbers.is_comma_doubtful() && delimiter_ != ',';
    if (!hints.decimal_sign && (comma_doubtful || (numbers.is_point_doubtful() && delimiter_ == ';')))
        throw Failure(Exit::usage,
                      std::string("Whether ") + (comma_doubtful ? "commas" : "points") +
                          " are decimal signs or part thousands cannot be told.",
                      "Say so: --decimal comma, or --decimal point.");
    decimal_sign_ = hints.decimal_sign.value_or(numbers.sign().value_or(DecimalSign::point));
}

const char* CandleCsv::read(std::string_view line, CsvCandle& row) {
    split(line, delimiter_, fields_);
    const auto at = [&](Column column) { return field(columns_[static_cast<std::size_t>(column)]); };
    const auto start = read_time(time_field(), date_order_, utc_ ? std::chrono::minutes{0} : india_offset);
    if (!start) return "the time cannot be read";
    row.candle.start = *start;
    const std::pair<Column, double*> prices[] = {{Column::open, &row.candle.open},
                                                 {Column::high, &row.candle.high},
                                                 {Column::low, &row.candle.low},
                                                 {Column::close, &row.candle.close}};
    for (const auto& [column, price] : prices)
        if (!read_number(at(column), decimal_sign_, *price)) return "a price is no number";
    if (!read_amount(at(Column::volume), decimal_sign_, row.candle.volume)) return "the volume is no number";
    if (!read_amount(at(Column::open_interest), decimal_sign_, row.candle.oi)) return "the open interest is no number";
    row.symbol = at(Column::instrument_key);
    if (row.symbol.empty() && !at(Column::symbol).empty())
        row.symbol = (at(Column::exchange).empty() ? "" : std::string(at(Column::exchange)) + ":") +
                     std::string(at(Column::symbol));
    // Shares have no expiry, an option type XX and a strike of 0 there.
    row.is_contract = at(Column::instrument_key).empty() &&
                      std::any_of(contract_columns_.begin(), contract_columns_.end(), [&](int column) {
                          return field(column).find_first_of("123456789CP") != std::string_view::npos;
                      });
    return nullptr;
}

bool CandleCsv::next(CsvCandle& row) {
    for (;;) {
        std::string_view line;
        Line taken;
        if (!ahead_.empty()) {
            taken = std::move(ahead_.front());
            ahead_.pop_front();
            line = taken.text;
        } else if (lines_.next(line)) {
            taken.number = lines_.number();
        } else {
            return false;
        }
        if (trim(line).empty()) continue;
        const char* reason = read(line, row);
        if (!reason) return true;
        if (++rejected[reason] <= logged_of_a_reason)
            spdlog::warn("import line={} reason=\"{}\" text=\"{}\"", taken.number, reason, shown(line));
    }
}

}  // namespace pg_candle
