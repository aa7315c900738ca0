#include "work/candle_run.hpp"

#include <spdlog/spdlog.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "failure.hpp"
#include "store/contract_store.hpp"
#include "store/run_log.hpp"
#include "upstox/candles.hpp"
#include "upstox/endpoints.hpp"
#include "upstox/expired.hpp"
#include "work/lesson.hpp"
#include "work/progress.hpp"

namespace pg_candle::work {
namespace {

using namespace std::chrono;

/// An answer on its way to the database.
struct Answer {
    store::Job job;
    CandleBatch batch;
    std::vector<Date> expiries;
    std::vector<upstox::InstrumentRecord> contracts;
    std::optional<upstox::ApiError> error;  // the request failed for good
};

/// A queue of bounded length between the thread that fetches and the one that stores.
class Answers {
public:
    enum class Next { answer, nothing_yet, end };

    /// Waits for room. False when the storing side has given up.
    bool push(Answer answer) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return queue_.size() < most || closed_; });
        if (closed_) return false;
        queue_.push_back(std::move(answer));
        changed_.notify_all();
        return true;
    }
    /// Waits a while for an answer.
    Next pop(Answer& answer, milliseconds patience) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, patience, [&] { return !queue_.empty() || ended_; });
        if (queue_.empty()) return ended_ ? Next::end : Next::nothing_yet;
        answer = std::move(queue_.front());
        queue_.pop_front();
        changed_.notify_all();
        return Next::answer;
    }
    void end() { set(ended_); }
    void close() { set(closed_); }

private:
    void set(bool& flag) {
        const std::lock_guard lock(mutex_);
        flag = true;
        changed_.notify_all();
    }

    static constexpr std::size_t most = 8;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Answer> queue_;
    bool ended_ = false, closed_ = false;
};

/// Stores answers and keeps the books and the leases, on its own thread.
class Writer {
public:
    Writer(store::Connection& connection, const std::string& worker, RunReport& report, Progress& progress)
        : connection_(connection), store_(connection), worker_(worker), log_(connection, worker), report_(report), progress_(progress), thread_([this] { work(); }) {}
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
    store::RunLog& log() { return log_; }  // after finish()

private:
    static constexpr seconds lease_care{8};

    void work() {
        try {
            auto cared = steady_clock::now();
            for (;;) {
                Answer answer;
                const auto next = answers_.pop(answer, lease_care);
                if (next == Answers::Next::end) return;
                if (next == Answers::Next::answer) take(answer);
                if (steady_clock::now() - cared < lease_care) continue;
                cared = steady_clock::now();
                store::renew_leases(connection_, worker_);
                log_.check_duration();
            }
        } catch (...) {
            problem_ = std::current_exception();
            answers_.close();
        }
    }

    void take(Answer& answer) {
        connection_.follow_clock();
        log_.begin();
        ++report_.done;
        if (answer.error) {
            fail(answer);
        } else if (answer.job.kind == "expiries" || answer.job.kind == "contracts") {
            store::Transaction transaction(connection_);
            const std::int64_t rows = answer.job.kind == "expiries" ? store::plan_expiries(connection_, answer.job, answer.expiries)
                                                                    : store::store_contracts(connection_, answer.job, answer.contracts);
            store::finish_job(connection_, answer.job.id, rows);
            transaction.commit();
        } else {
            store_candles(answer);
        }
        progress_.update(report_.done, report_.stored.inserted + report_.stored.updated + report_.stored.unchanged);
    }

    SeriesReport& series(const store::Job& job) {
        SeriesReport& one = report_.series[{job.instrument.id, job.timeframe}];
        one.instrument = job.instrument;
        ++one.requests;
        return one;
    }

