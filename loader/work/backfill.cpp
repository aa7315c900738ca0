#include "work/backfill.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "failure.hpp"
#include "upstox/candles.hpp"
#include "work/progress.hpp"

namespace pg_candle::work {
namespace {

using namespace std::chrono;

/// An answer on its way to the database.
struct Answer {
    std::size_t chunk;
    CandleBatch batch;
    std::string error;  // not empty: the request failed for good
};

/// A queue of bounded length between the thread that fetches and the one that stores.
class Answers {
public:
    /// Waits for room. False when the storing side has given up.
    bool push(Answer answer) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return queue_.size() < most || closed_; });
        if (closed_) return false;
        queue_.push_back(std::move(answer));
        changed_.notify_all();
        return true;
    }
    /// Waits for an answer. False when there will be none any more.
    bool pop(Answer& answer) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !queue_.empty() || ended_; });
        if (queue_.empty()) return false;
        answer = std::move(queue_.front());
        queue_.pop_front();
        changed_.notify_all();
        return true;
    }
    void end() {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }
    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        changed_.notify_all();
    }

private:
    static constexpr std::size_t most = 8;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Answer> queue_;
    bool ended_ = false, closed_ = false;
};

/// Stores answers and keeps the books, on its own thread.
class Writer {
public:
    Writer(const Plan& plan, store::Connection& connection, BackfillReport& report, Progress& progress)
        : plan_(plan), store_(connection), report_(report), progress_(progress), thread_([this] { work(); }) {}
    ~Writer() { finish(); }

    bool push(Answer answer) { return answers_.push(std::move(answer)); }

    /// Stores what is queued and stops.
    void finish() {
        answers_.end();
        if (thread_.joinable()) thread_.join();
    }
    void rethrow() const {
        if (problem_) std::rethrow_exception(problem_);
    }

private:
    void work() {
        try {
            for (Answer answer; answers_.pop(answer);) take(answer);
        } catch (...) {
            problem_ = std::current_exception();
            answers_.close();
        }
    }

    void take(Answer& answer) {
        const Chunk& chunk = plan_.chunks[answer.chunk];
        const Series& series = plan_.series[chunk.series];
        SeriesReport& counts = report_.series[chunk.series];
        const store::SeriesKey key{series.instrument.id, format_timeframe(series.timeframe)};
        ++counts.requests;
        ++report_.done;
        auto learned = lesson(series, chunk, !answer.batch.candles.empty(), now());
        if (!answer.error.empty()) {
            ++counts.failed, ++report_.failed;
            counts.error = answer.error;
            if (learned) {
                learned->state = store::CoveredRange::State::failed;
                learned->error = answer.error;
                store_.store(key, Source::historical, {}, learned);
            }
        } else {
            const auto stored = store(key, series, chunk, answer.batch.candles, learned);
            counts.stored += stored, report_.stored += stored;
            counts.empty += answer.batch.candles.empty();
            for (const auto& [reason, count] : answer.batch.rejected) counts.rejected[reason] += count, report_.rejected += count;
            for (const auto& [reason, count] : answer.batch.altered) counts.altered[reason] += count;
        }
        progress_.update(report_.done, report_.stored.inserted + report_.stored.updated + report_.stored.unchanged);
    }

    store::Stored store(const store::SeriesKey& key, const Series& series, const Chunk& chunk, std::vector<Candle>& candles,
                        const std::optional<store::CoveredRange>& learned) {
        if (chunk.intraday) return store_.store(key, Source::intraday, candles, {});
        if (series.timeframe.unit != Timeframe::Unit::week && series.timeframe.unit != Timeframe::Unit::month)
            return store_.store(key, Source::historical, candles, learned);
        // The week or month that still runs may change.
        const Instant open = india_midnight(closed_through(series.timeframe, now()) + days{1});
        const auto first_open = std::find_if(candles.begin(), candles.end(), [&](const Candle& one) { return one.start >= open; });
        const std::vector<Candle> running(first_open, candles.end());
        candles.erase(first_open, candles.end());
        store::Stored stored = store_.store(key, Source::historical, candles, learned);
        if (!running.empty()) stored += store_.store(key, Source::intraday, running, {});
        return stored;
    }

    const Plan& plan_;
    store::CandleStore store_;
    BackfillReport& report_;
    Progress& progress_;
    Answers answers_;
    std::exception_ptr problem_;
    std::thread thread_;
};

}  // namespace

