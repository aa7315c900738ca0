// bench_json_rows: answers of the candle endpoint to stored rows, against COPY of the same rows as text, on one
// connection to the database that libpq's environment names. Reads lines
// instrument_id,timeframe,ts,open,high,low,close,volume from standard input, one answer per instrument; prints both
// times in ms and the median of the ratios.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>

#include "ingest/answer_coverage.hpp"
#include "store/candle_store.hpp"
#include "upstox/candles.hpp"

using namespace pg_candle;

namespace {

double milliseconds(const auto& work) {
    const auto began = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace

int main() {
    std::map<int, std::vector<std::string>> rows;
    std::string text;  // of COPY
    for (std::string line; std::getline(std::cin, line);) {
        const auto id_end = line.find(','), timeframe_end = line.find(',', id_end + 1),
                   ts_end = line.find(',', timeframe_end + 1);
        const std::string ts = line.substr(timeframe_end + 1, ts_end - timeframe_end - 1),
                          numbers = line.substr(ts_end + 1);
        rows[std::stoi(line)].push_back("[\"" + ts + "\"," + numbers + ",0]");
        std::string copied = line.substr(0, timeframe_end) + ",h," + ts + "," + numbers + ",0\n";
        std::replace(copied.begin(), copied.end(), ',', '\t');
        text += copied;
    }
    std::map<int, JsonText> bodies;
    for (auto& [id, list] : rows) {
        JsonText& body = bodies[id];
        body.append("{\"status\":\"success\",\"data\":{\"candles\":[");
        for (auto row = list.rbegin(); row != list.rend(); ++row) body.append((row == list.rbegin() ? "" : ",") + *row);
        body.append("]}}");
        list.clear();
    }

    store::Connection connection("");
    connection.use_candle_tables();
    connection.run(
        "SET pg_candle.log_changes = off");  // for both: what COPY leaves to the trigger is not to its disadvantage
    const Timeframe minute{Timeframe::Unit::minute, 1};
    const auto ours = [&] {
        store::CandleStore candles(connection);
        upstox::CandleParser parser;
        for (const auto& [id, body] : bodies) {
            CandleBatch batch;
            if (parser.parse(body, minute, batch) != upstox::Parsed::taken) std::abort();
            sort_candles(batch, pg_candle::Repeated::refused);
            const Instant from = india_midnight(india_date(batch.candles.front().start));
            const Instant to = india_midnight(india_date(batch.candles.back().start) + std::chrono::days{1});
            candles.store({id, "1m"}, Source::historical, batch.candles,
                          store::CoveredRange{from, to, store::CoveredRange::State::filled, 0, 1, now(), {}});
        }
    };
    const auto theirs = [&] {
        connection.copy_begin(
            "COPY candle_data (instrument_id, timeframe, source, ts, open, high, low, close, volume, oi) FROM STDIN");
        for (std::size_t at = 0; at < text.size(); at += 1 << 16)
            connection.copy_data(std::string_view(text).substr(at, 1 << 16));
        connection.copy_end();
    };
    const auto measure = [&](const auto& work) {
        connection.run("TRUNCATE candle_data, candle_coverage, candle_change");
        connection.run("CHECKPOINT");
        return milliseconds(work);
    };
    std::vector<double> as, bs, ratios;
    const char* rounds = std::getenv("BENCH_ROUNDS");
    for (int i = 0; i < (rounds ? std::atoi(rounds) : 5); ++i) {
        bs.push_back(measure(theirs));
        as.push_back(measure(ours));
        ratios.push_back(as.back() / bs.back());
    }
    const auto median = [](std::vector<double> values) {
        std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
        return values[values.size() / 2];
    };
    printf("%.0f %.0f %.4f\n", median(as), median(bs), median(ratios));
}
