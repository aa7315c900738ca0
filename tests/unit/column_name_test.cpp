#include "kernels/column_name.hpp"

#include <gtest/gtest.h>

#include <random>
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
    for (const char* name : {"",    "note",        "ema",    "ema_",   "ema_x",   "ema_9_",   "ema_9x",
                             "_9",  "smart_9",     "EMA_9",  "ema__9", "ema_-9",  "pivot_r4", "fib_999",
                             "fib", "macd_signal", "ema_9 ", "ema_p5", "bb_20_2", "return_",  "x_ema_9"})
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
        EXPECT_TRUE(indicator.window_functions.empty() ||
                    indicator.window_functions.size() == indicator.outputs.size());
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

TEST(ColumnName, NearOnesAreFound) {
    const std::pair<const char*, const char*> near[] = {{"ema34", "ema_34"},
                                                        {"EMA_33", "ema_33"},
                                                        {"Ema-34", "ema_34"},
                                                        {"ema_34_", "ema_34"},
                                                        {"SMA_200", "sma_200"},
                                                        {"rsi14", "rsi_14"},
                                                        {"macd_12_26_9 ", "macd_12_26_9"},
                                                        {"MACD_12_26_9", "macd_12_26_9"},
                                                        {"supertrnd_10_3", "supertrend_10_3"},
                                                        {"VWAP", "vwap"},
                                                        {"Obv", "obv"},
                                                        {"bb_upper_20_2.5", "bb_upper_<n>_<k>"},
                                                        {"bb_upper_20_2p", "bb_upper_<n>_<k>"},
                                                        {"ema_1e1", "ema_<n>"},
                                                        {"ema 2.5x", ""},
                                                        {"sma_\xd9\xa3", "sma_<n>"},
                                                        {"atr_pct", "atr_pct_<n>"},
                                                        {"macd", "macd_<fast>_<slow>_<signal>"}};
    for (const auto& [written, meant] : near) EXPECT_STREQ(near_column_name(written).text, meant) << written;
    // Columns of people's own are none of our business.
    for (const char* other : {"", "trades", "comment", "embargo_34", "smart_9", "id", "created_at", "sma_of_volume",
                              "note_1", "emax", "rs_14", "_", "9", "open_interest", "ema_0", "price_20", "ten_5",
                              "a_name_that_is_so_long_that_no_column_of_indicators_could_ever_be_meant_by_it_9"})
        EXPECT_STREQ(near_column_name(other).text, "") << other;
    // Names that are right mean themselves, if anything.
    for (const char* right : {"ema_34", "vwap", "bb_upper_20_2", "macd_12_26_9"})
        EXPECT_TRUE(*near_column_name(right).text == 0 || std::string_view(near_column_name(right).text) == right);
}

TEST(ColumnName, AnythingMayBeAskedFor) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::string_view letters = "smaeirvwpbuxd_0123456789.-SMAE \xc3\xa4";
    for (int i = 0; i < 100'000; ++i) {
        std::string name(random() % 80, ' ');
        for (char& c : name) c = letters[random() % letters.size()];
        ColumnName column;
        Reason reason;
        const std::string near = near_column_name(name).text;
        if (near.empty() || near.find('<') != near.npos) continue;
        EXPECT_EQ(parse_column_name(near, column, reason), NameKind::indicator) << name << " " << near;
    }
}

}  // namespace
}  // namespace pg_candle
