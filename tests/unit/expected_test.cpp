// Calendars and expected candles, against a model that looks at every minute.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "market/expected.hpp"

namespace pg_candle {
namespace {

constexpr std::int64_t second = 1'000'000, day = 86'400 * second, india = 19'800 * second;

/// India: no rule but an offset.
const ZoneClock clock_of_india{
    nullptr, [](const void*, std::int32_t date, std::int32_t of_day) { return date * day + of_day * second - india; },
    [](const void*, std::int64_t at) {
        return static_cast<std::int32_t>((at + india - ((at + india) % day + day) % day) / day);
    }};

constexpr std::uint32_t weekend = 1u << 6 | 1u << 7;

/// Hours, holidays and special periods by chance; the model's answer for each minute of them.
struct Market {
    std::vector<RegularHours> hours;
    std::vector<std::int32_t> holidays;
    std::vector<SpecialPeriod> specials;
    Calendar calendar() const { return {hours, holidays, specials, 0, 100'000}; }

    std::vector<std::pair<int, int>> periods(std::int32_t date) const {
        std::vector<std::pair<int, int>> found;
        for (const auto& one : specials)
            if (one.date == date) found.emplace_back(one.opens, one.closes);
        if (!found.empty()) return found;
        if (std::find(holidays.begin(), holidays.end(), date) != holidays.end()) return {};
        const RegularHours* valid = nullptr;
        for (const auto& one : hours)
            if (one.valid_from <= date) valid = &one;
        if (!valid || valid->weekly_off >> weekday_of(date) & 1) return {};
        return {{valid->opens, valid->closes}};
    }
};

Market random_market(std::mt19937& random) {
    Market market;
    for (std::int32_t from = -5; from < 120; from += 30 + static_cast<int>(random() % 40)) {
        const int opens = 60 * static_cast<int>(random() % 600);
        market.hours.push_back(
            {from, opens, opens + 60 * (1 + static_cast<int>(random() % 700)), random() % 4 ? weekend : 0});
    }
    for (std::int32_t date = 0; date < 120; ++date) {
        if (random() % 10 == 0) market.holidays.push_back(date);
        if (random() % 12 == 0) {
            market.specials.push_back({date, 3600 * 9, 3600 * 9 + 60 * (1 + static_cast<int>(random() % 100))});
            if (random() % 2) market.specials.push_back({date, 3600 * 12, 3600 * (random() % 2 ? 24 : 13)});
        }
    }
    return market;
}

TEST(Weekday, IsIso) {
    EXPECT_EQ(weekday_of(0), 6) << "2000-01-01 was a Saturday";
    EXPECT_EQ(weekday_of(2), 1);
    EXPECT_EQ(weekday_of(-6), 7);
    EXPECT_EQ(month_start(31), 31);
    EXPECT_EQ(month_start(30), 0);
    EXPECT_EQ(month_start(-1), -31);
}

TEST(ExpectedCandles, EqualAModelOfEveryMinute) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    using Unit = Timeframe::Unit;
    const Timeframe timeframes[] = {{Unit::minute, 1}, {Unit::minute, 7}, {Unit::minute, 30}, {Unit::hour, 1},
                                    {Unit::hour, 4},   {Unit::day, 1},    {Unit::week, 1},    {Unit::month, 1}};
    for (int round = 0; round < 400; ++round) {
        const Market market = random_market(random);
        const Timeframe timeframe = timeframes[random() % std::size(timeframes)];
        const auto moment = [&] {
            return static_cast<std::int64_t>(random() % 100) * day +
                   static_cast<std::int64_t>(random() % 1440) * 60 * second;
        };
        ExpectedRange range{moment(), moment(), moment() + 20 * day, static_cast<std::int32_t>(random() % 40),
                            static_cast<std::int32_t>(60 + random() % 60)};

        std::vector<std::pair<std::int64_t, std::int64_t>> model;  // starts and ends
        if (timeframe.intraday()) {
            const int width = timeframe.count * (timeframe.unit == Unit::hour ? 3600 : 60);
            for (std::int32_t date = range.first_date; date <= range.last_date; ++date)
                for (const auto& [opens, closes] : market.periods(date))
                    for (int at = opens; at < closes; at += width)
                        model.emplace_back(clock_of_india.instant(nullptr, date, at),
                                           clock_of_india.instant(nullptr, date, std::min(at + width, closes)));
        } else {
            std::map<std::int32_t, std::pair<std::int64_t, bool>> buckets;
            for (std::int32_t date = -40; date < 200; ++date)
                for (const auto& [opens, closes] : market.periods(date)) {
                    const std::int32_t bucket = timeframe.unit == Unit::day    ? date
                                                : timeframe.unit == Unit::week ? date - weekday_of(date) + 1
                                                                               : month_start(date);
                    auto& [end, lives] = buckets[bucket];
                    end = clock_of_india.instant(nullptr, date, closes);
                    lives = lives || (date >= range.first_date && date <= range.last_date);
                }
            for (const auto& [bucket, what] : buckets)
                if (what.second) model.emplace_back(clock_of_india.instant(nullptr, bucket, 0), what.first);
        }
        std::erase_if(model, [&](const auto& one) {
            return one.first < range.from || one.first >= range.to || one.second > range.now;
        });

        const Calendar calendar = market.calendar();
        ExpectedCandles expected(calendar, clock_of_india, timeframe, range);
        std::size_t i = 0;
        for (ExpectedCandle candle; expected.next(candle); ++i) {
            ASSERT_LT(i, model.size());
            ASSERT_EQ(candle.start, model[i].first) << i;
            ASSERT_EQ(candle.end, model[i].second) << i;
        }
        ASSERT_EQ(i, model.size());
        ASSERT_EQ(ExpectedCandles(calendar, clock_of_india, timeframe, range).count(),
                  static_cast<std::int64_t>(model.size()));
    }
}

TEST(Periods, TellWhatIsKnown) {
    const RegularHours hours[] = {{10, 3600, 7200, weekend}};
    const std::int32_t holidays[] = {12};
    const SpecialPeriod specials[] = {{12, 100, 200}, {12, 300, 400}, {14, 100, 200}};
    const Calendar calendar{hours, holidays, specials, 0, 16};
    std::vector<std::pair<int, PeriodKind>> seen;
    Periods periods(calendar, 0, 17);
    for (Period period; periods.next(period);) seen.emplace_back(period.date, period.kind);
    EXPECT_EQ(seen, (std::vector<std::pair<int, PeriodKind>>{{10, PeriodKind::regular},
                                                             {11, PeriodKind::regular},
                                                             {12, PeriodKind::special},
                                                             {12, PeriodKind::special},
                                                             {13, PeriodKind::regular},
                                                             {14, PeriodKind::special},
                                                             {16, PeriodKind::regular},
                                                             {17, PeriodKind::assumed}}));
}

}  // namespace
}  // namespace pg_candle
