#include "market/provider.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace pg_candle::provider {
namespace {

using namespace std::chrono;
using Unit = Timeframe::Unit;

constexpr sys_days epoch{year{2000} / 1 / 1};

std::int32_t date(int y, unsigned m, unsigned d) {
    return static_cast<std::int32_t>((sys_days{year{y} / month{m} / day{d}} - epoch).count());
}

TEST(Provider, CutsWhereThePermittedPeriodsEnd) {
    EXPECT_EQ(request_end({Unit::minute, 1}, false, date(2026, 1, 31)), date(2026, 2, 1));
    EXPECT_EQ(request_end({Unit::minute, 15}, false, date(2026, 12, 1)), date(2027, 1, 1));
    EXPECT_EQ(request_end({Unit::minute, 30}, false, date(2026, 2, 14)), date(2026, 4, 1));
    EXPECT_EQ(request_end({Unit::hour, 1}, false, date(2026, 12, 31)), date(2027, 1, 1));
    EXPECT_EQ(request_end({Unit::day, 1}, false, date(2009, 12, 31)), date(2010, 1, 1));
    EXPECT_EQ(request_end({Unit::day, 1}, false, date(2010, 1, 1)), date(2020, 1, 1));
    EXPECT_EQ(request_end({Unit::day, 1}, true, date(2010, 1, 1)), date(2010, 2, 1)) << "a contract's dated key";
    EXPECT_GT(request_end({Unit::week, 1}, false, date(2000, 1, 3)), date(2200, 1, 1));
}

TEST(Provider, PermitsWhatItCuts) {
    const unsigned seed = std::random_device{}();
    std::mt19937 random(seed);
    const struct {
        Timeframe timeframe;
        int months;
    } kinds[] = {{{Unit::minute, 1}, 1},
                 {{Unit::minute, 5}, 1},
                 {{Unit::minute, 45}, 3},
                 {{Unit::hour, 4}, 3},
                 {{Unit::day, 1}, 120}};
    for (int i = 0; i < 20'000; ++i) {
        const auto& kind = kinds[random() % std::size(kinds)];
        const auto from = static_cast<std::int32_t>(random() % 20'000);
        const std::int32_t end = request_end(kind.timeframe, false, from);
        ASSERT_GT(end, from) << "seed " << seed;
        const year_month_day first{epoch + days{from}};
        const sys_days limit = sys_days{(first.year() / first.month() + months{kind.months}) / 1} + days{31};
        ASSERT_LE(epoch + days{end}, limit) << "seed " << seed;
        ASSERT_EQ(request_end(kind.timeframe, false, end - 1), end) << "seed " << seed << ": one end for all its dates";
    }
}

TEST(Provider, KnowsItsFirstDatesAndTheRunningDay) {
    EXPECT_EQ(first_date({Unit::minute, 1}), date(2022, 1, 3));
    EXPECT_EQ(first_date({Unit::day, 1}), date(2000, 1, 3));
    EXPECT_TRUE(has_running_day({Unit::minute, 300}));
    EXPECT_TRUE(has_running_day({Unit::day, 1}));
    EXPECT_FALSE(has_running_day({Unit::hour, 6}));
    EXPECT_FALSE(has_running_day({Unit::week, 1}));
}

}  // namespace
}  // namespace pg_candle::provider
