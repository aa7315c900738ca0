// What is asked for, in which pieces, and what an answer teaches: properties against models that look at one day at a time.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "failure.hpp"
#include "upstox/endpoints.hpp"
#include "upstox/rate_limit.hpp"
#include "work/chunk.hpp"

namespace pg_candle {
namespace {

using namespace std::chrono;
using upstox::DateRange;
using Unit = Timeframe::Unit;
using State = store::CoveredRange::State;

Date date(const char* text) { return *parse_date(text); }
Instant at(const char* text) { return *parse_instant(text); }

TEST(Requests, AreCutByCalendar) {
    const Timeframe minute{Unit::minute, 1}, half_hour{Unit::minute, 30}, day{Unit::day, 1}, week{Unit::week, 1};
    EXPECT_EQ(upstox::cut_into_requests(minute, {date("2026-01-15"), date("2026-03-02")}),
              (std::vector<DateRange>{{date("2026-03-01"), date("2026-03-02")}, {date("2026-02-01"), date("2026-02-28")}, {date("2026-01-15"), date("2026-01-31")}}));
    EXPECT_EQ(upstox::cut_into_requests(half_hour, {date("2025-11-15"), date("2026-05-02")}),
              (std::vector<DateRange>{{date("2026-04-01"), date("2026-05-02")}, {date("2026-01-01"), date("2026-03-31")}, {date("2025-11-15"), date("2025-12-31")}}));
    EXPECT_EQ(upstox::cut_into_requests(day, {date("2021-11-01"), date("2026-10-30")}).size(), 1u);
    EXPECT_EQ(upstox::cut_into_requests(day, {date("2000-01-03"), date("2024-02-29")}).size(), 3u);
    EXPECT_EQ(upstox::cut_into_requests(week, {date("2000-01-03"), date("2026-10-30")}).size(), 1u);
    EXPECT_TRUE(upstox::cut_into_requests(day, {date("2026-10-30"), date("2026-10-29")}).empty());
}

TEST(Requests, CoverEveryDateOnceWithinTheLimits) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const Timeframe timeframes[] = {{Unit::minute, 1}, {Unit::minute, 15}, {Unit::minute, 16}, {Unit::minute, 30}, {Unit::hour, 1}, {Unit::hour, 4}, {Unit::day, 1}, {Unit::month, 1}};
    for (int round = 0; round < 2000; ++round) {
        const Timeframe& timeframe = timeframes[random() % std::size(timeframes)];
        const Date from = date("2000-01-03") + days{random() % 9000}, to = from + days{random() % 6000};
        const auto requests = upstox::cut_into_requests(timeframe, {from, to});
        ASSERT_FALSE(requests.empty());
        EXPECT_EQ(requests.front().to, to);
        EXPECT_EQ(requests.back().from, from);
        for (std::size_t i = 0; i < requests.size(); ++i) {
            ASSERT_LE(requests[i].from, requests[i].to);
            if (i > 0) { ASSERT_EQ(requests[i].to + days{1}, requests[i - 1].from); }
            const year_month_day last{requests[i].to};
            if (timeframe.unit == Unit::month) continue;
            // The provider: from >= to minus a month, three months or ten years, by calendar.
            const bool short_minutes = timeframe.unit == Unit::minute && timeframe.count <= 15;
            year_month_day earliest = timeframe.unit == Unit::day ? last - years{10} : last - months{short_minutes ? 1 : 3};
            if (!earliest.ok()) earliest = earliest.year() / earliest.month() / std::chrono::last;
            ASSERT_GE(requests[i].from, Date{earliest});
        }
    }
}

TEST(Requests, EncodeKeys) {
    EXPECT_EQ(upstox::percent_encode("NSE_INDEX|Nifty 50"), "NSE_INDEX%7CNifty%2050");
    EXPECT_EQ(upstox::percent_encode("GLOBAL_INDEX|^GSPC"), "GLOBAL_INDEX%7C%5EGSPC");
    EXPECT_EQ(upstox::percent_encode("M&M-x.y~z_0"), "M%26M-x.y~z_0");
    EXPECT_EQ(upstox::historical_path("NSE_EQ|INE002A01018", {Unit::minute, 5}, {date("2026-09-01"), date("2026-09-22")}),
              "/v3/historical-candle/NSE_EQ%7CINE002A01018/minutes/5/2026-09-22/2026-09-01");
    EXPECT_EQ(upstox::intraday_path("NSE_EQ|X", {Unit::hour, 1}), "/v3/historical-candle/intraday/NSE_EQ%7CX/hours/1");
    EXPECT_EQ(upstox::quotes_path({"A|1", "B|2"}), "/v3/market-quote/ltp?instrument_key=A%7C1,B%7C2");
    EXPECT_FALSE(upstox::is_served({Unit::hour, 6}));
    EXPECT_FALSE(upstox::is_served({Unit::minute, 301}));
    EXPECT_FALSE(upstox::is_served_intraday({Unit::week, 1}));
}

TEST(RateLimits, AreReadAndAddUp) {
    EXPECT_EQ(upstox::parse_limits("50/1s,500/1m,2000/30m"), upstox::standard_limits());
    for (const char* text : {"", "50", "50/s", "0/1s", "50/1x", "50/1s;500/1m", "-1/1s"}) EXPECT_THROW(upstox::parse_limits(text), Failure) << text;
    const auto limits = upstox::parse_limits("10/1s,25/3s,50/8s");
    EXPECT_EQ(upstox::least_time(limits, 1), seconds{0});
    EXPECT_EQ(upstox::least_time(limits, 10), seconds{0});
    EXPECT_EQ(upstox::least_time(limits, 11), seconds{1});
    EXPECT_EQ(upstox::least_time(limits, 26), seconds{3});
    EXPECT_EQ(upstox::least_time(limits, 51), seconds{8});
}

TEST(RateLimits, TheLocalLimiterHoldsThem) {
    upstox::LocalLimiter limiter(upstox::parse_limits("5/40ms,8/100ms"));
    std::vector<steady_clock::time_point> sent;
    while (sent.size() < 30) {
        const auto grant = limiter.acquire(3, "test");
        for (const auto ticket : grant.tickets) sent.push_back(steady_clock::now()), limiter.finished(ticket);
        if (grant.tickets.empty()) {
            const auto until = steady_clock::now() + grant.wait;
            while (steady_clock::now() < until) {}
        }
    }
    for (std::size_t i = 5; i < sent.size(); ++i) ASSERT_GE(sent[i] - sent[i - 5], milliseconds{40});
    for (std::size_t i = 8; i < sent.size(); ++i) ASSERT_GE(sent[i] - sent[i - 8], milliseconds{100});
}

TEST(RateLimits, RequestsInFlightTakePlaces) {
    upstox::LocalLimiter limiter(upstox::parse_limits("2/1ms"));
    const auto grant = limiter.acquire(5, "test");
    ASSERT_EQ(grant.tickets.size(), 2u);
    const auto until = steady_clock::now() + milliseconds{5};
    while (steady_clock::now() < until) {}
    EXPECT_TRUE(limiter.acquire(1, "test").tickets.empty()) << "they may still arrive";
}

// --- coverage -----------------------------------------------------------------------------------------------------------------

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
            const int from = static_cast<int>(random() % span), to = from + 1 + static_cast<int>(random() % static_cast<unsigned>(span - from));
            store::CoveredRange fresh{instant(from), instant(to), static_cast<State>(random() % 3), 0, 1, instant(step), {}};
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
                for (int day = from; day < to; ++day) stored[static_cast<std::size_t>(day)] = static_cast<int>(random() % 4);
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
                    ASSERT_FALSE(ranges[i - 1].to == ranges[i].from && ranges[i - 1].state == ranges[i].state && ranges[i - 1].error == ranges[i].error)
                        << "neighbours are not merged";
                }
                if (ranges[i].state == State::filled) { ASSERT_EQ(ranges[i].rows, count(ranges[i].from, ranges[i].to)) << "rows are lost"; }
                for (int day = 0; day < span; ++day)
                    if (instant(day) >= ranges[i].from && instant(day) < ranges[i].to) seen[static_cast<std::size_t>(day)] = {ranges[i].state, ranges[i].error, true};
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
    const store::CoveredRange old{day(0), day(10), State::filled, 10, 1, {}, {}}, fresh{day(4), day(7), State::no_data, 0, 1, {}, {}};
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

