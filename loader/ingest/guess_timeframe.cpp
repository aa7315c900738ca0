#include "ingest/guess_timeframe.hpp"

#include <algorithm>
#include <numeric>

namespace pg_candle::ingest {
namespace {

using namespace std::chrono;
using Unit = Timeframe::Unit;

constexpr Timeframe day{Unit::day, 1}, week{Unit::week, 1}, month{Unit::month, 1};

/// Whether most of the rows have one time of day, as the dates of days do; a special session may have another.
bool have_one_time(const std::vector<Instant>& times) {
    std::map<microseconds, std::size_t> clocks;
    std::size_t most = 0;
    for (const Instant time : times) most = std::max(most, ++clocks[time - india_midnight(india_date(time))]);
    return most * 10 >= times.size() * 6;
}

/// Of rows that have a date each.
std::optional<Timeframe> guess_from_dates(const std::vector<Instant>& times) {
    std::vector<long> gaps;  // in days
    for (std::size_t i = 1; i < times.size(); ++i)
        gaps.push_back((india_date(times[i]) - india_date(times[i - 1])).count());
    const long least = *std::min_element(gaps.begin(), gaps.end());
    if (least <= 3) return day;
    if (gaps.size() < 2) return {};
    const auto share = [&](long from, long to) {
        return 10 * std::count_if(gaps.begin(), gaps.end(), [&](long gap) { return gap >= from && gap <= to; }) >=
               8 * static_cast<long>(gaps.size());
    };
    if (least >= 26 && share(26, 35)) return month;
    if (least >= 4 && share(4, 10)) return week;
    return {};
}

/// Of rows of which some share a date.
std::optional<Timeframe> guess_from_times(const std::vector<Instant>& times) {
    std::map<std::int64_t, std::size_t> gaps;  // in minutes, within a day
    std::size_t count = 0;
    std::int64_t common = 0;
    for (std::size_t i = 1; i < times.size(); ++i) {
        if (india_date(times[i]) != india_date(times[i - 1])) continue;
        const auto gap = times[i] - times[i - 1];
        const auto whole = duration_cast<minutes>(gap);
        if (whole != gap) return {};
        ++gaps[whole.count()], ++count;
        common = std::gcd(common, whole.count());
    }
    if (common == 0) return {};
    // A distance that occurs, divides all others and is that of most; or a minute, which has no smaller one.
    const std::size_t usual = gaps.contains(common) ? gaps.at(common) : 0;
    if (common != 1 && (usual < 2 || 2 * usual < count)) return {};
    if (common % 60 == 0) return Timeframe{Unit::hour, static_cast<int>(common / 60)};
    return Timeframe{Unit::minute, static_cast<int>(common)};
}

std::optional<Timeframe> guess(std::vector<Instant> times) {
    std::sort(times.begin(), times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());
    if (times.size() < 2) return {};
    const bool shared = std::adjacent_find(times.begin(), times.end(), [](Instant a, Instant b) {
                            return india_date(a) == india_date(b);
                        }) != times.end();
    if (shared) return guess_from_times(times);
    return have_one_time(times) ? guess_from_dates(times) : std::nullopt;
}

}  // namespace

std::optional<Timeframe> guess_timeframe(const std::map<std::string, std::vector<Instant>>& starts) {
    std::optional<Timeframe> found;
    for (const auto& [symbol, times] : starts) {
        const auto one = guess(times);
        if (!one) continue;
        if (found && (found->unit != one->unit || found->count != one->count)) return {};
        found = one;
    }
    const char* reason;
    if (found && found->intraday()) {
        Timeframe parsed{};
        if (!parse_timeframe(format_timeframe(*found), parsed, reason)) return {};
    }
    return found;
}

}  // namespace pg_candle::ingest
