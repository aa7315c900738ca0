#include "ingest/job_fetcher.hpp"

#include <spdlog/spdlog.h>

#include "ingest/candle_pipeline.hpp"
#include "model/failure.hpp"
#include "upstox/endpoints.hpp"
#include "upstox/expired.hpp"

namespace pg_candle::ingest {

using namespace std::chrono;

std::string job_url(const std::string& api_url, const store::Job& job) {
    const std::string& key = job.instrument.key;
    if (job.kind == "expiries") return api_url + upstox::expiries_path(key);
    if (job.kind == "contracts") return api_url + upstox::contracts_path("option", key, job.from);
    if (job.kind == "expired_candles")
        return api_url + upstox::expired_path(key, job.expiry.value_or(job.to), {job.from, job.to});
    const Timeframe timeframe = require_timeframe(job.timeframe);
    return api_url + (job.kind == "intraday" ? upstox::intraday_path(key, timeframe)
                                             : upstox::historical_path(key, timeframe, {job.from, job.to}));
}

std::optional<upstox::Request> JobFetcher::next(const std::atomic<bool>& stop) {
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

upstox::Request JobFetcher::request(store::Job job) {
    upstox::Request request;
    request.url = job_url(options_.api_url, job);
    request.endpoint = job.kind == "intraday" ? "intraday" : job.kind == "candles" ? "historical" : "expired";
    request.receive = [this, answer = std::make_shared<Answer>(Answer{std::move(job), {}, {}, {}, {}})](
                          upstox::Reply& reply) { return receive(*answer, reply); };
    return request;
}

upstox::Parsed JobFetcher::receive(Answer& answer, upstox::Reply& reply) {
    if (reply.error) {
        if (reply.error->token_refused())
            throw Failure(Exit::authentication, "Upstox refused the token: " + reply.error->text() + ".",
                          upstox::renewal(client_.token()) + " Then repeat; nothing was lost.");
        answer.error = *reply.error;
        spdlog::error("fetch segment={} kind={} symbol=\"{}\" timeframe={} from={} to={} error=\"{}\"",
                      answer.job.segment, answer.job.kind, answer.job.instrument.symbol, answer.job.timeframe,
                      format_date(answer.job.from), format_date(answer.job.to), reply.error->text());
    } else if (const auto parsed = parse(answer, reply); parsed != upstox::Parsed::taken) {
        return parsed;
    } else if (answer.job.kind == "contracts" && !futures_asked(answer)) {
        return upstox::Parsed::taken;
    } else {
        spdlog::debug("fetched segment={} kind={} symbol=\"{}\" timeframe={} from={} to={} candles={}",
                      answer.job.segment, answer.job.kind, answer.job.instrument.symbol, answer.job.timeframe,
                      format_date(answer.job.from), format_date(answer.job.to), answer.batch.candles.size());
    }
    if (!writer_.push(std::move(answer))) writer_.rethrow();
    return upstox::Parsed::taken;
}

upstox::Parsed JobFetcher::parse(Answer& answer, upstox::Reply& reply) {
    if (answer.job.kind == "expiries")
        return answer.expiries.clear(), upstox::parse_expiries(reply.body.view(), answer.expiries);
    if (answer.job.kind == "contracts") {
        int bad = 0;
        const auto before = answer.contracts.size();
        const auto parsed = upstox::parse_contracts(reply.body.view(), answer.contracts, bad);
        if (parsed != upstox::Parsed::taken) answer.contracts.resize(before);
        if (bad > 0)
            spdlog::warn("contracts underlying=\"{}\" expiry={} unusable={}", answer.job.instrument.symbol,
                         format_date(answer.job.from), bad);
        return parsed;
    }
    const Timeframe timeframe = require_timeframe(answer.job.timeframe);
    answer.batch.clear();
    if (const auto parsed = parser_.parse(reply.body, timeframe, answer.batch); parsed != upstox::Parsed::taken)
        return parsed;
    // Rows that cannot be read may be damage on the way: ask a second time before believing them.
    if (answer.batch.unreadable > 0 && reply.attempts == 1) return upstox::Parsed::malformed;
    keep_range(answer.batch, india_midnight(bucket_date(timeframe, answer.job.from)),
               india_midnight(answer.job.to + days{1}));
    keep_past(answer.batch, now());
    sort_candles(answer.batch, Repeated::refused);
    return upstox::Parsed::taken;
}

bool JobFetcher::futures_asked(Answer& answer) {
    if (answer.job.timeframe == "futures") return answer.job.timeframe.clear(), true;
    upstox::Request request;
    request.url = options_.api_url + upstox::contracts_path("future", answer.job.instrument.key, answer.job.from);
    request.endpoint = "expired";
    answer.job.timeframe = "futures";
    request.receive = [this, both = std::make_shared<Answer>(std::move(answer))](upstox::Reply& reply) {
        return receive(*both, reply);
    };
    client_.submit(std::move(request));
    return false;
}

}  // namespace pg_candle::ingest
