#include "ingest/file_import.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>

#include "ingest/guess_timeframe.hpp"
#include "model/failure.hpp"
#include "store/trading_hours.hpp"
#include "text/candle_csv.hpp"
#include "text/json.hpp"
#include "upstox/candles.hpp"

namespace pg_candle::ingest {
namespace {

using namespace std::chrono;

constexpr std::size_t rows_per_batch = 100'000;
constexpr std::size_t largest_body = 256 << 20;

/// RELIANCE of /data/RELIANCE.csv.gz.
std::string symbol_of(const std::string& path) {
    std::string name = std::filesystem::path(path).filename().string();
    for (const char* ending : {".gz", ".csv", ".json", ".txt"})
        if (name.ends_with(ending)) name.resize(name.size() - std::string(ending).size());
    return name;
}

/// What the rows show, or the user has to say.
Timeframe see_timeframe(const std::vector<CsvCandle>& rows) {
    std::map<std::string, std::vector<Instant>> starts;
    for (const CsvCandle& row : rows) starts[row.symbol].push_back(row.candle.start);
    const auto seen = guess_timeframe(starts);
    if (!seen)
        throw Failure(Exit::usage, "The timeframe cannot be told from the times of the rows.",
                      "Say it: --timeframe 1m, 5m, 1h, 1d, 1w, 1mo ...");
    return *seen;
}

class Import {
public:
    Import(store::Connection& connection, const std::string& path, const ImportOptions& options)
        : connection_(connection),
          store_(connection),
          hours_(connection),
          path_(path),
          options_(options),
          timeframe_(options.timeframe) {}

    ImportReport run() {
        ByteSource source(path_);
        LineReader lines(source);
        std::string_view first;
        do {
            if (!lines.next(first)) throw Failure(Exit::failed, "The file is empty.");
        } while (first.find_first_not_of(" \t") == first.npos);
        store::Transaction transaction(connection_);
        if (first[first.find_first_not_of(" \t")] == '{')
            read_json(lines, first);
        else
            read_csv(lines, first);
        transaction.commit();
        if (report_.rows == 0) throw Failure(Exit::failed, "There is no row of a candle in the file.");
        report_.timeframe = timeframe_ ? format_timeframe(*timeframe_) : "";
        report_.guessed = !options_.timeframe;
        return report_;
    }

private:
    void read_csv(LineReader& lines, std::string_view header) {
        CandleCsv csv(lines, std::string(header), options_.csv);
        report_.unread = csv.unread();
        std::vector<CsvCandle> rows;
        CsvCandle row;
        while (csv.next(row)) {
            refuse_others(row.symbol);
            if (row.is_contract && options_.symbol.empty())
                throw Failure(Exit::usage,
                              "The file holds options or futures of " + row.symbol + ", by strike or expiry.",
                              "A file of one contract: --symbol says which.");
            rows.push_back(row);
            if (rows.size() == rows_per_batch) store_rows(rows);
        }
        if (!rows.empty()) store_rows(rows);
        for (const auto& [reason, count] : csv.rejected) report_.rejected[reason] += count, report_.rows += count;
    }

    /// What one instrument is named for is not several.
    void refuse_others(const std::string& symbol) {
        if (options_.symbol.empty() || symbol == only_symbol_) return;
        if (only_symbol_)
            throw Failure(Exit::usage,
                          "The file holds candles of " + *only_symbol_ + " and " + symbol + ", not of one instrument.",
                          "Without --symbol each goes where its symbol says.");
        only_symbol_ = symbol;
    }

    void store_rows(std::vector<CsvCandle>& rows) {
        if (!timeframe_) timeframe_ = see_timeframe(rows);
        std::map<std::string, CandleBatch> batches;
        for (const CsvCandle& row : rows) {
            CandleBatch& batch = batches[row.symbol];
            if (const char* reason = implausible(row.candle))
                ++batch.rejected[reason];
            else
                add_candle(batch, *timeframe_, row.candle);
        }
        report_.rows += static_cast<std::int64_t>(rows.size());
        for (auto& [symbol, batch] : batches) store_batch(options_.symbol.empty() ? symbol : options_.symbol, batch);
        rows.clear();
    }

    void store_batch(const std::string& symbol, CandleBatch& batch) {
        const int id = instrument(symbol.empty() ? symbol_of(path_) : symbol);
        if (timeframe_->intraday() && options_.times_are_ends.value_or(false))
            for (Candle& candle : batch.candles) candle.start = start_of(id, candle.start);
        keep_past(batch, now());
        sort_candles(batch, Repeated::last_wins);
        refuse_mixture(batch);
        hold_against_hours(id, symbol.empty() ? symbol_of(path_) : symbol, batch.candles);
        for (const auto& [reason, count] : batch.rejected) report_.rejected[reason] += count;
        for (const auto& [reason, count] : batch.altered) report_.altered[reason] += count;
        report_.stored +=
            store_.write({id, format_timeframe(*timeframe_)}, Source::file, batch.candles, options_.replace);
    }