BackfillReport backfill(const Plan& plan, upstox::Client& client, store::Connection& writer_connection, const std::string& api_url,
                        bool quiet, const std::atomic<bool>& stop) {
    const auto began = steady_clock::now();
    BackfillReport report;
    report.series.resize(plan.series.size());
    report.planned = static_cast<std::int64_t>(plan.chunks.size());
    report.known = plan.known_chunks;
    Progress progress("requests", report.planned, quiet);
    Writer writer(plan, writer_connection, report, progress);
    upstox::CandleParser parser;
    std::vector<bool> refused(plan.series.size());  // keys that the provider does not know
    std::size_t next = 0;
    std::int64_t left_out = 0;

    const auto receive = [&](std::size_t index, upstox::Reply& reply) {
        const Chunk& chunk = plan.chunks[index];
        const Series& series = plan.series[chunk.series];
        Answer answer{index, {}, {}};
        if (reply.error) {
            if (reply.error->token_refused())
                throw Failure(Exit::authentication, "Upstox refused the token: " + reply.error->text() + ".",
                              "It expires at 03:30 every day. Run \"pgcandle login\", then repeat; nothing was lost.");
            answer.error = reply.error->text();
            if (reply.error->key_refused()) refused[chunk.series] = true;
            spdlog::error("backfill symbol=\"{}\" timeframe={} from={} to={} error=\"{}\"", series.instrument.symbol,
                          format_timeframe(series.timeframe), format_date(chunk.dates.from), format_date(chunk.dates.to), answer.error);
        } else {
            const auto parsed = parser.parse(reply.body, series.timeframe, answer.batch);
            if (parsed != upstox::Parsed::taken) return parsed;
            // Rows that cannot be read may be damage on the way: ask a second time before believing them.
            if (answer.batch.unreadable > 0 && reply.attempts == 1) return upstox::Parsed::malformed;
            keep_range(answer.batch, india_midnight(bucket_date(series.timeframe, chunk.dates.from)), india_midnight(chunk.dates.to + days{1}));
            sort_candles(answer.batch);
        }
        if (!writer.push(std::move(answer))) writer.rethrow();
        return upstox::Parsed::taken;
    };
    const auto more = [&]() -> std::optional<upstox::Request> {
        while (next < plan.chunks.size() && refused[plan.chunks[next].series]) ++next, ++left_out;
        if (next == plan.chunks.size()) return {};
        const std::size_t index = next++;
        const Chunk& chunk = plan.chunks[index];
        const Series& series = plan.series[chunk.series];
        const std::string& key = series.instrument.key;
        upstox::Request request;
        request.url = api_url + (chunk.intraday ? upstox::intraday_path(key, series.timeframe)
                                                : upstox::historical_path(key, series.timeframe, chunk.dates));
        request.endpoint = chunk.intraday ? "intraday" : "historical";
        request.receive = [&receive, index](upstox::Reply& reply) { return receive(index, reply); };
        return request;
    };
    client.run(more, &stop);
    writer.finish();
    writer.rethrow();
    progress.finish();
    report.failed += left_out;
    report.interrupted = stop;
    report.http = client.metrics();
    report.seconds = duration<double>(steady_clock::now() - began).count();
    return report;
}

nlohmann::ordered_json BackfillReport::json(const Plan& plan) const {
    using Json = nlohmann::ordered_json;
    const auto counts = [](const store::Stored& one) {
        return Json{{"inserted", one.inserted}, {"updated", one.updated}, {"unchanged", one.unchanged}, {"kept", one.kept}};
    };
    Json details = Json::array();
    for (std::size_t i = 0; i < series.size(); ++i) {
        const SeriesReport& one = series[i];
        Json detail{{"symbol", plan.series[i].instrument.symbol}, {"instrument_key", plan.series[i].instrument.key},
                    {"timeframe", format_timeframe(plan.series[i].timeframe)}, {"requests", one.requests},
                    {"empty", one.empty}, {"failed", one.failed}, {"candles", counts(one.stored)}};
        if (!one.rejected.empty()) detail["rejected"] = one.rejected;
        if (!one.altered.empty()) detail["altered"] = one.altered;
        if (!one.error.empty()) detail["error"] = one.error;
        details.push_back(std::move(detail));
    }
    return {{"complete", complete()}, {"seconds", seconds},
            {"requests", {{"planned", planned}, {"already_known", known}, {"done", done}, {"failed", failed}}},
            {"http", {{"sent", http.requests}, {"retries", http.retries}, {"too_many_requests", http.too_many}, {"bytes", http.bytes},
                      {"least_seconds", least_seconds},
                      {"latency_ms", {{"p50", http.latency_quantile(0.5)}, {"p95", http.latency_quantile(0.95)}, {"p99", http.latency_quantile(0.99)}}}}},
            {"candles", counts(stored)}, {"rejected", rejected}, {"series", std::move(details)}};
}

}  // namespace pg_candle::work
