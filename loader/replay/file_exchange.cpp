#include "replay/file_exchange.hpp"

#include <algorithm>
#include <filesystem>

#include "model/candle.hpp"
#include "model/failure.hpp"
#include "text/candle_csv.hpp"

namespace pg_candle::replay {
namespace {

using namespace std::chrono;

std::vector<Bar> read_bars(const std::string& path) {
    ByteSource source(path);
    LineReader lines(source);
    std::string_view header;
    if (!lines.next(header)) return {};
    CandleCsv csv(lines, std::string(header));
    CandleBatch batch;
    for (CsvCandle row; csv.next(row);) add_candle(batch, {Timeframe::Unit::minute, 1}, row.candle);
    sort_candles(batch, Repeated::last_wins);
    std::vector<Bar> bars;
    for (const Candle& one : batch.candles)
        bars.push_back({duration_cast<seconds>(one.start.time_since_epoch()).count(), one.open, one.high, one.low,
                        one.close, one.volume.value_or(0), one.oi.value_or(0)});
    return bars;
}

}  // namespace

FileExchange::FileExchange(const std::vector<std::string>& folders, const std::string& segment, std::size_t most)
    : segment_(segment) {
    for (const std::string& folder : folders) {
        std::vector<std::filesystem::path> files;
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            const std::string name = entry.path().filename().string();
            if (name.ends_with(".csv") || name.ends_with(".csv.gz")) files.push_back(entry.path());
        }
        std::sort(files.begin(), files.end());
        files.resize(std::min(files.size(), most));
        for (const auto& path : files) {
            const std::string name = path.filename().string();
            auto bars = read_bars(path.string());
            const bool daily =
                std::all_of(bars.begin(), bars.end(), [](const Bar& bar) { return (bar.start + 19800) % 86400 == 0; });
            Series& series = series_[name.substr(0, name.find(".csv"))];
            (daily ? series.days : series.minutes) = std::move(bars);
        }
    }
    for (auto& [symbol, series] : series_)
        if (series.days.empty()) series.days = widen_to_days(series.minutes);
    if (series_.empty()) throw Failure(Exit::failed, "There are no candle files in the folders.");
}

std::vector<Listing> FileExchange::listed(sys_days) const {
    std::vector<Listing> result;
    for (const auto& [symbol, series] : series_)
        result.push_back(
            {segment_ + "|" + symbol, segment_.substr(0, segment_.find('_')), segment_, "EQ", symbol, symbol});
    return result;
}

std::vector<Bar> FileExchange::bars(const Listing& listing, Width width, sys_days from, sys_days to) const {
    const auto found = series_.find(listing.symbol);
    if (found == series_.end()) return {};
    const auto& all = width == Width::minute ? found->second.minutes : found->second.days;
    const auto second = [](Date date) {
        return duration_cast<seconds>(india_midnight(date).time_since_epoch()).count();
    };
    const auto before = [](const Bar& bar, std::int64_t at) { return bar.start < at; };
    return {std::lower_bound(all.begin(), all.end(), second(from), before),
            std::lower_bound(all.begin(), all.end(), second(to + days{1}), before)};
}

bool FileExchange::is_session(sys_days day) const {
    const std::int64_t start = duration_cast<seconds>(india_midnight(day).time_since_epoch()).count();
    return std::any_of(series_.begin(), series_.end(), [&](const auto& one) {
        return std::any_of(one.second.days.begin(), one.second.days.end(),
                           [&](const Bar& bar) { return bar.start == start; });
    });
}

}  // namespace pg_candle::replay