// --- plans --------------------------------------------------------------------------------------------------------------------

TEST(Plan, DaysCloseNextMorning) {
    const Timeframe minute{Unit::minute, 1}, week{Unit::week, 1}, month{Unit::month, 1};
    EXPECT_EQ(work::closed_through(minute, at("2026-10-30T07:04:59+05:30")), date("2026-10-28"));
    EXPECT_EQ(work::closed_through(minute, at("2026-10-30T07:05:00+05:30")), date("2026-10-29"));
    EXPECT_EQ(work::closed_through(week, at("2026-10-30T12:00:00+05:30")), date("2026-10-25"));
    EXPECT_EQ(work::closed_through(week, at("2026-11-02T07:05:00+05:30")), date("2026-11-01"));
    EXPECT_EQ(work::closed_through(month, at("2026-11-01T07:04:00+05:30")), date("2026-09-30"));
    EXPECT_EQ(work::closed_through(month, at("2026-11-01T07:05:00+05:30")), date("2026-10-31"));
}

TEST(Plan, AsksForWhatIsUnknown) {
    const auto range = [](const char* from, const char* to) { return DateRange{date(from), date(to)}; };
    const auto known = [](const char* from, const char* after) {
        return store::CoveredRange{india_midnight(date(from)), india_midnight(date(after)), State::filled, 0, 1, {}, {}};
    };
    EXPECT_EQ(work::unknown_dates(range("2026-01-01", "2026-01-31"), {}), (std::vector<DateRange>{range("2026-01-01", "2026-01-31")}));
    EXPECT_EQ(work::unknown_dates(range("2026-01-05", "2026-01-31"), {known("2026-01-01", "2026-01-08"), known("2026-01-10", "2026-01-11"), known("2026-01-30", "2026-03-01")}),
              (std::vector<DateRange>{range("2026-01-08", "2026-01-09"), range("2026-01-11", "2026-01-29")}));
    EXPECT_TRUE(work::unknown_dates(range("2026-01-05", "2026-01-06"), {known("2026-01-01", "2026-02-01")}).empty());
    store::CoveredRange within_days{india_midnight(date("2026-01-03")) + hours{12}, india_midnight(date("2026-01-05")) + hours{12}, State::filled, 0, 1, {}, {}};
    EXPECT_EQ(work::unknown_dates(range("2026-01-01", "2026-01-07"), {within_days}),
              (std::vector<DateRange>{range("2026-01-01", "2026-01-03"), range("2026-01-05", "2026-01-07")}));
}

