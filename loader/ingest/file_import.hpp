#pragma once
#include <map>
#include <optional>
#include <string>

#include "store/candle_store.hpp"
#include "store/instruments.hpp"
#include "text/candle_csv.hpp"

namespace pg_candle::ingest {

struct ImportOptions {
    std::string symbol;                  ///< empty: from the file's symbol column, or its name
    std::optional<Timeframe> timeframe;  ///< empty: what the times show (guess_timeframe.hpp)
    CsvHints csv;
    bool create = false;  ///< instruments that are not there are added to `segment`
    std::string segment = "NSE_EQ";
    bool replace = false;                ///< even the provider's own historical candles
    std::optional<bool> times_are_ends;  ///< of candles of minutes and hours; empty: they are starts, unless it shows
    bool any_hours = false;              ///< also times that look like none of the trading hours
};

struct ImportReport {
    std::int64_t rows = 0;  ///< candle rows in the file, rejected ones included
    std::string timeframe;
    bool guessed = false;             ///< it was seen from the times
    std::vector<std::string> unread;  ///< columns that mean nothing here
    store::Stored stored;
    std::map<std::string, std::int64_t> rejected, altered;
    std::int64_t outside_hours = 0;  ///< rows that are stored although their calendar has no session then
};

/// Loads one file in one transaction: a candle CSV (text/candle_csv.hpp), or a body of the provider's candle endpoints
/// as it came or inside a recording with `endpoint` and `response`; plain or gzip. Memory is bounded for CSV. Rows of
/// the future are left out; a file whose times look like those of another zone, of twelve hours or of the ends of
/// candles, by the trading hours of its instrument, is refused. Throws Failure or SqlError, and then nothing of the
/// file is stored.
ImportReport import_file(store::Connection& connection, const std::string& path, const ImportOptions& options);

}  // namespace pg_candle::ingest
