#include "ingest/answer_writer.hpp"

#include <spdlog/spdlog.h>

#include "ingest/answer_coverage.hpp"
#include "model/failure.hpp"
#include "store/contract_store.hpp"

namespace pg_candle::ingest {

using namespace std::chrono;

AnswerWriter::AnswerWriter(store::Connection& connection, const std::string& worker, RunReport& report,
                           Progress& progress)
    : connection_(connection),
      store_(connection),
      hours_(connection),
      worker_(worker),
      log_(connection, worker),
      report_(report),
      progress_(progress),
      thread_([this] { work(); }) {}

void AnswerWriter::finish() {
    answers_.end();
    if (thread_.joinable()) thread_.join();
}

void AnswerWriter::work() {
    try {
        auto cared = steady_clock::now();
        for (;;) {
            Answer answer;
            const auto next = answers_.pop(answer, lease_care);
            if (next == AnswerQueue::Next::end) return;
            if (next == AnswerQueue::Next::answer) take(answer);
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

void AnswerWriter::take(Answer& answer) {
    connection_.follow_clock();
    log_.begin();
    ++report_.done;
    if (answer.error) {
        fail(answer);
    } else if (answer.job.kind == "expiries" || answer.job.kind == "contracts") {
        store::Transaction transaction(connection_);
        const std::int64_t rows = answer.job.kind == "expiries"
                                      ? store::plan_expiries(connection_, answer.job, answer.expiries)
                                      : store::store_contracts(connection_, answer.job, answer.contracts);
        store::finish_job(connection_, answer.job.id, rows);
        transaction.commit();
    } else {
        store_candles(answer);
    }
    progress_.update(report_.done, report_.stored.inserted + report_.stored.updated + report_.stored.unchanged);
}

SeriesReport& AnswerWriter::series(const store::Job& job) {
    SeriesReport& one = report_.series[{job.instrument.id, job.timeframe}];
    one.instrument = job.instrument;
    ++one.requests;
    return one;
}

void AnswerWriter::store_candles(Answer& answer) {
    const store::Job& job = answer.job;
    SeriesReport& counts = series(job);
    const bool intraday = job.kind == "intraday";
    const Timeframe timeframe = require_timeframe(job.timeframe);
    keep_if_possible(answer.batch, [&](Instant start) { return hours_.problem(job.instrument.id, timeframe, start); });
    // A row that was rejected teaches nothing, and where most were, the others are not believed either.
    const std::string complaint = answer.batch.complaint();
    std::vector<Candle>& candles = answer.batch.candles;
    if (answer.batch.rejected_rows() > static_cast<std::int64_t>(candles.size())) candles.clear();
    auto learned = intraday ? std::nullopt : coverage_of_answer(timeframe, {job.from, job.to}, !candles.empty(), now());
    if (learned && !complaint.empty()) learned->state = store::CoveredRange::State::failed, learned->error = complaint;
    store::GapCounts gaps;
    // What is fetched anew because of that is no news.
    std::optional<double> factor;
    if (job.timeframe == "1d" && job.kind == "candles" && job.segment != "correction" && complaint.empty())
        factor = store_.price_adjusted_by({job.instrument.id, job.timeframe}, candles);
    const store::Stored stored = store_.store(
        {job.instrument.id, job.timeframe}, intraday ? Source::intraday : Source::historical, candles, learned,
        [&](const store::Stored& rows) {
            store::finish_job(connection_, job.id, rows.inserted + rows.updated,
                              complaint.empty() ? store::Param{} : store::Param{complaint}, "bad_rows");
            if (factor)
                connection_.run("SELECT mark_price_adjusted($1, $2)",
                                {std::to_string(job.instrument.id), std::to_string(*factor)});
        },
        &gaps);
    if (factor) spdlog::warn("price_adjusted symbol=\"{}\" factor={:.6f}", job.instrument.symbol, *factor);
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
    for (const auto& [reason, count] : answer.batch.rejected)
        counts.rejected[reason] += count, report_.rejected += count;
    for (const auto& [reason, count] : answer.batch.altered) counts.altered[reason] += count;
}

void AnswerWriter::fail(const Answer& answer) {
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
    if (job.kind == "candles" || job.kind == "expired_candles")
        learned = coverage_of_answer(require_timeframe(job.timeframe), {job.from, job.to}, false, now());
    if (learned) learned->state = store::CoveredRange::State::failed, learned->error = text;
    const auto finish = [&](const store::Stored&) {
        store::finish_job(connection_, job.id, 0, text);
        // The provider does not know the instrument: the others of it would be refused, too.
        if (answer.error->key_refused() && job.kind == "candles") {
            const auto others =
                connection_
                    .run("SELECT fail_sync_jobs($1, $2, $3)", {job.segment, std::to_string(job.instrument.id), text})
                    .number(0, 0);
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

}  // namespace pg_candle::ingest