    microseconds length() const {
        return minutes{timeframe_->count * (timeframe_->unit == Timeframe::Unit::hour ? 60 : 1)};
    }

    /// Where a candle that ended then began: the last one of a session may be shorter than the others.
    Instant start_of(int id, Instant end) {
        const store::TradingHours::Period* period = hours_.period_of(id, end - microseconds{1});
        if (!period) return end - length();
        return period->opens + (end - microseconds{1} - period->opens) / length() * length();
    }

    /// Times of another zone, of twelve hours or of the ends of candles show by the hours in which the instrument
    /// trades.
    void hold_against_hours(int id, const std::string& symbol, const std::vector<Candle>& candles) {
        const bool intraday = timeframe_->intraday();
        std::int64_t outside = 0, at_open = 0, at_first_end = 0, at_close = 0, utc = 0, utc_open = 0;
        bool beyond_twelve = false, after_noon = false;
        const Candle* first = nullptr;
        for (const Candle& candle : candles) {
            const bool bad = hours_.problem(id, *timeframe_, candle.start);
            if (bad) ++outside, first = first ? first : &candle;
            if (!intraday) continue;
            const auto* period = hours_.period_of(id, candle.start);
            at_open += period && candle.start == period->opens;
            at_first_end += period && candle.start == period->opens + length();
            at_close += period && candle.start == period->closes;
            const auto* indian = hours_.period_of(id, candle.start + india_offset);
            utc += indian != nullptr;
            utc_open += indian && candle.start + india_offset == indian->opens;
            const auto hour = floor<hours>(candle.start - india_midnight(india_date(candle.start))).count();
            beyond_twelve |= hour == 0 || hour > 12;
            after_noon |= bad && hour < 6;
        }
        report_.outside_hours += outside;
        if (options_.any_hours) return;
        const auto refuse = [&](const std::string& what, const char* hint) {
            throw Failure(Exit::usage, "The times of " + symbol + " look like " + what + ".", hint);
        };
        if (at_first_end > 0 && at_close > 0 && at_open == 0 && !options_.times_are_ends)
            refuse("the ends of candles: the last of a session is its end, none its beginning",
                   "Say so: --times end, or --times start.");
        if (20 * outside <= static_cast<std::int64_t>(candles.size())) return;
        const std::string example = ", like " + format_instant(first->start);
        if (utc_open > 0 && utc == static_cast<std::int64_t>(candles.size()))
            refuse("those of UTC" + example,
                   "An offset, or UTC in the column's name, says so; --any-hours takes them.");
        if (after_noon && !beyond_twelve)
            refuse("twelve hours without AM and PM" + example, "Write 13:00 or 1:00 PM; --any-hours takes them.");
        spdlog::warn("import symbol=\"{}\" outside_hours={} of={} first={}", symbol, outside, candles.size(),
                     format_instant(first->start));
    }

    /// One row that was written twice is corrected by the later one. Many are several instruments, contracts or
    /// timeframes.
    static void refuse_mixture(const CandleBatch& batch) {
        if (2 * batch.contradictions <= static_cast<std::int64_t>(batch.candles.size())) return;
        throw Failure(Exit::usage,
                      std::to_string(batch.contradictions) +
                          " starts have several rows with other numbers, as of several instruments, contracts or "
                          "timeframes.",
                      "A file holds one of them, or names each in a column symbol.");
    }

