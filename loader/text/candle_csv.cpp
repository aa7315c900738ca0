#include "text/candle_csv.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "failure.hpp"

namespace pg_candle {
namespace {

std::string_view trim(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

/// Cuts a line at its commas. Quotes around a field are taken off; a doubled quote inside stays doubled, since no
/// column that is read holds one.
void split(std::string_view line, std::vector<std::string_view>& fields) {
    fields.clear();
    for (;;) {
        std::size_t end;
        std::string_view field;
        const std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
        if (begin < line.size() && line[begin] == '"') {
            const std::size_t closing = std::min(line.find('"', begin + 1), line.size());
            field = line.substr(begin + 1, closing - begin - 1);
            end = std::min(line.find(',', closing), line.size());
        } else {
            end = std::min(line.find(','), line.size());
            field = trim(line.substr(0, end));
        }
        fields.push_back(field);
        if (end == line.size()) return;
        line.remove_prefix(end + 1);
    }
}

bool read_number(std::string_view text, double& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

/// A volume or open interest; nothing stands for one that is not known.
bool read_amount(std::string_view text, std::optional<double>& amount) {
    amount.reset();
    double number;
    if (text.empty()) return true;
    if (!read_number(text, number) || !std::isfinite(number)) return false;
    amount = number;
    return true;
}

}  // namespace

CandleCsv::CandleCsv(LineReader& lines, std::string_view header) : lines_(lines) {
    if (header.starts_with("\xef\xbb\xbf")) header.remove_prefix(3);
    split(header, fields_);
    int date = -1, time = -1, stamp = -1;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        std::string name(fields_[i]);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        const int at = static_cast<int>(i);
        if (name == "ts" || name == "timestamp" || name == "datetime") stamp = at;
        else if (name == "date") date = at;
        else if (name == "time") time = at;
        else if (name == "open") prices_[0] = at;
        else if (name == "high") prices_[1] = at;
        else if (name == "low") prices_[2] = at;
        else if (name == "close") prices_[3] = at;
        else if (name == "volume") volume_ = at;
        else if (name == "oi" || name == "open_interest") oi_ = at;
        else if (name == "symbol" || name == "code" || name == "ticker" || name == "trading_symbol" ||
                 name == "instrument_key")
            symbol_ = at;
    }
    time_ = stamp >= 0 ? stamp : date >= 0 ? date : time;
    if (stamp < 0 && date >= 0) clock_ = time;
    constexpr const char* names[] = {"open", "high", "low", "close"};
    std::string missing = time_ < 0 ? " ts" : "";
    for (int i = 0; i < 4; ++i)
        if (prices_[i] < 0) missing.append(" ").append(names[i]);
    if (!missing.empty())
        throw Failure(Exit::failed, "The first line does not name the column" + missing + ".",
                      "A candle file begins like ts,open,high,low,close,volume.");
}

const char* CandleCsv::read(std::string_view line, CsvCandle& row) {
    split(line, fields_);
    const auto field = [&](int at) {
        return at >= 0 && static_cast<std::size_t>(at) < fields_.size() ? fields_[static_cast<std::size_t>(at)]
                                                                        : std::string_view();
    };
    std::string_view time = field(time_);
    if (clock_ >= 0) {
        scratch_.assign(time).append(" ").append(field(clock_));
        time = scratch_;
    }
    const auto start = parse_instant(time);
    if (!start) return "the time cannot be read";
    row.candle.start = *start;
    double* const prices[] = {&row.candle.open, &row.candle.high, &row.candle.low, &row.candle.close};
    for (int i = 0; i < 4; ++i)
        if (!read_number(field(prices_[i]), *prices[i])) return "a price is no number";
    if (!read_amount(field(volume_), row.candle.volume)) return "the volume is no number";
    if (!read_amount(field(oi_), row.candle.oi)) return "the open interest is no number";
    row.symbol = field(symbol_);
    return nullptr;
}

bool CandleCsv::next(CsvCandle& row) {
    for (std::string_view line; lines_.next(line);) {
        if (trim(line).empty()) continue;
        const char* reason = read(line, row);
        if (!reason) return true;
        if (++rejected[reason] <= 5) spdlog::warn("import line={} reason=\"{}\"", lines_.number(), reason);
    }
    return false;
}

}  // namespace pg_candle
