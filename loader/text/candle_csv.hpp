#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "candle.hpp"
#include "text/byte_source.hpp"

namespace pg_candle {

/// A line of a candle file. `symbol` is empty where the file has no such column.
struct CsvCandle {
    std::string symbol;
    Candle candle;
};

/// Candle files: CSV whose first line names the columns, in any order and case. The time is `ts`, `time`, `timestamp`,
/// `datetime` or `date`, or `date` beside `time`; `open high low close` must be there; `volume`, `oi` and a symbol (`symbol`,
/// `code`, `ticker`, `trading_symbol`, `instrument_key`) may be; others are passed over. Blanks around values and quotes do
/// not matter. Times without offset are Indian.
class CandleCsv {
public:
    /// Reads the header. Throws Failure when it lacks a column.
    CandleCsv(LineReader& lines, std::string_view header);

    /// The next candle; lines that are none are counted by reason. False at the end.
    bool next(CsvCandle& row);

    std::map<std::string, std::int64_t> rejected;

private:
    const char* read(std::string_view line, CsvCandle& row);

    LineReader& lines_;
    int time_ = -1, clock_ = -1, symbol_ = -1, volume_ = -1, oi_ = -1;
    int prices_[4] = {-1, -1, -1, -1};
    std::vector<std::string_view> fields_;
    std::string scratch_;
};

}  // namespace pg_candle
