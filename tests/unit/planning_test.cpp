// What a request looks like, when it may be sent, and what its answer teaches: properties against models that look at
// one day at a time.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "ingest/answer_coverage.hpp"
#include "model/failure.hpp"
#include "model/rate_limit.hpp"
#include "unit/temp_folder.hpp"
#include "upstox/endpoints.hpp"

namespace pg_candle {
namespace {

using namespace std::chrono;
using Unit = Timeframe::Unit;
using State = store::CoveredRange::State;

Date date(const char* text) { return *parse_date(text); }
Instant at(const char* text) { return *parse_instant(text); }

TEST(Requests, EncodeKeys) {
    EXPECT_EQ(upstox::percent_encode("NSE_INDEX|Nifty 50"), "NSE_INDEX%7CNifty%2050");
    EXPECT_EQ(upstox::percent_encode("GLOBAL_INDEX|^GSPC"), "GLOBAL_INDEX%7C%5EGSPC");
    EXPECT_EQ(upstox::percent_encode("M&M-x.y~z_0"), "M%26M-x.y~z_0");
    EXPECT_EQ(
        upstox::historical_path("NSE_EQ|INE002A01018", {Unit::minute, 5}, {date("2026-09-01"), date("2026-09-22")}),
        "/v3/historical-candle/NSE_EQ%7CINE002A01018/minutes/5/2026-09-22/2026-09-01");
    EXPECT_EQ(upstox::intraday_path("NSE_EQ|X", {Unit::hour, 1}), "/v3/historical-candle/intraday/NSE_EQ%7CX/hours/1");
    EXPECT_EQ(upstox::expired_path("NSE_FO|73507", date("2025-04-24"), {date("2025-04-01"), date("2025-04-24")}),
              "/v2/expired-instruments/historical-candle/NSE_FO%7C73507%7C24-04-2025/1minute/2025-04-24/2025-04-01");
    EXPECT_EQ(upstox::contracts_path("future", "NSE_INDEX|Nifty 50", date("2025-04-24")),
              "/v2/expired-instruments/future/contract?instrument_key=NSE_INDEX%7CNifty%2050&expiry_date=2025-04-24");
    EXPECT_EQ(upstox::quotes_path({"A|1", "B|2"}), "/v3/market-quote/ltp?instrument_key=A%7C1,B%7C2");
    EXPECT_FALSE(upstox::is_served({Unit::hour, 6}));
    EXPECT_FALSE(upstox::is_served({Unit::minute, 301}));
}

TEST(RateLimits, AreReadAndAddUp) {
    EXPECT_EQ(parse_limits("50/1s,500/1m,2000/30m"), standard_limits());
    for (const char* text : {"", "50", "50/s", "0/1s", "50/1x", "50/1s;500/1m", "-1/1s"})
        EXPECT_THROW(parse_limits(text), Failure) << text;
    const auto limits = parse_limits("10/1s,25/3s,50/8s");
    EXPECT_EQ(least_time(limits, 1), seconds{0});
    EXPECT_EQ(least_time(limits, 10), seconds{0});
    EXPECT_EQ(least_time(limits, 11), seconds{1});
    EXPECT_EQ(least_time(limits, 26), seconds{3});
    EXPECT_EQ(least_time(limits, 51), seconds{8});
}

TEST(RateLimits, TheLocalLimiterHoldsThem) {
    LocalLimiter limiter(parse_limits("5/40ms,8/100ms"));
    std::vector<steady_clock::time_point> sent;
    while (sent.size() < 30) {
        const auto grant = limiter.acquire(3, "test");
        for (const auto ticket : grant.tickets) sent.push_back(steady_clock::now()), limiter.finished(ticket);
        if (grant.tickets.empty()) {
            const auto until = steady_clock::now() + grant.wait;
            while (steady_clock::now() < until) {
            }
        }
    }
    for (std::size_t i = 5; i < sent.size(); ++i) ASSERT_GE(sent[i] - sent[i - 5], milliseconds{40});
    for (std::size_t i = 8; i < sent.size(); ++i) ASSERT_GE(sent[i] - sent[i - 8], milliseconds{100});
}

TEST(RateLimits, RequestsInFlightTakePlaces) {
    LocalLimiter limiter(parse_limits("2/1ms"));
    const auto grant = limiter.acquire(5, "test");
    ASSERT_EQ(grant.tickets.size(), 2u);
    const auto until = steady_clock::now() + milliseconds{5};
    while (steady_clock::now() < until) {
    }
    EXPECT_TRUE(limiter.acquire(1, "test").tickets.empty()) << "they may still arrive";
}

// --- coverage
// -----------------------------------------------------------------------------------------------------------------

struct Day {
    State state = State::failed;
    std::string error;
    bool known = false;
};

TEST(Coverage, LearnsLikeADayByDayModel) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    constexpr int span = 40;
    const auto instant = [](int day) { return Instant{days{day}}; };
    for (int round = 0; round < 500; ++round) {
        std::vector<store::CoveredRange> ranges;
        std::vector<Day> model(span);
        std::vector<int> stored(span);  // candles, one number a day
        for (int step = 0; step < 12; ++step) {
            const int from = static_cast<int>(random() % span),
                      to = from + 1 + static_cast<int>(random() % static_cast<unsigned>(span - from));
            store::CoveredRange fresh{instant(from), instant(to), static_cast<State>(random() % 3), 0, 1,
                                      instant(step), {}};
            if (fresh.state == State::failed) fresh.error = random() % 2 ? "one" : "other";
            std::vector<store::StoredRange> touched;
            std::vector<store::CoveredRange> rest;
            const auto count = [&](Instant a, Instant b) {
                std::int64_t sum = 0;
                for (int day = 0; day < span; ++day)
                    if (instant(day) >= a && instant(day) < b) sum += stored[static_cast<std::size_t>(day)];
                return sum;
            };
            for (const auto& one : ranges) {
                if (one.to < fresh.from || one.from > fresh.to) {
                    rest.push_back(one);
                    continue;
                }
                const bool filled = one.state == State::filled;
                touched.push_back({one, filled ? count(std::max(one.from, fresh.from), std::min(one.to, fresh.to)) : 0,
                                   filled && one.from < fresh.from && one.to > fresh.to ? count(fresh.to, one.to) : 0});
            }
            if (fresh.state == State::filled) {
                for (int day = from; day < to; ++day)
                    stored[static_cast<std::size_t>(day)] = static_cast<int>(random() % 4);
                fresh.rows = count(fresh.from, fresh.to);
            }
            for (int day = from; day < to; ++day) {
                Day& one = model[static_cast<std::size_t>(day)];
                if (fresh.state == State::failed && one.known && one.state != State::failed) continue;
                one = {fresh.state, fresh.error, true};
            }
            for (const auto& one : store::learn(touched, fresh)) rest.push_back(one);
            std::sort(rest.begin(), rest.end(), [](const auto& a, const auto& b) { return a.from < b.from; });
            ranges = rest;

            std::vector<Day> seen(span);
            for (std::size_t i = 0; i < ranges.size(); ++i) {
                ASSERT_LT(ranges[i].from, ranges[i].to);
                if (i > 0) {
                    ASSERT_LE(ranges[i - 1].to, ranges[i].from) << "ranges overlap";
                    ASSERT_FALSE(ranges[i - 1].to == ranges[i].from && ranges[i - 1].state == ranges[i].state &&
                                 ranges[i - 1].error == ranges[i].error &&
                                 (ranges[i].state != State::no_data ||
                                  (ranges[i - 1].attempts >= 2) == (ranges[i].attempts >= 2)))
                        << "neighbours are not merged";
                }
                if (ranges[i].state == State::filled) {
                    ASSERT_EQ(ranges[i].rows, count(ranges[i].from, ranges[i].to)) << "rows are lost";
                }
                for (int day = 0; day < span; ++day)
                    if (instant(day) >= ranges[i].from && instant(day) < ranges[i].to)
                        seen[static_cast<std::size_t>(day)] = {ranges[i].state, ranges[i].error, true};
            }
            for (std::size_t day = 0; day < span; ++day) {
                ASSERT_EQ(seen[day].known, model[day].known) << day;
                if (!seen[day].known) continue;
                ASSERT_EQ(seen[day].state, model[day].state) << day;
                ASSERT_EQ(seen[day].error, model[day].error) << day;
            }
        }
    }
}

TEST(Coverage, ALostCandleIsNotForgotten) {
    const auto day = [](int n) { return Instant{days{n}}; };
    // 10 candles were stored in days 0 to 9, one a day; the one of day 1 was deleted since. Days 4 to 6 come again.
    const store::CoveredRange old{day(0), day(10), State::filled, 10, 1, {}, {}},
        fresh{day(4), day(7), State::no_data, 0, 1, {}, {}};
    const auto learned = store::learn({{old, 3, 3}}, fresh);
    ASSERT_EQ(learned.size(), 3u);
    EXPECT_EQ(learned[0].rows, 4) << "3 are stored there now";
    EXPECT_EQ(learned[2].rows, 3);
}

TEST(Coverage, FailuresCountTheirAttempts) {
    const auto day = [](int n) { return Instant{days{n}}; };
    const store::CoveredRange failed{day(0), day(5), State::failed, 0, 2, {}, "HTTP 500"};
    EXPECT_EQ(store::learn({{failed}}, failed)[0].attempts, 3);
    EXPECT_EQ(store::learn({{failed}}, {day(0), day(5), State::no_data, 0, 1, {}, {}})[0].attempts, 3);
}

// --- plans
// --------------------------------------------------------------------------------------------------------------------

TEST(Plan, DaysCloseNextMorning) {
    const Timeframe minute{Unit::minute, 1}, week{Unit::week, 1}, month{Unit::month, 1};
    EXPECT_EQ(ingest::closed_through(minute, at("2026-10-30T07:04:59+05:30")), date("2026-10-28"));
    EXPECT_EQ(ingest::closed_through(minute, at("2026-10-30T07:05:00+05:30")), date("2026-10-29"));
    EXPECT_EQ(ingest::closed_through(week, at("2026-10-30T12:00:00+05:30")), date("2026-10-25"));
    EXPECT_EQ(ingest::closed_through(week, at("2026-11-02T07:05:00+05:30")), date("2026-11-01"));
    EXPECT_EQ(ingest::closed_through(month, at("2026-11-01T07:04:00+05:30")), date("2026-09-30"));
    EXPECT_EQ(ingest::closed_through(month, at("2026-11-01T07:05:00+05:30")), date("2026-10-31"));
}

TEST(Plan, AnAnswerTeachesAboutWhatIsFinal) {
    const Instant now = at("2026-10-30T12:00:00+05:30");
    const Timeframe minute{Unit::minute, 1}, week{Unit::week, 1};
    EXPECT_FALSE(ingest::coverage_of_answer(minute, {date("2026-10-30"), date("2026-10-30")}, true, now))
        << "the running day teaches nothing";
    EXPECT_EQ(ingest::coverage_of_answer(minute, {date("2026-10-28"), date("2026-10-30")}, true, now)->to,
              india_midnight(date("2026-10-30")));
    const auto lesson = ingest::coverage_of_answer(week, {date("2026-09-14"), date("2026-10-30")}, true, now);
    ASSERT_TRUE(lesson);
    EXPECT_EQ(lesson->from, india_midnight(date("2026-09-14")));
    EXPECT_EQ(lesson->to, india_midnight(date("2026-10-26"))) << "the running week is open";
    EXPECT_EQ(ingest::coverage_of_answer(week, {date("2026-09-14"), date("2026-10-30")}, false, now)->state,
              State::no_data);
}

TEST(Plan, AnotherClockStandsUntilItIsMoved) {
    setenv("PGCANDLE_NOW", "2026-10-30T08:00:00+05:30", 1);
    EXPECT_TRUE(clock_is_replayed());
    EXPECT_EQ(now(), at("2026-10-30T08:00:00+05:30"));

    const TempFolder folder;
    setenv("PGCANDLE_NOW", ("@" + folder.path("clock")).c_str(), 1);
    EXPECT_THROW(now(), Failure) << "there is no file yet";
    for (const char* moment : {"2026-10-30T08:00:00+05:30", "2026-10-30T15:30:00+05:30"}) {
        folder.write("clock", std::string(moment) + "\n");
        EXPECT_EQ(now(), at(moment));
    }
    folder.write("clock", "soon\n");
    EXPECT_THROW(now(), Failure);
    for (const char* wrong : {"yesterday", "2026-10-30T08:00:00+05:30 x600", "@"}) {
        setenv("PGCANDLE_NOW", wrong, 1);
        EXPECT_THROW(now(), Failure) << wrong;
    }
    unsetenv("PGCANDLE_NOW");
    EXPECT_FALSE(clock_is_replayed());
}

}  // namespace
}  // namespace pg_candle
