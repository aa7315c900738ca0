#include "replay/market.hpp"

#include <algorithm>

#include "model/india_time.hpp"

namespace pg_candle::replay {
namespace {

using namespace std::chrono;

/// Merges neighbours that start the same bucket.
template <typename StartOf>
std::vector<Bar> widen(const std::vector<Bar>& bars, StartOf start_of) {
    std::vector<Bar> wide;
    for (const Bar& bar : bars) {
        const std::int64_t start = start_of(bar.start);
        if (wide.empty() || wide.back().start != start) {
            wide.push_back(bar);
            wide.back().start = start;
            continue;
        }
        Bar& into = wide.back();
        into.high = std::max(into.high, bar.high);
        into.low = std::min(into.low, bar.low);
        into.close = bar.close;
        into.volume += bar.volume;
        into.oi = bar.oi;
    }
    return wide;
}

Instant instant(std::int64_t second) { return Instant{seconds{second}}; }
std::int64_t midnight(Date date) { return duration_cast<seconds>(india_midnight(date).time_since_epoch()).count(); }

}  // namespace

std::vector<Bar> widen_minutes(const std::vector<Bar>& bars, int minutes) {
    return widen(bars, [&](std::int64_t start) {
        const std::int64_t open = midnight(india_date(instant(start))) + (9 * 60 + 15) * 60;
        const std::int64_t span = 60 * minutes;
        const std::int64_t buckets = (start - open) / span - ((start - open) % span < 0);
        return open + buckets * span;
    });
}

std::vector<Bar> widen_to_days(const std::vector<Bar>& minutes) {
    return widen(minutes, [](std::int64_t start) { return midnight(india_date(instant(start))); });
}

std::vector<Bar> widen_days(const std::vector<Bar>& days, bool to_months) {
    return widen(days, [&](std::int64_t start) {
        const Date date = india_date(instant(start));
        const year_month_day whole{date};
        return midnight(to_months ? Date{whole.year() / whole.month() / 1} : date - (weekday{date} - Monday));
    });
}

}  // namespace pg_candle::replay