    /// A recorded body. What it is of stands in the recording's endpoint, if there is one.
    void read_json(LineReader& lines, std::string_view first) {
        JsonText text(first);
        for (std::string_view line; lines.next(line);) {
            text.append("\n");
            text.append(line);
            if (text.size() > largest_body)
                throw Failure(Exit::failed, "The file is larger than a recorded body may be.");
        }
        namespace json = simdjson::ondemand;
        json::parser parser;
        json::document document;
        json::object whole, inner;
        std::string symbol = options_.symbol;
        JsonText body;
        if (parser.iterate(text.padded()).get(document) || document.get_object().get(whole))
            throw Failure(Exit::failed, "The file is no JSON object.");
        std::string_view endpoint, raw;
        const bool recorded = whole.find_field_unordered("response").get_object().get(inner) == simdjson::SUCCESS;
        if (recorded) {
            if (inner.raw_json().get(raw)) throw Failure(Exit::failed, "The recorded response is no valid JSON.");
            body.append(raw);
            if (whole.find_field_unordered("endpoint").get_string().get(endpoint) == simdjson::SUCCESS)
                read_endpoint(endpoint, symbol);
        } else {
            body = std::move(text);
        }
        if (!timeframe_) {
            // Bodies do not say. Read them as minutes, which leaves times alone, and look.
            CandleBatch probe;
            parse(body, {Timeframe::Unit::minute, 1}, probe);
            std::vector<CsvCandle> rows;
            for (const Candle& candle : probe.candles) rows.push_back({{}, candle, false});
            timeframe_ = see_timeframe(rows);
        }
        CandleBatch batch;
        parse(body, *timeframe_, batch);
        report_.rows = static_cast<std::int64_t>(batch.candles.size());
        for (const auto& [reason, count] : batch.rejected) report_.rows += count;
        store_batch(symbol, batch);
    }

    static void parse(const JsonText& body, const Timeframe& timeframe, CandleBatch& batch) {
        upstox::CandleParser parser;
        switch (parser.parse(body, timeframe, batch)) {
            case upstox::Parsed::taken:
                return;
            case upstox::Parsed::refused:
                throw Failure(Exit::failed,
                              "The file records an error: " + upstox::ErrorParser().parse(body, 0).message + ".");
            case upstox::Parsed::malformed:
                throw Failure(Exit::failed, "The file holds no body of a candle endpoint.");
        }
    }

    /// `/v3/historical-candle/NSE_EQ%7CINF204KB14I2/days/1/...` names key and timeframe.
    void read_endpoint(std::string_view endpoint, std::string& symbol) {
        std::vector<std::string> parts;
        for (std::size_t at = 1; at <= endpoint.size();) {
            const std::size_t slash = std::min(endpoint.find('/', at), endpoint.size());
            parts.emplace_back(endpoint.substr(at, slash - at));
            at = slash + 1;
        }
        std::erase(parts, "intraday");
        if (parts.size() < 5 || parts[0] != "v3" || parts[1] != "historical-candle") return;
        std::string key;
        for (std::size_t i = 0; i < parts[2].size(); ++i) {
            if (parts[2][i] == '%' && i + 2 < parts[2].size()) {
                key += static_cast<char>(std::strtol(parts[2].substr(i + 1, 2).c_str(), nullptr, 16));
                i += 2;
            } else {
                key += parts[2][i];
            }
        }
        if (symbol.empty()) symbol = key;
        const std::string unit = parts[3] == "months" ? "mo" : parts[3].substr(0, 1);
        Timeframe timeframe{};
        const char* reason;
        if (!timeframe_ && parse_timeframe(parts[4] + unit, timeframe, reason)) timeframe_ = timeframe;
    }

    int instrument(const std::string& symbol) {
        if (const auto found = ids_.find(symbol); found != ids_.end()) return found->second;
        return ids_[symbol] = options_.create ? find_or_create(symbol) : store::find_instrument(connection_, symbol).id;
    }

    int find_or_create(const std::string& symbol) {
        const auto pipe = symbol.find('|');
        const std::string segment = pipe == symbol.npos ? options_.segment : symbol.substr(0, pipe);
        const std::string name = pipe == symbol.npos ? symbol : symbol.substr(pipe + 1);
        const store::Rows found = connection_.run(
            "SELECT instrument_id FROM instrument_master WHERE instrument_key = $1 OR segment = $2 AND trading_symbol "
            "= $3 ORDER BY NOT is_active, 1 LIMIT 1",
            {segment + '|' + name, segment, name});
        if (found.size() == 1) return static_cast<int>(found.number(0, 0));
        const std::string exchange = segment.substr(0, segment.find('_'));
        return static_cast<int>(
            connection_
                .run("INSERT INTO instrument_master (instrument_key, exchange, segment, instrument_type, "
                     "trading_symbol) VALUES ($1, $2, $3, $4, $5) RETURNING instrument_id",
                     {segment + '|' + name, exchange, segment, segment.ends_with("_INDEX") ? "INDEX" : "EQ", name})
                .number(0, 0));
    }

    store::Connection& connection_;
    store::CandleStore store_;
    store::TradingHours hours_;
    std::string path_;
    const ImportOptions& options_;
    std::optional<Timeframe> timeframe_;
    std::map<std::string, int> ids_;
    std::optional<std::string> only_symbol_;
    ImportReport report_;
};

}  // namespace

ImportReport import_file(store::Connection& connection, const std::string& path, const ImportOptions& options) {
    return Import(connection, path, options).run();
}

}  // namespace pg_candle::ingest