    void store_candles(Answer& answer) {
        const store::Job& job = answer.job;
        SeriesReport& counts = series(job);
        const bool intraday = job.kind == "intraday";
        // A row that was rejected teaches nothing, and where most were, the others are not believed either.
        const std::string complaint = answer.batch.complaint();
        std::vector<Candle>& candles = answer.batch.candles;
        if (answer.batch.rejected_rows() > static_cast<std::int64_t>(candles.size())) candles.clear();
        auto learned = intraday ? std::nullopt
                                : lesson(require_timeframe(job.timeframe), {job.from, job.to}, !candles.empty(), now());
        if (learned && !complaint.empty())
            learned->state = store::CoveredRange::State::failed, learned->error = complaint;
        store::GapCounts gaps;
        // What is fetched anew because of that is no news.
        std::optional<double> rebased;
        if (job.timeframe == "1d" && job.kind == "candles" && job.segment != "correction" && complaint.empty())
            rebased = store_.rebased_by({job.instrument.id, job.timeframe}, candles);
        const store::Stored stored = store_.store(
            {job.instrument.id, job.timeframe}, intraday ? Source::intraday : Source::historical, candles, learned,
            [&](const store::Stored& rows) {
                store::finish_job(connection_, job.id, rows.inserted + rows.updated,
                                  complaint.empty() ? store::Param{} : store::Param{complaint}, "bad_rows");
                if (rebased)
                    connection_.run("SELECT mark_rebased($1, $2)",
                                    {std::to_string(job.instrument.id), std::to_string(*rebased)});
            },
            &gaps);
        if (rebased) spdlog::warn("rebased symbol=\"{}\" factor={:.6f}", job.instrument.symbol, *rebased);
        if (!complaint.empty()) {
            ++counts.failed, ++report_.failed;
            counts.error = complaint;
            spdlog::error("fetch segment={} kind={} symbol=\"{}\" timeframe={} from={} to={} error=\"{}\"", job.segment,
                          job.kind, job.instrument.symbol, job.timeframe, format_date(job.from), format_date(job.to),
                          complaint);
        }
        counts.stored += stored, report_.stored += stored;
        counts.gaps += gaps, report_.gaps += gaps;
        counts.empty += candles.empty() && complaint.empty();
        for (const auto& [reason, count] : answer.batch.rejected) counts.rejected[reason] += count, report_.rejected += count;
        for (const auto& [reason, count] : answer.batch.altered) counts.altered[reason] += count;
    }

    void fail(const Answer& answer) {
        const store::Job& job = answer.job;
        const std::string text = answer.error->text();
        SeriesReport& counts = series(job);
        ++counts.failed, ++report_.failed;
        counts.error = text;
        if (answer.error->plan_missing()) {
            store::Transaction transaction(connection_);
            store::finish_job(connection_, job.id, 0, text);
            connection_.run("SELECT fail_sync_jobs($1, NULL, $2)", {job.segment, text});
            transaction.commit();
            return;
        }
        std::optional<store::CoveredRange> learned;
        if (job.kind == "candles" || job.kind == "expired_candles") learned = lesson(require_timeframe(job.timeframe), {job.from, job.to}, false, now());
        if (learned) learned->state = store::CoveredRange::State::failed, learned->error = text;
        const auto finish = [&](const store::Stored&) {
            store::finish_job(connection_, job.id, 0, text);
            // The provider does not know the instrument: the others of it would be refused, too.
            if (answer.error->key_refused() && job.kind == "candles") {
                const auto others = connection_.run("SELECT fail_sync_jobs($1, $2, $3)", {job.segment, std::to_string(job.instrument.id), text}).number(0, 0);
                report_.failed += others, counts.failed += others;
            }
        };
        if (learned) {
            store_.store({job.instrument.id, job.timeframe}, Source::historical, {}, learned, finish);
            return;
        }
        store::Transaction transaction(connection_);
        finish({});
        transaction.commit();
    }

    store::Connection& connection_;
    store::CandleStore store_;
    std::string worker_;
    store::RunLog log_;
    RunReport& report_;
    Progress& progress_;
    Answers answers_;
    std::exception_ptr problem_;
    std::thread thread_;
};

/// Turns jobs into requests, and replies into answers for the writer.
class Fetcher {
public:
    Fetcher(store::JobQueue& queue, upstox::Client& client, Writer& writer, const RunOptions& options)
        : queue_(queue), client_(client), writer_(writer), options_(options) {}

    std::optional<upstox::Request> next(const std::atomic<bool>& stop) {
        if (stop) return {};
        if (claimed_.empty()) {
            for (store::Job& job : queue_.claim(claim_at_once, options_.filter)) claimed_.push_back(std::move(job));
            any_ = any_ || !claimed_.empty();
        }
        if (claimed_.empty()) return {};
        store::Job job = std::move(claimed_.front());
        claimed_.pop_front();
        return request(std::move(job));
    }

