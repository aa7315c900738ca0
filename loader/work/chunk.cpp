#include "work/chunk.hpp"

#include <algorithm>

namespace pg_candle::work {

using namespace std::chrono;

Date closed_through(const Timeframe& timeframe, Instant at) {
    const Date day = india_date(at - hours{7} - minutes{5}) - days{1};
    return bucket_date(timeframe, day + days{1}) - days{1};  // a week or month that holds the next day is still open
}

std::vector<upstox::DateRange> unknown_dates(upstox::DateRange range, const std::vector<store::CoveredRange>& known) {
    std::vector<upstox::DateRange> unknown;
    for (const store::CoveredRange& one : known) {
        // Only whole days count as known.
        Date first = india_date(one.from);
        if (india_midnight(first) < one.from) first += days{1};
        const Date after = india_date(one.to);
        if (after <= range.from || first > range.to || after <= first) continue;
        if (first > range.from) unknown.push_back({range.from, first - days{1}});
        range.from = after;
        if (range.from > range.to) break;
    }
    if (range.from <= range.to) unknown.push_back(range);
    return unknown;
}

void plan_series(Plan& plan, std::size_t index, upstox::DateRange range, const std::vector<store::CoveredRange>& known, Instant at) {
    const Timeframe& timeframe = plan.series[index].timeframe;
    const Date today = india_date(at);
    if (range.to >= today) {
        if (range.from <= today && upstox::is_served_intraday(timeframe)) plan.chunks.push_back({index, {today, today}, true});
        // Weeks and months that go on are asked for as they are now.
        range.to = upstox::is_served_intraday(timeframe) ? today - days{1} : today;
    }
    if (range.from > range.to) return;
    range.from = bucket_date(timeframe, range.from);
    std::int64_t planned = 0;
    for (const upstox::DateRange& unknown : unknown_dates(range, known))
        for (const upstox::DateRange& dates : upstox::cut_into_requests(timeframe, unknown)) {
            plan.chunks.push_back({index, dates, false});
            ++planned;
        }
    const auto all = static_cast<std::int64_t>(upstox::cut_into_requests(timeframe, range).size());
    plan.known_chunks += std::max<std::int64_t>(0, all - planned);
}

void order(Plan& plan) {
    std::stable_sort(plan.chunks.begin(), plan.chunks.end(), [](const Chunk& a, const Chunk& b) { return a.dates.to > b.dates.to; });
}

std::optional<store::CoveredRange> lesson(const Series& series, const Chunk& chunk, bool any_candle, Instant at) {
    using State = store::CoveredRange::State;
    if (chunk.intraday) return {};
    // Weeks and months are known as wholes only.
    Date from = bucket_date(series.timeframe, chunk.dates.from);
    if (from < chunk.dates.from) from = next_bucket_date(series.timeframe, from);
    Date to = bucket_date(series.timeframe, chunk.dates.to + days{1}) - days{1};
    to = std::min(to, closed_through(series.timeframe, at));
    if (from > to) return {};
    return store::CoveredRange{india_midnight(from), india_midnight(to + days{1}), any_candle ? State::filled : State::no_data, 0, 1, at, {}};
}

}  // namespace pg_candle::work
