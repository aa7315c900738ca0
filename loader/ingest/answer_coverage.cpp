#include "ingest/answer_coverage.hpp"

#include <algorithm>

#include "market/provider.hpp"

namespace pg_candle::ingest {

using namespace std::chrono;

Date closed_through(const Timeframe& timeframe, Instant at) {
    const Date day = india_date(at - seconds{provider::final_after}) - days{1};
    return bucket_date(timeframe, day + days{1}) - days{1};  // a week or month that holds the next day is still open
}

std::optional<store::CoveredRange> coverage_of_answer(const Timeframe& timeframe, DateRange dates, bool any_candle,
                                                      Instant at) {
    using State = store::CoveredRange::State;
    // Weeks and months are known as wholes only.
    Date from = bucket_date(timeframe, dates.from);
    if (from < dates.from) from = next_bucket_date(timeframe, from);
    Date to = bucket_date(timeframe, dates.to + days{1}) - days{1};
    to = std::min(to, closed_through(timeframe, at));
    if (from > to) return {};
    return store::CoveredRange{
        india_midnight(from), india_midnight(to + days{1}), any_candle ? State::filled : State::no_data, 0, 1, at, {}};
}

}  // namespace pg_candle::ingest