TEST(Plan, TakesTheRunningDayFromItsOwnEndpoint) {
    work::Plan plan;
    plan.series = {{{1, "NSE_EQ|X", "X"}, {Unit::minute, 1}}, {{1, "NSE_EQ|X", "X"}, {Unit::week, 1}}};
    const Instant now = at("2026-10-30T12:00:00+05:30");
    work::plan_series(plan, 0, {date("2026-09-15"), date("2026-10-30")}, {}, now);
    ASSERT_EQ(plan.chunks.size(), 3u);
    EXPECT_TRUE(plan.chunks[0].intraday);
    EXPECT_EQ(plan.chunks[1].dates, (DateRange{date("2026-10-01"), date("2026-10-29")}));
    EXPECT_FALSE(work::lesson(plan.series[0], plan.chunks[0], true, now)) << "the running day teaches nothing";
    plan.chunks.clear();
    work::plan_series(plan, 1, {date("2026-09-17"), date("2026-10-30")}, {}, now);
    ASSERT_EQ(plan.chunks.size(), 1u);
    EXPECT_EQ(plan.chunks[0].dates, (DateRange{date("2026-09-14"), date("2026-10-30")}));
    const auto lesson = work::lesson(plan.series[1], plan.chunks[0], true, now);
    ASSERT_TRUE(lesson);
    EXPECT_EQ(lesson->from, india_midnight(date("2026-09-14")));
    EXPECT_EQ(lesson->to, india_midnight(date("2026-10-26"))) << "the running week is open";
    EXPECT_EQ(work::lesson(plan.series[1], plan.chunks[0], false, now)->state, State::no_data);
}

}  // namespace
}  // namespace pg_candle
