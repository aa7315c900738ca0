// Byte streams, lines, candle files and the .env file.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <random>

#include "model/failure.hpp"
#include "text/byte_source.hpp"
#include "text/candle_csv.hpp"
#include "text/environment_file.hpp"
#include "unit/temp_folder.hpp"

namespace pg_candle {
namespace {

std::string write_file(const std::string& name, const std::string& content) {
    return temp_folder().write(name, content);
}

std::string gzip(const std::string& text) {
    const std::string path = write_file("packing", "");
    gzFile file = gzopen(path.c_str(), "wb");
    gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    gzclose(file);
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string read_all(const std::string& path, std::size_t piece) {
    ByteSource source(path);
    std::string text, buffer(piece, '\0');
    while (const std::size_t count = source.read(buffer.data(), piece)) text.append(buffer, 0, count);
    return text;
}

TEST(ByteSource, ReadsPlainAndGzipByContent) {
    std::string text;
    std::mt19937 random(1);
    for (int i = 0; i < 300'000; ++i) text += static_cast<char>('a' + random() % 20);
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{70'001}}) {
        EXPECT_EQ(read_all(write_file("plain.gz", text), piece), text) << "the name does not count";
        EXPECT_EQ(read_all(write_file("packed", gzip(text)), piece), text);
        EXPECT_EQ(read_all(write_file("members", gzip(text) + gzip("tail")), piece), text + "tail");
    }
    EXPECT_EQ(read_all(write_file("empty", ""), 10), "");
    EXPECT_EQ(read_all(write_file("one", "x"), 10), "x");
}

TEST(ByteSource, NoticesDamage) {
    const std::string packed = gzip(std::string(100'000, 'x') + "end");
    for (const std::size_t kept : {packed.size() - 1, packed.size() / 2, std::size_t{12}})
        EXPECT_THROW(read_all(write_file("cut", packed.substr(0, kept)), 4096), Failure) << kept;
    std::string damaged = packed;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x5a);
    EXPECT_THROW(read_all(write_file("damaged", damaged), 4096), Failure);
    EXPECT_THROW(read_all(write_file("garbage", packed + "behind the end"), 4096), Failure);
    EXPECT_THROW(ByteSource("/no/such/file"), Failure);
}

TEST(LineReader, GivesLinesOfAnyLength) {
    std::mt19937 random(7);
    std::vector<std::string> expected;
    std::string text;
    for (int i = 0; i < 2000; ++i) {
        expected.emplace_back(random() % (i % 100 == 0 ? 200'000 : 60), 'x');
        text += expected.back() + (i % 3 ? "\n" : "\r\n");
    }
    expected.push_back("last without end");
    text += expected.back();
    ByteSource source(write_file("lines", text));
    LineReader lines(source);
    std::string_view line;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_TRUE(lines.next(line));
        ASSERT_EQ(line, expected[i]) << i;
        ASSERT_EQ(lines.number(), static_cast<long>(i + 1));
    }
    EXPECT_FALSE(lines.next(line));
    ByteSource endless(write_file("endless", std::string(3 << 20, 'x')));
    LineReader long_line(endless);
    EXPECT_THROW(long_line.next(line), Failure);
}

std::vector<CsvCandle> read_csv(const std::string& text, std::map<std::string, std::int64_t>* rejected = nullptr) {
    ByteSource source(write_file("candles.csv", text));
    LineReader lines(source);
    std::string_view header;
    lines.next(header);
    CandleCsv csv(lines, std::string(header));
    std::vector<CsvCandle> rows;
    for (CsvCandle row; csv.next(row);) rows.push_back(row);
    if (rejected) *rejected = csv.rejected;
    return rows;
}

TEST(CandleCsv, FindsColumnsByName) {
    for (const char* text :
         {"ts,open,high,low,close,volume\n2016-08-16T09:15:00+05:30,1036.25,1039,1036.25,1039,57006\n",
          "Code,Date,Open,High,Low,Close,Volume\nRELIANCE,2016-08-16 09:15:00, 1036.25, 1039, 1036.25, 1039, 57006\n",
          "\xef\xbb\xbfvolume,close,low,high,open,time,date\n57006.0,1039,1036.25,1039,1036.25,09:15,2016-08-16\n",
          "\"ts\",\"open\",\"high\",\"low\",\"close\",\"volume\"\r\n\"2016-08-16 "
          "09:15\",\"1036.25\",1039,1036.25,\"1039\",57006\r\n\r\n"}) {
        const auto rows = read_csv(text);
        ASSERT_EQ(rows.size(), 1u) << text;
        EXPECT_EQ(format_instant(rows[0].candle.start), "2016-08-16T09:15:00+05:30") << text;
        EXPECT_EQ(rows[0].candle.open, 1036.25);
        EXPECT_EQ(rows[0].candle.close, 1039);
        EXPECT_EQ(rows[0].candle.volume, 57006) << text;
        EXPECT_FALSE(rows[0].candle.oi);
    }
    EXPECT_EQ(read_csv("Code,Date,Open,High,Low,Close\nM&M,2016-08-16,1,1,1,1\n")[0].symbol, "M&M");
    EXPECT_THROW(read_csv("ts,open,high,low\n"), Failure);
    EXPECT_THROW(read_csv("2016-08-16,1,1,1,1,5\n"), Failure);
}

TEST(CandleCsv, CountsBadLinesAndGoesOn) {
    std::map<std::string, std::int64_t> rejected;
    const auto rows = read_csv(
        "ts,open,high,low,close,volume\nyesterday,1,1,1,1,1\n2016-08-16,x,1,1,1,1\n2016-08-16,1,1,1\n2016-08-16,1,1,1,"
        "1,nan\n2016-08-17,1,1,1,1,\n",
        &rejected);
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_FALSE(rows[0].candle.volume);
    EXPECT_EQ(rejected["the time cannot be read"], 1);
    EXPECT_EQ(rejected["a price is no number"], 2);
    EXPECT_EQ(rejected["the volume is no number"], 1);
}

TEST(EnvironmentFile, FillsWhatIsNotSet) {
    setenv("PGCANDLE_TEST_SET", "before", 1);
    unsetenv("PGCANDLE_TEST_NEW");
    const std::string path =
        write_file("env", "# comment\n\nexport PGCANDLE_TEST_NEW=\"a b\"\nPGCANDLE_TEST_SET=after\n");
    chmod(path.c_str(), 0600);
    EXPECT_TRUE(load_environment_file(path).empty());
    EXPECT_STREQ(getenv("PGCANDLE_TEST_NEW"), "a b");
    EXPECT_STREQ(getenv("PGCANDLE_TEST_SET"), "before");
    EXPECT_TRUE(is_from_environment_file("PGCANDLE_TEST_NEW"));
    EXPECT_FALSE(is_from_environment_file("PGCANDLE_TEST_SET"));
    unsetenv("PGCANDLE_TEST_NEW");
    chmod(path.c_str(), 0622);
    EXPECT_EQ(load_environment_file(path).size(), 1u) << "others can write it";
    EXPECT_EQ(getenv("PGCANDLE_TEST_NEW"), nullptr);
    EXPECT_TRUE(load_environment_file("/no/such/file").empty());
}

TEST(EnvironmentFile, ReadsWhatOthersWrite) {
    const struct {
        const char *line, *value;
    } cases[] = {
        {"T = a b ", "a b"},
        {"\xef\xbb\xbfT=1", "1"},
        {"T=1\r\nU=2\r\n", "1"},
        {"\tT\t=\t1", "1"},
        {"declare -x T=\"1\"", "1"},
        {"export\tT='a \"b\" $c'", "a \"b\" $c"},
        {"T=\"a \\\"b\\\" \\n\\\\\"  # why", "a \"b\" \n\\"},
        {"T=a#b # why", "a#b"},
        {"T=", ""},
        {"T=\"-----BEGIN KEY-----\r\nabc=\r\n-----END KEY-----\"\nU=1", "-----BEGIN KEY-----\nabc=\n-----END KEY-----"},
        {"T=a=b", "a=b"},
        {"export T=1;", "1;"}};
    for (const auto& [line, value] : cases) {
        unsetenv("T");
        const std::string path = write_file("env", line);
        chmod(path.c_str(), 0600);
        EXPECT_TRUE(load_environment_file(path).empty()) << line;
        ASSERT_NE(getenv("T"), nullptr) << line;
        EXPECT_STREQ(getenv("T"), value) << line;
    }
    unsetenv("T");
    const std::string foreign =
        write_file("env", "if true; then\nsecret value\n1T=2\nT=\"open\nT='x' y\n[section]\nT=last\n");
    chmod(foreign.c_str(), 0600);
    const std::vector<std::string> warnings = load_environment_file(foreign);
    EXPECT_EQ(warnings.size(), 6u);
    for (const std::string& warning : warnings) EXPECT_EQ(warning.find("secret"), warning.npos);
    EXPECT_NE(warnings[1].find("line 2"), std::string::npos);
    EXPECT_STREQ(getenv("T"), "last") << "the others are read";
    unsetenv("T");
}

}  // namespace
}  // namespace pg_candle
