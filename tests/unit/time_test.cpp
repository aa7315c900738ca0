// Dates, times, buckets, and what is a candle.
#include <gtest/gtest.h>

#include <cmath>

#include "model/candle.hpp"
#include "model/failure.hpp"

namespace pg_candle {
namespace {

using namespace std::chrono;

Date date(const char* text) { return *parse_date(text); }
Instant at(const char* text) { return *parse_instant(text); }

TEST(IndiaTime, ReadsWhatProvidersWrite) {
    const Instant expected = sys_days{year{2026} / 9 / 22} + hours{9} + minutes{55};
    for (const char* text : {"2026-09-22T15:25:00+05:30", "2026-09-22 15:25:00", "2026-09-22T15:25",
                             "2026-09-22T09:55:00Z", "2026-09-22T15:25:00.000+0530", "2026-09-22T05:55:00-04:00"})
        EXPECT_EQ(at(text), expected) << text;
    EXPECT_EQ(at("2026-09-22"), sys_days{year{2026} / 9 / 21} + hours{18} + minutes{30});
    EXPECT_EQ(at("2026-09-22T15:25:00.25+05:30"), expected + milliseconds{250});
    for (const char* text :
         {"", "2026-09-2", "2026-13-01", "2026-02-30", "2026-09-22T", "2026-09-22T24:00", "2026-09-22T15:60",
          "2026-09-22T15:25:00+05:30x", "2026-09-22T15:25:00+", "22-09-2026", "2026-09-22T15:25:00.", "1694000000"})
        EXPECT_FALSE(parse_instant(text)) << text;
}

TEST(IndiaTime, WritesWhatItReads) {
    for (const char* text :
         {"2026-09-22T15:25:00+05:30", "2000-01-03T00:00:00+05:30", "1999-12-31T23:59:59.250000+05:30"})
        EXPECT_EQ(format_instant(at(text)), text);
    EXPECT_EQ(format_date(india_date(at("2026-09-22T18:29:59Z"))), "2026-09-22");
    EXPECT_EQ(format_date(india_date(at("2026-09-22T18:30:00Z"))), "2026-09-23");
    EXPECT_EQ(india_midnight(date("2026-09-22")), at("2026-09-22T00:00:00+05:30"));
}

TEST(Candle, BucketsBeginOnTheirDay) {
    const Timeframe day{Timeframe::Unit::day, 1}, week{Timeframe::Unit::week, 1}, month{Timeframe::Unit::month, 1};
    EXPECT_EQ(bucket_date(week, date("2026-11-21")), date("2026-11-16"));
    EXPECT_EQ(bucket_date(week, date("2026-11-16")), date("2026-11-16"));
    EXPECT_EQ(next_bucket_date(week, date("2026-11-22")), date("2026-11-23"));
    EXPECT_EQ(bucket_date(month, date("2026-12-31")), date("2026-12-01"));
    EXPECT_EQ(next_bucket_date(month, date("2026-12-31")), date("2027-01-01"));
    EXPECT_EQ(next_bucket_date(day, date("2026-12-31")), date("2027-01-01"));
}

TEST(Candle, RefusesImpossiblePrices) {
    const double nan = NAN, inf = INFINITY;
    const Timeframe minute{Timeframe::Unit::minute, 1};
    CandleBatch batch;
    for (const Candle& one :
         {Candle{{}, nan, 2, 1, 1, 0, 0}, Candle{{}, 1, inf, 1, 1, 0, 0}, Candle{{}, 1, 2, -inf, 1, 0, 0},
          Candle{{}, 1, 2, 3, 2, 0, 0}, Candle{{}, 3, 2, 1, 2, 0, 0}, Candle{{}, 0.5, 2, 1, 2, 0, 0},
          Candle{{}, 1, 2, 1, 2.5, 0, 0}, Candle{{}, 1, 2, 1, 0.5, 0, 0}})
        add_candle(batch, minute, one);
    EXPECT_TRUE(batch.candles.empty());
    std::int64_t rejected = 0;
    for (const auto& [reason, count] : batch.rejected) rejected += count;
    EXPECT_EQ(rejected, 8);
    add_candle(batch, minute, {{}, -2, -1, -3, -2, -81'259'413, 5});
    ASSERT_EQ(batch.candles.size(), 1u);
    EXPECT_FALSE(batch.candles[0].volume) << "a wrapped volume is unknown";
    EXPECT_EQ(batch.altered.size(), 1u);
}

TEST(Candle, MovesOddDaysToMidnight) {
    CandleBatch batch;
    add_candle(batch, {Timeframe::Unit::day, 1}, {at("2020-05-04T15:30:00+05:30"), 1, 1, 1, 1, 0, 0});
    EXPECT_EQ(batch.candles[0].start, at("2020-05-04T00:00:00+05:30"));
    EXPECT_EQ(batch.altered["start moved to midnight"], 1);
    add_candle(batch, {Timeframe::Unit::week, 1}, {at("2020-05-06T00:00:00+05:30"), 1, 1, 1, 1, 0, 0});
    EXPECT_EQ(batch.altered["start moved to its Monday"], 1);
}

TEST(Candle, SortsAndDropsDuplicates) {
    const auto candle = [](int minute, double price) {
        return Candle{Instant{minutes{minute}}, price, price, price, price, 0, 0};
    };
    const std::vector<Candle> some{candle(3, 1), candle(1, 2), candle(2, 3), candle(1, 4), candle(3, 5)};
    CandleBatch of_file{some, {}, {}};
    sort_candles(of_file, Repeated::last_wins);
    EXPECT_EQ(of_file.candles, (std::vector{candle(1, 4), candle(2, 3), candle(3, 5)}));
    EXPECT_EQ(of_file.rejected["duplicate start"], 2);
    CandleBatch of_provider{some, {}, {}};
    of_provider.candles.push_back(candle(2, 3));
    sort_candles(of_provider, Repeated::refused);
    EXPECT_EQ(of_provider.candles, (std::vector{candle(2, 3)})) << "nobody knows which of several is right";
    EXPECT_EQ(of_provider.rejected["several rows of one start"], 4);
    EXPECT_EQ(of_provider.altered["repeated row"], 1);
    EXPECT_EQ(of_provider.complaint(), "4 of 5 rows rejected: 4 x several rows of one start");
    CandleBatch newest_first;
    newest_first.candles = {candle(3, 1), candle(2, 2), candle(1, 3)};
    sort_candles(newest_first, Repeated::refused);
    EXPECT_EQ(newest_first.candles.front().open, 3);
    EXPECT_TRUE(newest_first.rejected.empty());
}

TEST(Candle, RefusesStartsOffTheGrid) {
    using Unit = Timeframe::Unit;
    const auto rejected = [](const Timeframe& timeframe, const char* start) {
        CandleBatch batch;
        add_candle(batch, timeframe, {at(start), 1, 1, 1, 1, 0, 0});
        return batch.rejected_rows();
    };
    EXPECT_EQ(rejected({Unit::minute, 1}, "2026-01-05T09:15:00+05:30"), 0);
    EXPECT_EQ(rejected({Unit::minute, 1}, "2026-01-05T09:15:07+05:30"), 1);
    EXPECT_EQ(rejected({Unit::minute, 5}, "2026-01-05T09:20:00+05:30"), 0);
    EXPECT_EQ(rejected({Unit::minute, 5}, "2026-01-05T09:21:00+05:30"), 1);
    EXPECT_EQ(rejected({Unit::minute, 30}, "2026-01-05T09:45:00+05:30"), 0);
    EXPECT_EQ(rejected({Unit::hour, 1}, "2026-01-05T09:15:00+05:30"), 0);
    EXPECT_EQ(rejected({Unit::hour, 1}, "2026-01-05T09:15:00.5+05:30"), 1);
    EXPECT_EQ(rejected({Unit::day, 1}, "2026-01-05T09:15:07+05:30"), 0) << "days are moved to midnight";
}

TEST(Candle, KeepsWhatWasAskedFor) {
    CandleBatch batch;
    for (int i = 0; i < 5; ++i) batch.candles.push_back({Instant{minutes{i}}, 1, 1, 1, 1, 0, 0});
    keep_range(batch, Instant{minutes{1}}, Instant{minutes{4}});
    EXPECT_EQ(batch.candles.size(), 3u);
    EXPECT_EQ(batch.rejected.begin()->second, 2);
}

}  // namespace
}  // namespace pg_candle
