// Runs tests/vectors/*.txt: cases that can be checked by hand. A case is a column (stem and parameters), lines of
// candles, and a line "=" with the value of every candle, "-" for none; "#" starts a comment. Left-out prices equal the
// close.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>

#include "unit/compute.hpp"

namespace pg_candle {
namespace {

namespace fs = std::filesystem;
const fs::path folder = fs::path(SOURCE_FOLDER) / "tests/vectors";

struct VectorCase {
    std::string column;
    std::map<std::string, std::vector<double>> lines;
    std::vector<double> expected;
};

std::vector<double> numbers(std::istringstream& in) {
    std::vector<double> values;
    for (std::string word; in >> word && word[0] != '#';)
        values.push_back(word == "-" ? std::numeric_limits<double>::quiet_NaN() : std::stod(word));
    return values;
}

std::vector<VectorCase> read_cases(const fs::path& file) {
    std::vector<VectorCase> cases;
    std::ifstream text(file);
    for (std::string line; std::getline(text, line);) {
        std::istringstream in(line);
        std::string key;
        if (!(in >> key) || key[0] == '#') continue;
        if (key == "=") {
            cases.back().expected = numbers(in);
        } else if (key == "open" || key == "high" || key == "low" || key == "close" || key == "volume" ||
                   key == "session") {
            cases.back().lines[key] = numbers(in);
        } else {
            VectorCase one{key, {}, {}};
            for (std::string word; in >> word && word[0] != '#';) one.column += "_" + word;
            cases.push_back(one);
        }
    }
    return cases;
}

TestSeries series_of(const VectorCase& one) {
    TestSeries series;
    const auto line = [&](const char* name, std::size_t i, double otherwise) {
        const auto found = one.lines.find(name);
        return found == one.lines.end() ? otherwise : found->second.at(i);
    };
    for (std::size_t i = 0; i < one.expected.size(); ++i) {
        const double close = line("close", i, 1);
        series.add(line("open", i, close), line("high", i, close), line("low", i, close), close, line("volume", i, 0),
                   static_cast<std::int64_t>(line("session", i, 1)));
    }
    return series;
}

TEST(Vectors, EveryIndicatorHasSomeAndPassesThem) {
    for (const Indicator& indicator : indicators()) {
        const fs::path file = folder / (std::string(indicator.name) + ".txt");
        const auto cases = read_cases(file);
        EXPECT_FALSE(cases.empty()) << file << " is missing or empty";
        for (const VectorCase& one : cases) {
            ASSERT_FALSE(one.expected.empty()) << file << ": " << one.column;
            const auto got = compute(series_of(one), {one.column})[0];
            for (std::size_t i = 0; i < got.size(); ++i) {
                if (std::isnan(one.expected[i]))
                    EXPECT_TRUE(std::isnan(got[i]))
                        << file << ": " << one.column << " at candle " << i << " is " << got[i];
                else
                    EXPECT_NEAR(got[i], one.expected[i], 1e-9) << file << ": " << one.column << " at candle " << i;
            }
        }
    }
}

TEST(Vectors, BelongToAnIndicator) {
    for (const auto& entry : fs::directory_iterator(folder)) {
        bool known = false;
        for (const Indicator& indicator : indicators()) known |= indicator.name == entry.path().stem().string();
        EXPECT_TRUE(known) << entry.path();
    }
}

TEST(Docs, DescribeEveryColumn) {
    std::ifstream page(fs::path(SOURCE_FOLDER) / "docs/reference/indicators.md");
    std::stringstream text;
    text << page.rdbuf();
    for (const Indicator& indicator : indicators())
        for (std::string_view stem : indicator.outputs)
            EXPECT_NE(text.str().find(std::string("`").append(stem)), std::string::npos)
                << "docs/reference/indicators.md does not name " << stem;
}

}  // namespace
}  // namespace pg_candle
