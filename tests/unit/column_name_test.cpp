#include "kernels/column_name.hpp"

#include <gtest/gtest.h>

#include <set>

namespace pg_candle {
namespace {

struct Parsed {
    NameKind kind;
    std::string stem;
    std::vector<double> parameters;
    std::string reason;
};

Parsed parse(std::string_view text) {
    ColumnName name;
    Reason reason{};
    const NameKind kind = parse_column_name(text, name, reason);
    if (kind != NameKind::indicator) return {kind, "", {}, reason.text};
    std::vector<double> parameters(name.parameters.value.begin(),
                                   name.parameters.value.begin() + name.indicator->parameters.size());
    return {kind, std::string(name.indicator->outputs[name.output]), parameters, ""};
}

TEST(ColumnName, ReadsStemAndParameters) {
    EXPECT_EQ(parse("sma_9").stem, "sma");
    EXPECT_EQ(parse("sma_9").parameters, std::vector<double>{9});
    EXPECT_EQ(parse("macd_signal_12_26_9").stem, "macd_signal");
    EXPECT_EQ(parse("macd_12_26_9").parameters, (std::vector<double>{12, 26, 9}));
    EXPECT_EQ(parse("bb_upper_20_2p5").parameters, (std::vector<double>{20, 2.5}));
    EXPECT_EQ(parse("fib_236").stem, "fib_236");
    EXPECT_EQ(parse("fib_pivot_s3").stem, "fib_pivot_s3");
    EXPECT_EQ(parse("pivot_r1").stem, "pivot_r1");
    EXPECT_EQ(parse("atr_pct_14").stem, "atr_pct");
    EXPECT_EQ(parse("obv").stem, "obv");
    EXPECT_EQ(parse("sma_10000").parameters, std::vector<double>{10000});
}

TEST(ColumnName, LeavesOtherNamesAlone) {
    for (const char* name : {"", "note", "ema", "ema_", "ema_x", "ema_9_", "ema_9x", "_9", "smart_9", "EMA_9", "ema__9", "ema_-9",
                             "pivot_r4", "fib_999", "fib", "macd_signal", "ema_9 ", "ema_p5", "bb_20_2", "return_", "x_ema_9"})
        EXPECT_EQ(parse(name).kind, NameKind::other) << name;
}

TEST(ColumnName, SaysWhyParametersAreImpossible) {
    const auto expect = [](const char* name, const char* part) {
        const Parsed parsed = parse(name);
        EXPECT_EQ(parsed.kind, NameKind::impossible) << name;
        EXPECT_NE(parsed.reason.find(part), std::string::npos) << name << ": " << parsed.reason;
    };
    expect("ema_0", "n must be between 1 and 10000");
    expect("ema_10001", "between 1 and 10000");
    expect("ema_99999999999999999999999999", "between 1 and 10000");
    expect("rsi_1", "between 2 and 10000");
    expect("ema_2p5", "whole number");
    expect("ema_09", "leading zeros");
    expect("ema_9_21", "takes 1 parameter, not 2");
    expect("macd_12_26", "takes 3 parameters, not 2");
    expect("macd_26_12_9", "The fast period 26 must be smaller than the slow period 12.");
    expect("macd_12_12_9", "smaller");
    expect("bb_upper_20_0", "above 0");
    expect("bb_upper_20_1001", "at most 1000");
    expect("obv_5", "takes 0 parameters, not 1");
    expect("fib_236_5", "takes 0 parameters");
    expect("sma_1_2_3_4_5_6_7_8", "takes 1 parameter, not 8");
}

TEST(ColumnName, EveryWindowFunctionIsFoundOnce) {
    std::set<std::string_view> names;
    for (const Indicator& indicator : indicators()) {
        EXPECT_TRUE(indicator.window_functions.empty() || indicator.window_functions.size() == indicator.outputs.size());
        for (std::string_view function : indicator.window_functions) {
            EXPECT_TRUE(names.insert(function).second) << function;
            ColumnName column;
            ASSERT_TRUE(find_window_function(function, column));
            EXPECT_EQ(column.indicator, &indicator);
        }
    }
    ColumnName column;
    EXPECT_TRUE(find_window_function("return_over", column));
    EXPECT_FALSE(find_window_function("return", column));
}

}  // namespace
}  // namespace pg_candle
