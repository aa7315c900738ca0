// The kernels against their definitions in long double, and the promises of kernel.hpp: bits that do not depend on how
// a series is cut, no -0, the first value where the registry says.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "unit/random_series.hpp"
#include "unit/reference.hpp"

namespace pg_candle {
namespace {

/// Every output of every indicator, with ordinary and with awkward parameters.
std::vector<std::string> all_columns() {
    std::vector<std::string> columns;
    for (const Indicator& indicator : indicators())
        for (std::string_view stem : indicator.outputs) {
            const std::string name(stem);
            switch (indicator.parameters.size()) {
                case 0:
                    columns.push_back(name);
                    break;
                case 1:
                    for (int n : {1, 2, 3, 14, 64, 257})
                        if (n >= indicator.parameters[0].lowest) columns.push_back(name + "_" + std::to_string(n));
                    break;
                case 2:
                    for (const char* tail : {"_2_1", "_10_3", "_20_2", "_64_0p5"}) columns.push_back(name + tail);
                    break;
                default:
                    for (const char* tail : {"_12_26_9", "_1_2_1", "_3_70_65"}) columns.push_back(name + tail);
            }
        }
    return columns;
}

void expect_close(const std::vector<double>& got, const std::vector<long double>& expected, const std::string& column,
                  const std::string& what) {
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (std::isnan(expected[i]) && std::isnan(got[i])) continue;
        const long double error = std::fabs(got[i] - expected[i]);
        ASSERT_TRUE(error <= 1e-9L * std::fabs(expected[i]) || error <= 1e-9L)
            << column << " at candle " << i << ": " << got[i] << " instead of " << static_cast<double>(expected[i])
            << ", " << what;
    }
}

/// Bits of a result; all NaN are one.
std::uint64_t bits(double x) { return std::isnan(x) ? ~0ull : std::bit_cast<std::uint64_t>(x); }

struct Case {
    const char* name;
    SeriesStyle style;
};

const Case cases[] = {
    {"ordinary", {}},
    {"penny stock", {.start = 0.05, .step = 0.01, .flat = 0.5}},
    {"index near 1e6 that moves by 1e-2", {.start = 1e6, .step = 1e-2}},
    {"jumps", {.start = 48000, .step = 10, .flat = 0.3, .jump = 0.02}},
    {"mostly flat", {.start = 48000, .step = 5, .flat = 0.97}},
    {"unknown volumes", {.unknown_volume = 0.02}},
    {"around zero", {.start = 1, .step = 1, .positive = false}},
};

TEST(Kernels, EqualTheirDefinition) {
    for (const Case& one : cases)
        for (unsigned seed = 1; seed <= 3; ++seed) {
            const std::string what = std::string(one.name) + ", seed " + std::to_string(seed);
            const TestSeries series = random_series(seed, 1500, one.style);
            const auto columns = all_columns();
            const auto results = compute(series, columns);
            for (std::size_t c = 0; c < columns.size(); ++c) {
                // On long flat stretches the bands come closer to the price than long double can tell.
                if (one.style.flat > 0.9 && columns[c].starts_with("supertrend")) continue;
                expect_close(results[c], reference(series, columns[c]), columns[c], what);
            }
        }
}

// The slope of digits: relative to the value itself, however small it is beside the price.
TEST(Kernels, KeepRelativeAccuracyNearAMillion) {
    const TestSeries series = random_series(11, 20000, {.start = 1e6, .step = 1e-2, .flat = 0.05});
    for (const std::string column : {"macd_12_26_9", "macd_signal_12_26_9", "atr_14", "rsi_14", "volatility_20",
                                     "return_5", "log_return_5", "gap_pct", "adx_14", "plus_di_14"}) {
        const auto got = compute(series, {column})[0];
        const auto expected = reference(series, column);
        long double worst = 0, typical = 0;
        for (long double value : expected)
            if (!std::isnan(value)) typical = std::max(typical, std::fabs(value));
        for (std::size_t i = 0; i < got.size(); ++i)
            if (!std::isnan(expected[i]))
                worst =
                    std::max(worst, std::fabs(got[i] - expected[i]) / std::max(std::fabs(expected[i]), typical / 1000));
        EXPECT_LT(static_cast<double>(worst), 1e-9) << column;
    }
}

TEST(Kernels, HoldForTheLongestLookback) {
    const TestSeries series = random_series(5, 11000, {.start = 1e6, .step = 1e-2});
    for (const std::string column :
         {"sma_10000", "ema_10000", "bb_upper_10000_2", "slope_10000", "r2_10000", "volatility_10000", "rsi_10000",
          "macd_500_10000_100", "atr_10000", "adx_5000", "volume_ratio_10000"})
        expect_close(compute(series, {column})[0], reference(series, column), column, "n of 10,000");
}

TEST(Kernels, DoNotDependOnHowTheSeriesIsCut) {
    const auto columns = all_columns();
    for (unsigned seed = 1; seed <= 6; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const TestSeries series = random_series(seed, 1200, {.flat = 0.2, .jump = 0.01, .unknown_volume = 0.01});
        std::mt19937 random(seed);
        const auto whole = compute(series, columns, 1200);
        const auto single = compute(series, columns, 1);
        const auto cut =
            compute(series, columns, 100, [&](std::size_t) { return 1 + static_cast<int>(random() % 100); });
        for (std::size_t c = 0; c < columns.size(); ++c)
            for (std::size_t i = 0; i < series.size(); ++i) {
                ASSERT_EQ(bits(whole[c][i]), bits(single[c][i]))
                    << columns[c] << " at candle " << i << ", candle by candle";
                ASSERT_EQ(bits(whole[c][i]), bits(cut[c][i])) << columns[c] << " at candle " << i << ", cut at random";
            }
    }
}

// Two plans take turns at random points, each going on from what the other saved, over whatever it remembers itself.
TEST(Kernels, GoOnFromASavedState) {
    const auto columns = all_columns();
    for (unsigned seed = 1; seed <= 12; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const TestSeries series = random_series(seed, 1200, {.flat = 0.2, .jump = 0.01, .unknown_volume = 0.01});
        std::mt19937 random(seed);
        const auto whole = compute(series, columns, 256);
        TestPlan plans[] = {{columns, 100}, {columns, 100}};
        std::vector<unsigned char> state(plans[0].plan.state_size());
        ASSERT_EQ(state.size(), plans[1].plan.state_size());
        std::vector<std::vector<double>> resumed(columns.size());
        for (int turn = 0; resumed[0].size() < series.size(); ++turn) {
            TestPlan& test = plans[turn % 2];
            if (turn > 0) test.plan.restore(state.data(), static_cast<std::int64_t>(resumed[0].size()));
            const auto left = static_cast<int>(series.size() - resumed[0].size());
            test.run(series, std::min(left, 1 + static_cast<int>(random() % 100)), resumed);
            test.plan.save(state.data());
        }
        for (std::size_t c = 0; c < columns.size(); ++c)
            for (std::size_t i = 0; i < series.size(); ++i)
                ASSERT_EQ(bits(whole[c][i]), bits(resumed[c][i])) << columns[c] << " at candle " << i;

        plans[0].plan.restart();
        std::vector<std::vector<double>> again(columns.size());
        while (again[0].size() < series.size()) plans[0].run(series, 100, again);
        for (std::size_t c = 0; c < columns.size(); ++c)
            for (std::size_t i = 0; i < series.size(); ++i)
                ASSERT_EQ(bits(whole[c][i]), bits(again[c][i])) << columns[c] << " at candle " << i << ", anew";
    }
}

// Whatever a state holds, restoring it leads nowhere but to wrong numbers (the sanitizers watch).
TEST(Kernels, SurviveADamagedState) {
    const auto columns = all_columns();
    const TestSeries series = random_series(9, 400);
    TestPlan test(columns, 100);
    std::vector<unsigned char> state(test.plan.state_size());
    std::mt19937 random(9);
    for (int attempt = 0; attempt < 30; ++attempt) {
        for (unsigned char& byte : state) byte = static_cast<unsigned char>(random());
        test.plan.restore(state.data(), 100 + static_cast<std::int64_t>(random() % 200));
        std::vector<std::vector<double>> results(columns.size());
        test.run(series, 100, results);
        EXPECT_EQ(results[0].size(), 100u);
    }
}

TEST(Kernels, HaveStatesOfBoundedSize) {
    TestPlan longest({"sma_10000"}, 1), bands({"bb_upper_10000_2"}, 1), line({"r2_10000"}, 1),
        average({"ema_10000"}, 1);
    EXPECT_LE(longest.plan.state_size(), 16u * 10000 + 64);
    EXPECT_LE(bands.plan.state_size(), 24u * 10000 + 64);  // with the cumulative sum of its middle
    EXPECT_LE(line.plan.state_size(), 8u * 10000 + 64);
    EXPECT_LE(average.plan.state_size(), 64u);
}

TEST(Kernels, DoNotDependOnTheOtherColumns) {
    const TestSeries series = random_series(5, 800);
    const auto columns = all_columns();
    const auto together = compute(series, columns);
    for (std::size_t c = 0; c < columns.size(); ++c) {
        const auto alone = compute(series, {columns[c]})[0];
        for (std::size_t i = 0; i < series.size(); ++i)
            ASSERT_TRUE(alone[i] == together[c][i] || (std::isnan(alone[i]) && std::isnan(together[c][i])))
                << columns[c] << " at candle " << i;
    }
}

TEST(Kernels, NeverReturnMinusZero) {
    const auto columns = all_columns();
    for (const Case& one : cases) {
        SeriesStyle style = one.style;
        style.positive = false;
        const TestSeries series = random_series(7, 700, style);
        const auto results = compute(series, columns);
        for (std::size_t c = 0; c < columns.size(); ++c)
            for (double value : results[c])
                ASSERT_FALSE(value == 0 && std::signbit(value)) << columns[c] << ", " << one.name;
    }
    TestSeries negative;  // what makes zeros of the other sign
    for (int i = 0; i < 700; ++i) negative.add(-5, -5, -5, -5, 0, i / 75);
    const auto results = compute(negative, columns);
    for (std::size_t c = 0; c < columns.size(); ++c)
        for (double value : results[c]) ASSERT_FALSE(value == 0 && std::signbit(value)) << columns[c];
}

TEST(Kernels, BeginWhereTheRegistrySays) {
    const TestSeries series = random_series(3, 600, {.flat = 0});
    for (const std::string& column : all_columns()) {
        ColumnName name;
        Reason reason;
        ASSERT_EQ(parse_column_name(column, name, reason), NameKind::indicator);
        const std::int64_t expected = name.indicator->first(name.parameters);
        if (expected < 0 || expected >= 600) continue;
        const auto values = compute(series, {column})[0];
        std::int64_t first = 0;
        while (first < 600 && std::isnan(values[first])) ++first;
        EXPECT_EQ(first, expected) << column;
    }
}

TEST(Kernels, AreExactOnFlatPrices) {
    TestSeries series = random_series(9, 300, {.start = 48000, .step = 100});
    for (int i = 0; i < 12000; ++i) series.add(48123.45, 48123.45, 48123.45, 48123.45, 0, 99);
    const std::vector<std::string> columns = {"bb_upper_20_2", "bb_middle_20_2", "bb_lower_20_2", "volatility_20",
                                              "slope_20",      "r2_20",          "rsi_14",        "plus_di_14"};
    const auto results = compute(series, columns);
    const std::size_t last = series.size() - 1;
    EXPECT_EQ(results[0][last], results[1][last]);  // no spread at all
    EXPECT_EQ(results[2][last], results[1][last]);
    EXPECT_EQ(results[3][last], 0);
    EXPECT_EQ(results[4][last], 0);
    EXPECT_TRUE(std::isnan(results[5][last]));
    // Ratios of averages that all decay alike stay what they were, long after the averages have no more digits.
    EXPECT_NEAR(results[6][last], results[6][300], 1e-7);
    EXPECT_NEAR(results[7][last], results[7][300], 1e-7);
}

TEST(Kernels, SupertrendDoesNotTurnOnFlatPrices) {
    for (double last : {48200.05, 47900.05}) {  // up, and down
        TestSeries series = random_series(9, 300, {.start = 48000, .step = 100});
        for (int i = 0; i < 30; ++i) series.add(last + i, last + i, last + i, last + i, 0, 99);
        for (int i = 0; i < 5000; ++i) series.add(last, last, last, last, 0, 99);
        const auto direction = compute(series, {"supertrend_dir_2_1"})[0];
        for (std::size_t i = 332; i < series.size(); ++i) ASSERT_EQ(direction[i], direction[331]) << "at candle " << i;
    }
}

TEST(Kernels, StayAccurateOverTenMillionCandles) {
    // Sliding sums drift; these may not. The last window is compared with its definition, on candles of its own.
    constexpr int size = 10'000'000, capacity = 1000;
    HeapArena memory;
    Plan plan(memory.arena(), capacity);
    std::vector<std::pair<std::string, const double*>> outputs;
    for (const std::string column :
         {"sma_200", "bb_upper_20_2", "bb_lower_20_2", "slope_50", "volatility_20", "volume_ratio_20"}) {
        ColumnName name;
        Reason reason;
        ASSERT_EQ(parse_column_name(column, name, reason), NameKind::indicator);
        outputs.emplace_back(column, plan.column(name));
    }
    plan.ready();
    std::mt19937_64 random(42);
    std::uniform_real_distribution<double> step(-1e-2, 1e-2);
    TestSeries tail;
    double close = 1e6;
    for (int done = 0; done < size; done += capacity) {
        for (int i = 0; i < capacity; ++i) {
            close += step(random);
            const Candles& candles = plan.candles();
            candles.open[i] = candles.high[i] = candles.low[i] = candles.close[i] = close;
            candles.volume[i] = static_cast<double>(random() % 1'000'000);
            if (done == size - capacity) tail.add(close, close, close, close, candles.volume[i], 0);
        }
        plan.run(capacity);
    }
    for (const auto& [column, values] : outputs) {
        const auto expected = reference(tail, column);
        for (int i = 300; i < capacity; ++i)
            ASSERT_LE(std::fabs(values[i] - expected[i]), 1e-9L * std::fabs(expected[i])) << column << " at " << i;
    }
}

}  // namespace
}  // namespace pg_candle