    /// Whether anything was claimed since it was asked last.
    bool take_any() { return std::exchange(any_, false); }

private:
    static constexpr int claim_at_once = 16;

    upstox::Request request(store::Job job) {
        upstox::Request request;
        request.url = job_url(options_.api_url, job);
        request.endpoint = job.kind == "intraday" ? "intraday" : job.kind == "candles" ? "historical" : "expired";
        request.receive = [this, answer = std::make_shared<Answer>(Answer{std::move(job), {}, {}, {}, {}})](upstox::Reply& reply) { return receive(*answer, reply); };
        return request;
    }

    upstox::Parsed receive(Answer& answer, upstox::Reply& reply) {
        if (reply.error) {
            if (reply.error->token_refused())
                throw Failure(Exit::authentication, "Upstox refused the token: " + reply.error->text() + ".",
                              upstox::renewal(client_.token()) + " Then repeat; nothing was lost.");
            answer.error = *reply.error;
            spdlog::error("fetch segment={} kind={} symbol=\"{}\" timeframe={} from={} to={} error=\"{}\"", answer.job.segment, answer.job.kind, answer.job.instrument.symbol,
                          answer.job.timeframe, format_date(answer.job.from), format_date(answer.job.to), reply.error->text());
        } else if (const auto parsed = parse(answer, reply); parsed != upstox::Parsed::taken) {
            return parsed;
        } else if (answer.job.kind == "contracts" && !futures_asked(answer)) {
            return upstox::Parsed::taken;
        } else {
            spdlog::debug("fetched segment={} kind={} symbol=\"{}\" timeframe={} from={} to={} candles={}", answer.job.segment, answer.job.kind, answer.job.instrument.symbol,
                          answer.job.timeframe, format_date(answer.job.from), format_date(answer.job.to), answer.batch.candles.size());
        }
        if (!writer_.push(std::move(answer))) writer_.rethrow();
        return upstox::Parsed::taken;
    }

    upstox::Parsed parse(Answer& answer, upstox::Reply& reply) {
        if (answer.job.kind == "expiries") return answer.expiries.clear(), upstox::parse_expiries(reply.body.view(), answer.expiries);
        if (answer.job.kind == "contracts") {
            int bad = 0;
            const auto before = answer.contracts.size();
            const auto parsed = upstox::parse_contracts(reply.body.view(), answer.contracts, bad);
            if (parsed != upstox::Parsed::taken) answer.contracts.resize(before);
            if (bad > 0) spdlog::warn("contracts underlying=\"{}\" expiry={} unusable={}", answer.job.instrument.symbol, format_date(answer.job.from), bad);
            return parsed;
        }
        const Timeframe timeframe = require_timeframe(answer.job.timeframe);
        answer.batch.clear();
        if (const auto parsed = parser_.parse(reply.body, timeframe, answer.batch); parsed != upstox::Parsed::taken) return parsed;
        // Rows that cannot be read may be damage on the way: ask a second time before believing them.
        if (answer.batch.unreadable > 0 && reply.attempts == 1) return upstox::Parsed::malformed;
        keep_range(answer.batch, india_midnight(bucket_date(timeframe, answer.job.from)), india_midnight(answer.job.to + days{1}));
        sort_candles(answer.batch, Repeated::refused);
        return upstox::Parsed::taken;
    }

    /// Options and futures come from two endpoints. True when both are there; otherwise the second is asked now.
    bool futures_asked(Answer& answer) {
        if (answer.job.timeframe == "futures") return answer.job.timeframe.clear(), true;
        upstox::Request request;
        request.url = options_.api_url + upstox::contracts_path("future", answer.job.instrument.key, answer.job.from);
        request.endpoint = "expired";
        answer.job.timeframe = "futures";
        request.receive = [this, both = std::make_shared<Answer>(std::move(answer))](upstox::Reply& reply) { return receive(*both, reply); };
        client_.submit(std::move(request));
        return false;
    }

