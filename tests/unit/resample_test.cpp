// Resampling against a model that puts each candle into its bucket by itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include "market/resample.hpp"

namespace pg_candle {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

constexpr std::int64_t second = 1'000'000, day = 86'400 * second;
const ZoneClock utc{
    nullptr, [](const void*, std::int32_t date, std::int32_t of_day) { return date * day + of_day * second; },
    [](const void*, std::int64_t at) { return static_cast<std::int32_t>((at - ((at % day) + day) % day) / day); }};
using Unit = Timeframe::Unit;

TEST(Resampler, EqualsAModelOfEveryCandle) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 300; ++round) {
        const int opens = 36'000, closes = opens + 60 * (1 + static_cast<int>(random() % 200));
        const RegularHours hours[] = {{0, opens, closes, 1u << 6 | 1u << 7}};
        const std::int32_t holidays[] = {9};
        const SpecialPeriod specials[] = {{7, 3600, 7200}, {7, 9000, 86'400}};
        const Calendar calendar{hours, holidays, specials, 0, 1000};
        const Timeframe targets[] = {{Unit::minute, 2 + static_cast<int>(random() % 40)},
                                     {Unit::hour, 1},
                                     {Unit::day, 1},
                                     {Unit::week, 1},
                                     {Unit::month, 1}};
        const Timeframe target = targets[random() % std::size(targets)];
        const bool from_days = target.unit == Unit::week || target.unit == Unit::month;

        std::vector<PlainCandle> candles;
        const std::int64_t step = from_days ? day : 60 * second;
        for (std::int64_t at = 2 * day; at < (from_days ? 60 : 12) * day;
             at += step * (1 + static_cast<std::int64_t>(random() % 4))) {
            const double price = static_cast<double>(random() % 1000);
            candles.push_back({at, price, price + 2, price - 3, price + 1,
                               random() % 5 ? static_cast<double>(random() % 400) / 4 : unknown,
                               random() % 3 ? static_cast<double>(random() % 100) : unknown});
        }

        std::vector<std::pair<std::int64_t, std::int64_t>> periods;
        std::vector<std::int32_t> dates;
        Periods walk(calendar, 0, 100);
        for (Period period; walk.next(period);)
            periods.emplace_back(utc.instant(nullptr, period.date, period.opens),
                                 utc.instant(nullptr, period.date, period.closes)),
                dates.push_back(period.date);
        std::map<std::int64_t, PlainCandle> model;
        for (const PlainCandle& one : candles) {
            const std::int32_t date = utc.date(nullptr, one.start);
            std::int64_t bucket = -1;
            if (from_days) {
                if (std::find(dates.begin(), dates.end(), date) == dates.end()) continue;
                bucket = day * (target.unit == Unit::week ? date - (weekday_of(date) - 1) : month_start(date));
            } else {
                for (const auto& [begin, end] : periods) {
                    if (one.start < begin || one.start >= end) continue;
                    const std::int64_t width = 60 * second * target.count * (target.unit == Unit::hour ? 60 : 1);
                    bucket = target.unit == Unit::day ? day * date : begin + (one.start - begin) / width * width;
                }
                if (bucket < 0) continue;
            }
            const auto [at, fresh] = model.emplace(bucket, one);
            PlainCandle& into = at->second;
            into.start = bucket;
            if (fresh) continue;
            into.high = std::max(into.high, one.high), into.low = std::min(into.low, one.low), into.close = one.close;
            if (!std::isnan(one.volume)) into.volume = one.volume + (std::isnan(into.volume) ? 0 : into.volume);
            if (!std::isnan(one.oi)) into.oi = one.oi;
        }

        std::vector<PlainCandle> made;
        Resampler resampler(calendar, utc, target, 0, 100 * day);
        PlainCandle finished;
        for (const PlainCandle& one : candles)
            if (resampler.add(one, finished)) made.push_back(finished);
        if (resampler.finish(finished)) made.push_back(finished);
        ASSERT_EQ(made.size(), model.size());
        std::size_t i = 0;
        for (const auto& [start, one] : model) {
            const PlainCandle& other = made[i++];
            ASSERT_EQ(other.start, start);
            ASSERT_TRUE(other.open == one.open && other.high == one.high && other.low == one.low &&
                        other.close == one.close)
                << start;
            ASSERT_TRUE(same(other.volume, one.volume) && same(other.oi, one.oi)) << start;
        }
    }
}

TEST(Resampler, SaysWhatFits) {
    const char* reason = "";
    const Timeframe m1{Unit::minute, 1}, m5{Unit::minute, 5}, h1{Unit::hour, 1}, d{Unit::day, 1}, w{Unit::week, 1},
        mo{Unit::month, 1};
    EXPECT_TRUE(can_resample(m1, m5, reason) && can_resample(m5, h1, reason) && can_resample(h1, d, reason) &&
                can_resample(d, w, reason) && can_resample(d, mo, reason));
    for (const auto& [source, target] :
         {std::pair{m5, m5}, {m5, m1}, {m5, Timeframe{Unit::minute, 7}}, {d, h1}, {m1, w}, {w, mo}, {d, d}}) {
        reason = "";
        EXPECT_FALSE(can_resample(source, target, reason));
        EXPECT_STRNE(reason, "");
    }
}

}  // namespace
}  // namespace pg_candle
