#include <gtest/gtest.h>

#include "market/session.hpp"
#include "market/timeframe.hpp"

namespace pg_candle {
namespace {

TEST(Timeframe, ReadsWhatIsInLowestTerms) {
    for (const char* text : {"1m", "3m", "5m", "15m", "30m", "90m", "1439m", "1h", "4h", "23h", "1d", "1w", "1mo"}) {
        Timeframe timeframe;
        const char* reason = "";
        EXPECT_TRUE(parse_timeframe(text, timeframe, reason)) << text << ": " << reason;
        const std::string_view name(text);
        EXPECT_EQ(timeframe.intraday(), name.ends_with("m") || name.ends_with("h")) << text;
    }
}

TEST(Timeframe, RefusesEverythingElse) {
    for (const char* text : {"",    "m",    "0m",    "01m", "-1m", "+1m",  "1",
                             "60m", "120m", "1440m", "24h", "2d",  "2w",   "3mo",
                             "1M",  "1y",   "1m ",   " 1m", "1mm", "1.5h", "99999999999999999m"}) {
        Timeframe timeframe;
        const char* reason = "";
        EXPECT_FALSE(parse_timeframe(text, timeframe, reason)) << text;
        EXPECT_STRNE(reason, "") << text;
    }
}

TEST(Session, IsTheLocalDay) {
    constexpr std::int64_t hour = 3'600'000'000, kolkata = 5 * hour + hour / 2;
    EXPECT_EQ(local_day(0, kolkata), 0);                         // 05:30 of day 0
    EXPECT_EQ(local_day(18 * hour + hour / 2 - 1, kolkata), 0);  // a moment before midnight
    EXPECT_EQ(local_day(18 * hour + hour / 2, kolkata), 1);
    EXPECT_EQ(local_day(-kolkata, kolkata), 0);
    EXPECT_EQ(local_day(-kolkata - 1, kolkata), -1);
    EXPECT_EQ(local_day(-microseconds_per_day - kolkata, kolkata), -1);
    EXPECT_EQ(local_day(hour, -8 * hour), -1);  // west of Greenwich
}

}  // namespace
}  // namespace pg_candle