    store::JobQueue& queue_;
    upstox::Client& client_;
    Writer& writer_;
    const RunOptions& options_;
    upstox::CandleParser parser_;
    std::deque<store::Job> claimed_;
    bool any_ = false;
};

}  // namespace

std::string job_url(const std::string& api_url, const store::Job& job) {
    const std::string& key = job.instrument.key;
    if (job.kind == "expiries") return api_url + upstox::expiries_path(key);
    if (job.kind == "contracts") return api_url + upstox::contracts_path("option", key, job.from);
    if (job.kind == "expired_candles") return api_url + upstox::expired_path(key, job.expiry.value_or(job.to), {job.from, job.to});
    const Timeframe timeframe = require_timeframe(job.timeframe);
    return api_url + (job.kind == "intraday" ? upstox::intraday_path(key, timeframe) : upstox::historical_path(key, timeframe, {job.from, job.to}));
}

RunReport run_candles(store::JobQueue& queue, upstox::Client& client, store::Connection& writer_connection, const RunOptions& options, const std::atomic<bool>& stop) {
    const auto began = steady_clock::now();
    RunReport report;
    report.planned = queue.open(options.filter);
    Progress progress("requests", report.planned, options.quiet);
    Writer writer(writer_connection, queue.worker(), report, progress);
    Fetcher fetcher(queue, client, writer, options);
    const auto end = [&](const store::Param& error) {
        writer.finish();
        report.http = client.metrics();
        report.seconds = duration<double>(steady_clock::now() - began).count();
        writer.log().end(report.http, report.error_rate(), report.failed, report.stored.inserted + report.stored.updated, error);
        queue.release();
    };
    try {
        for (;;) {
            client.run([&] { return fetcher.next(stop); }, &stop);
            if (stop) break;
            if (fetcher.take_any()) continue;  // what was stored may have left more to do
            if (!options.wait_for_others || queue.open(options.filter) == 0) break;
            std::this_thread::sleep_for(milliseconds{200});
        }
    } catch (const std::exception& error) {
        end(std::string(error.what()));
        throw;
    }
    end({});
    writer.rethrow();
    progress.finish();
    report.interrupted = stop;
    return report;
}

double RunReport::error_rate() const {
    return http.requests == 0 ? 0 : static_cast<double>(http.retries + http.failures) / static_cast<double>(http.requests);
}

nlohmann::ordered_json RunReport::json() const {
    using Json = nlohmann::ordered_json;
    const auto candles = [](const store::Stored& one) {
        return Json{{"inserted", one.inserted}, {"updated", one.updated}, {"unchanged", one.unchanged}, {"kept", one.kept}};
    };
    const auto gap_counts = [](const store::GapCounts& one) {
        return Json{{"found", one.filled + one.confirmed}, {"filled", one.filled}, {"confirmed_empty", one.confirmed}};
    };
    Json details = Json::array();
    for (const auto& [key, one] : series) {
        Json detail{{"symbol", one.instrument.symbol}, {"instrument_key", one.instrument.key}, {"timeframe", key.second}, {"requests", one.requests},
                    {"empty", one.empty}, {"failed", one.failed}, {"candles", candles(one.stored)}, {"gaps", gap_counts(one.gaps)}};
        if (!one.rejected.empty()) detail["rejected"] = one.rejected;
        if (!one.altered.empty()) detail["altered"] = one.altered;
        if (!one.error.empty()) detail["error"] = one.error;
        details.push_back(std::move(detail));
    }
    return {{"complete", complete()}, {"seconds", seconds},
            {"requests", {{"planned", planned}, {"done", done}, {"failed", failed}}},
            {"http", {{"sent", http.requests}, {"retries", http.retries}, {"too_many_requests", http.too_many}, {"bytes", http.bytes},
                      {"least_seconds", least_seconds}, {"error_rate", error_rate()},
                      {"latency_ms", {{"p50", http.latency_quantile(0.5)}, {"p95", http.latency_quantile(0.95)}, {"p99", http.latency_quantile(0.99)}}}}},
            {"candles", candles(stored)}, {"gaps", gap_counts(gaps)}, {"rejected", rejected}, {"series", std::move(details)}};
}

}  // namespace pg_candle::work
