// The gap scan against a model that looks at each expected candle by itself.
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

#include "market/gap_scan.hpp"

namespace pg_candle {
namespace {

constexpr std::int64_t second = 1'000'000, day = 86'400 * second;
const ZoneClock utc{
    nullptr, [](const void*, std::int32_t date, std::int32_t of_day) { return date * day + of_day * second; },
    [](const void*, std::int64_t at) { return static_cast<std::int32_t>((at - ((at % day) + day) % day) / day); }};

TEST(GapScan, EqualsAModelOfEveryCandle) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 500; ++round) {
        const RegularHours hours[] = {
            {0, 36'000, 36'000 + 60 * (1 + static_cast<int>(random() % 40)), 1u << 6 | 1u << 7}};
        const SpecialPeriod specials[] = {{5, 3600, 4200}, {5, 7200, 7500}};
        const Calendar calendar{hours, {}, specials, 0, 1000};
        const Timeframe timeframe = random() % 2
                                        ? Timeframe{Timeframe::Unit::minute, 1 + static_cast<int>(random() % 7)}
                                        : Timeframe{Timeframe::Unit::day, 1};
        const ExpectedRange range{0, 14 * day, 100 * day, 0, 1000};

        std::vector<ExpectedCandle> expected;
        ExpectedCandles all(calendar, utc, timeframe, range);
        for (ExpectedCandle one; all.next(one);) expected.push_back(one);
        std::set<std::int64_t> stored;
        const unsigned density = random() % 11;
        for (const auto& one : expected)
            if (random() % 10 < density) stored.insert(one.start);
        for (int i = 0; i < 30; ++i)
            stored.insert(static_cast<std::int64_t>(random() % (14 * 86'400)) * second);  // anywhere
        std::vector<CoveredSpan> spans;
        for (std::int64_t at = 0; at < 14 * day;) {
            const std::int64_t to = at + (1 + static_cast<std::int64_t>(random() % 96)) * day / 32;
            if (random() % 2) spans.push_back({at, to, 1 + static_cast<std::int32_t>(random() % 3)});
            at = to;
        }

        std::vector<Gap> model;
        bool previous_missing = false;
        std::int64_t previous_period = 0, present = 0;
        for (const auto& one : expected) {
            if (stored.contains(one.start)) {
                previous_missing = false;
                ++present;
                continue;
            }
            std::int32_t span = -1;
            for (std::size_t i = 0; i < spans.size(); ++i)
                if (spans[i].from <= one.start && one.start < spans[i].to) span = static_cast<std::int32_t>(i);
            const bool joined = previous_missing && (!timeframe.intraday() || one.period_end == previous_period);
            if (joined && model.back().span == span) {
                model.back().last = one.start;
                ++model.back().missing;
            } else {
                model.push_back({one.start, one.start, 1, span, joined});
            }
            previous_missing = true;
            previous_period = one.period_end;
        }

        std::vector<Gap> found;
        ExpectedCandles again(calendar, utc, timeframe, range);
        GapScan scan(
            again, timeframe.intraday(), spans.data(), static_cast<std::int32_t>(spans.size()),
            [](void* self, const Gap& gap) { static_cast<std::vector<Gap>*>(self)->push_back(gap); }, &found);
        for (const std::int64_t start : stored) scan.candle(start);
        scan.finish();
        ASSERT_EQ(found.size(), model.size());
        for (std::size_t i = 0; i < found.size(); ++i) {
            ASSERT_EQ(found[i].first, model[i].first) << i;
            ASSERT_EQ(found[i].last, model[i].last) << i;
            ASSERT_EQ(found[i].missing, model[i].missing) << i;
            ASSERT_EQ(found[i].span, model[i].span) << i;
            ASSERT_EQ(found[i].continues, model[i].continues) << i;
        }
        ASSERT_EQ(scan.present(), present);
        ASSERT_EQ(scan.missing(), static_cast<std::int64_t>(expected.size()) - present);
    }
}

}  // namespace
}  // namespace pg_candle
