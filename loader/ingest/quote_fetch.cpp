#include "ingest/quote_fetch.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <unordered_map>

#include "model/failure.hpp"
#include "upstox/endpoints.hpp"
#include "upstox/quotes.hpp"

namespace pg_candle::ingest {
namespace {

class QuoteRun {
public:
    QuoteRun(upstox::Client& client, const std::string& api_url) : client_(client), api_url_(api_url) {}

    void ask(std::vector<store::Instrument> batch) {
        std::vector<std::string> keys;
        for (const auto& one : batch) keys.push_back(one.key);
        upstox::Request request;
        request.url = api_url_ + upstox::quotes_path(keys);
        request.endpoint = "ltp";
        request.receive = [this, batch = std::move(batch)](upstox::Reply& reply) { return receive(batch, reply); };
        client_.submit(std::move(request));
    }

    std::vector<store::InstrumentQuote> quotes;
    QuoteReport report;

private:
    upstox::Parsed receive(const std::vector<store::Instrument>& batch, upstox::Reply& reply) {
        if (reply.error) {
            refuse(batch, *reply.error);
            return upstox::Parsed::taken;
        }
        std::vector<Quote> answers;
        std::map<std::string, int> rejected;
        if (const auto parsed = parser_.parse(reply.body, answers, rejected); parsed != upstox::Parsed::taken)
            return parsed;
        for (const auto& [reason, count] : rejected) reject(reason, count);
        refuse_contradictions(batch, answers);
        std::unordered_map<std::string_view, const Quote*> by_key;
        for (const auto& answer : answers) by_key[answer.instrument_key] = &answer;
        for (const auto& one : batch) {
            const auto found = by_key.find(one.key);
            if (found == by_key.end())
                report.missing.push_back(one.symbol);
            else
                quotes.push_back({one.id, *found->second});
        }
        return upstox::Parsed::taken;
    }

    void reject(const std::string& reason, int count) {
        report.rejected[reason] += count;
        spdlog::warn("ltp rejected={} reason=\"{}\"", count, reason);
    }

    /// Whose price it is must be said in one way: not one key twice, and not under the name of another instrument.
    void refuse_contradictions(const std::vector<store::Instrument>& batch, std::vector<Quote>& answers) {
        std::unordered_map<std::string, std::string> key_of_name;
        for (const auto& one : batch) key_of_name[one.key.substr(0, one.key.find('|')) + ':' + one.symbol] = one.key;
        std::unordered_map<std::string, int> times;
        for (const auto& answer : answers) ++times[answer.instrument_key];
        int repeated = 0, misnamed = 0;
        std::erase_if(answers, [&](const Quote& answer) {
            const auto named = key_of_name.find(answer.name);
            if (times[answer.instrument_key] > 1) return ++repeated, true;
            if (named != key_of_name.end() && named->second != answer.instrument_key) return ++misnamed, true;
            return false;
        });
        if (repeated > 0) reject("the instrument_token stands in several entries", repeated);
        if (misnamed > 0) reject("the entry's name is another instrument's", misnamed);
    }

    void refuse(const std::vector<store::Instrument>& batch, const upstox::ApiError& error) {
        if (error.token_refused())
            throw Failure(Exit::authentication, "Upstox refused the token: " + error.text() + ".",
                          upstox::renewal(client_.token()) + " Then repeat.");
        constexpr long uri_too_long = 414;
        if (!error.key_refused() && !(error.http_status == uri_too_long && batch.size() > 1)) {
            report.errors.push_back(error.text());
        } else if (batch.size() == 1) {
            report.refused.push_back(batch[0].symbol);
        } else {
            const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
            ask({batch.begin(), middle});
            ask({middle, batch.end()});
        }
    }

    upstox::Client& client_;
    const std::string& api_url_;
    upstox::QuoteParser parser_;
};

}  // namespace

QuoteReport fetch_quotes(const std::vector<store::Instrument>& instruments, upstox::Client& client,
                         store::Connection& connection, const std::string& api_url, const std::atomic<bool>& stop) {
    QuoteRun run(client, api_url);
    for (std::size_t at = 0; at < instruments.size(); at += keys_per_request) {
        const auto begin = instruments.begin() + static_cast<std::ptrdiff_t>(at);
        run.ask({begin, begin + static_cast<std::ptrdiff_t>(std::min(keys_per_request, instruments.size() - at))});
    }
    client.run({}, &stop);
    store::store_quotes(connection, run.quotes, now());
    run.report.stored = static_cast<std::int64_t>(run.quotes.size());
    return run.report;
}

}  // namespace pg_candle::ingest
