// How people and programs write times and numbers, and what timeframe a row of times has.
#include <gtest/gtest.h>

#include "ingest/guess_timeframe.hpp"
#include "text/candle_columns.hpp"
#include "text/near.hpp"
#include "text/number_text.hpp"
#include "text/time_text.hpp"

namespace pg_candle {
namespace {

std::string read(const char* text, DateOrder order = DateOrder::day_first) {
    const auto time = read_time(text, order);
    return time ? format_instant(*time) : "";
}

TEST(TimeText, ReadsWhatProgramsWrite) {
    for (const char* text : {"2026-01-05T09:15:00+05:30",
                             "2026-01-05 09:15",
                             "2026-01-05T03:45:00Z",
                             "2026/01/05 09:15:00",
                             "2026.01.05 09:15",
                             "20260105 0915",
                             "20260105 091500",
                             "20260105091500",
                             "05-01-2026 09:15",
                             "05/01/2026 9:15:00 AM",
                             "05/01/26 09:15",
                             "05-Jan-2026 09:15",
                             "5 Jan 2026 9:15 am",
                             "Jan 05, 2026 09:15",
                             "January 5, 2026, 9:15 AM",
                             "Mon, 05 Jan 2026 03:45:00 GMT",
                             "05-JAN-26 09:15:00",
                             "1767584700",
                             "1767584700000",
                             "1767584700000000",
                             "1767584700000000000",
                             "1767584700.000",
                             "2026-01-05 09:15:00 IST",
                             "2026-01-05 09:15:00.000 +0530",
                             "2026-01-05 03:45:00 UTC",
                             "05Jan2026 09:15"})
        EXPECT_EQ(read(text), "2026-01-05T09:15:00+05:30") << text;
    for (const char* text : {"2026-01-05", "20260105", "05-01-2026", "05-Jan-2026", "Jan 5, 2026", "05.01.2026",
                             "5/1/2026", " 05-Jan-26 "})
        EXPECT_EQ(read(text), "2026-01-05T00:00:00+05:30") << text;
    EXPECT_EQ(read("01/05/2026", DateOrder::month_first), "2026-01-05T00:00:00+05:30");
    EXPECT_EQ(read("2026-01-05 3:30 PM"), "2026-01-05T15:30:00+05:30");
    EXPECT_EQ(read("2026-01-05 12:15 AM"), "2026-01-05T00:15:00+05:30");
    EXPECT_EQ(format_instant(*read_time("2026-01-05 03:45", DateOrder::day_first, std::chrono::minutes{0})),
              "2026-01-05T09:15:00+05:30");
    for (const char* text : {"", "yesterday", "2026-13-05", "32-01-2026", "2026-01-05 25:00", "2026-01-05 09:61",
                             "2026-02-30", "12345", "2026-01-05 13:00 PM", "05-Jux-2026", "2026-01-05 09:15 PST",
                             "2026-01-05T09:15:00+99:00", "1.5", "-1767584700", "2026-01-05 09:15 trailing"})
        EXPECT_EQ(read(text), "") << text;
}

TEST(TimeText, FindsTheMonth) {
    const auto order = [](std::initializer_list<const char*> dates) {
        DateOrderFinder finder;
        for (const char* date : dates) finder.add(date);
        return finder.order();
    };
    EXPECT_EQ(order({"01/02/2026", "13/02/2026"}), DateOrder::day_first);
    EXPECT_EQ(order({"01/02/2026", "02/13/2026"}), DateOrder::month_first);
    EXPECT_EQ(order({"2026-01-02", "05-Jan-2026"}), DateOrder::day_first) << "nothing to find";
    EXPECT_EQ(order({"13/02/2026", "02/13/2026"}), std::nullopt) << "both at once";
    EXPECT_EQ(order({"01/05/2026", "01/06/2026", "01/07/2026"}), std::nullopt) << "each is in order";
    EXPECT_EQ(order({"01/05/2026", "01/06/2026", "01/07/2026", "01/08/2026"}), DateOrder::month_first)
        << "1 August is a Saturday";
    EXPECT_EQ(order({"01/12/2026", "02/02/2026", "02/03/2026"}), DateOrder::month_first) << "the other is in none";
    EXPECT_EQ(order({"05/05/2026"}), DateOrder::day_first) << "the same either way";
    EXPECT_EQ(order({"26/01/05", "26/01/06", "26/01/07"}), DateOrder::year_first) << "a year apart otherwise";
    EXPECT_EQ(order({"05/01/26", "06/01/26", "07/01/26", "13/01/26"}), DateOrder::day_first);
    EXPECT_EQ(order({"26/01/05"}), std::nullopt) << "2005 or 2026";
    EXPECT_EQ(order({"05/13/26", "05/14/26"}), DateOrder::month_first);
}

TEST(NumberText, ReadsWhatPeopleWrite) {
    const struct {
        const char* text;
        DecimalSign sign;
        double number;
    } cases[] = {{"1234.5", DecimalSign::point, 1234.5},
                 {"1,234.50", DecimalSign::point, 1234.5},
                 {"12,34,567.25", DecimalSign::point, 1234567.25},
                 {"1,234,567", DecimalSign::point, 1234567},
                 {" 1,100.00 ", DecimalSign::point, 1100},
                 {"1.234,5", DecimalSign::comma, 1234.5},
                 {"1234,5", DecimalSign::comma, 1234.5},
                 {"1.23M", DecimalSign::point, 1230000},
                 {"1.23 M", DecimalSign::point, 1230000},
                 {"845.2K", DecimalSign::point, 845200},
                 {"2.5 Cr", DecimalSign::point, 25000000},
                 {"3L", DecimalSign::point, 300000},
                 {"1.1B", DecimalSign::point, 1100000000},
                 {"\xe2\x82\xb9"
                  "1,244.50",
                  DecimalSign::point, 1244.5},
                 {"-5", DecimalSign::point, -5},
                 {"1e5", DecimalSign::point, 100000},
                 {"+7", DecimalSign::point, 7}};
    for (const auto& one : cases) {
        double number = 0;
        EXPECT_TRUE(read_number(one.text, one.sign, number)) << one.text;
        EXPECT_EQ(number, one.number) << one.text;
    }
    double number;
    for (const char* text : {"", "x", "1.2.3", "1,23", "1,2345", "12,34.5", "1 2", "--5", "1.5X", ",5", "1,234,56"})
        EXPECT_FALSE(read_number(text, DecimalSign::point, number)) << text;
    std::optional<double> amount = 1;
    for (const char* text : {"", "-", "n/a", " "}) {
        EXPECT_TRUE(read_amount(text, DecimalSign::point, amount)) << text;
        EXPECT_FALSE(amount) << text;
    }
}

TEST(NumberText, FindsTheDecimalSign) {
    const auto find = [](std::initializer_list<const char*> numbers) {
        DecimalSignFinder finder;
        for (const char* number : numbers) finder.add(number);
        return finder.is_comma_doubtful() || finder.is_point_doubtful() ? std::nullopt : finder.sign();
    };
    EXPECT_EQ(find({"1234.5"}), DecimalSign::point);
    EXPECT_EQ(find({"1234,5"}), DecimalSign::comma);
    EXPECT_EQ(find({"1.234,50"}), DecimalSign::comma);
    EXPECT_EQ(find({"12,34,567"}), DecimalSign::point);
    EXPECT_EQ(find({"0,125"}), DecimalSign::comma);
    EXPECT_EQ(find({"1,234", "1,234.5"}), DecimalSign::point);
    EXPECT_EQ(find({"1,234", "7"}), std::nullopt) << "either";
    EXPECT_EQ(find({"1.5", "1,5"}), std::nullopt) << "both";
    EXPECT_EQ(find({"1.234", "1.250"}), std::nullopt) << "either";
    EXPECT_EQ(find({"1923.450", "1.250"}), DecimalSign::point);
    EXPECT_EQ(find({"100", "200"}), DecimalSign::point);
}

TEST(CandleColumns, KnowsTheNamesThatAreInUse) {
    EXPECT_EQ(column_of("Open time"), Column::instant);
    EXPECT_EQ(column_of("<DATE>"), Column::date);
    EXPECT_EQ(column_of("Date/Time"), Column::instant);
    EXPECT_EQ(column_of("Total Traded Quantity"), Column::volume);
    EXPECT_EQ(column_of("Vol."), Column::volume);
    EXPECT_EQ(column_of("V"), Column::volume);
    EXPECT_EQ(column_of("OpenInt"), Column::open_interest);
    EXPECT_EQ(column_of("Close Close price adjusted for splits."), Column::close);
    EXPECT_EQ(column_of("PREV. CLOSE"), std::nullopt);
    EXPECT_EQ(column_of("Adj Close"), std::nullopt);
    EXPECT_EQ(column_of("Close time"), std::nullopt);
    EXPECT_EQ(column_of("Number of trades"), std::nullopt);
    EXPECT_EQ(column_of("Quote asset volume"), std::nullopt);
}

TEST(Near, CountsWhatWasMistyped) {
    EXPECT_EQ(distance("backfill", "backfill", 3), 0);
    EXPECT_EQ(distance("bakfill", "backfill", 3), 1) << "left out";
    EXPECT_EQ(distance("backffill", "backfill", 3), 1) << "twice";
    EXPECT_EQ(distance("stauts", "status", 3), 1) << "two letters the wrong way round";
    EXPECT_EQ(distance("tatamotrs", "TATAMOTORS", 3), 1) << "in whatever case";
    EXPECT_GT(distance("export", "status", 3), 3) << "far is far, however far";
    EXPECT_EQ(distance("", "ab", 3), 2);
}

std::string guess(std::initializer_list<const char*> texts) {
    std::vector<Instant> times;
    for (const char* text : texts) times.push_back(*read_time(text, DateOrder::day_first));
    const auto found = ingest::guess_timeframe({{"", times}});
    return found ? format_timeframe(*found) : "";
}

TEST(GuessTimeframe, SeesWhatAPersonSees) {
    EXPECT_EQ(guess({"2026-01-05 09:15", "2026-01-05 09:16", "2026-01-05 09:18"}), "1m");
    EXPECT_EQ(guess({"2026-01-05 09:15", "2026-01-05 09:20", "2026-01-05 09:25", "2026-01-06 09:15"}), "5m");
    EXPECT_EQ(guess({"2026-01-05 09:15", "2026-01-05 10:15", "2026-01-05 11:15", "2026-01-05 12:15"}), "1h");
    EXPECT_EQ(guess({"2026-01-05 09:15", "2026-01-05 13:15", "2026-01-06 09:15", "2026-01-06 13:15"}), "4h");
    EXPECT_EQ(guess({"2026-01-05", "2026-01-06"}), "1d");
    EXPECT_EQ(guess({"2026-01-02", "2026-01-05"}), "1d") << "over a weekend";
    EXPECT_EQ(guess({"2025-10-17 15:30", "2025-10-20 15:30", "2025-10-21 14:45", "2025-10-23 15:30"}), "1d")
        << "Muhurat";
    EXPECT_EQ(guess({"2026-09-04", "2026-09-11", "2026-09-18", "2026-09-25"}), "1w") << "Fridays";
    EXPECT_EQ(guess({"2026-01-05", "2026-01-12", "2026-01-19"}), "1w");
    EXPECT_EQ(guess({"2026-03-27", "2026-04-02", "2026-04-10", "2026-04-17"}), "1w") << "a Friday that is a holiday";
    EXPECT_EQ(guess({"2026-01-30", "2026-02-27", "2026-03-30", "2026-04-30"}), "1mo") << "last trading days";
    EXPECT_EQ(guess({"2026-01-01", "2026-02-01", "2026-03-01"}), "1mo");
}

TEST(GuessTimeframe, AsksWhereItIsInDoubt) {
    EXPECT_EQ(guess({"2026-10-22", "2026-10-29"}), "") << "a week, or days that are lacking";
    EXPECT_EQ(guess({"2026-10-22"}), "");
    EXPECT_EQ(guess({"2026-01-05", "2026-02-05"}), "");
    EXPECT_EQ(guess({"2026-10-28 09:20", "2026-10-28 09:34", "2026-10-28 10:02", "2026-10-28 13:00"}), "")
        << "distant minutes";
    EXPECT_EQ(guess({"2026-10-26 09:20", "2026-10-27 11:34", "2026-10-28 10:02"}), "") << "one a day, at any time";
    EXPECT_EQ(guess({"2026-10-26 09:20", "2026-10-26 09:20:30"}), "") << "seconds";
    EXPECT_EQ(guess({"2026-01-05", "2026-02-16", "2026-07-05"}), "");
}

}  // namespace
}  // namespace pg_candle
