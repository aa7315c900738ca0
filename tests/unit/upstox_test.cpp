// The provider's answers: recorded ones, documented ones, and broken ones.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "model/failure.hpp"
#include "unit/temp_folder.hpp"
#include "upstox/candles.hpp"
#include "upstox/expired.hpp"
#include "upstox/holidays.hpp"
#include "upstox/instrument.hpp"
#include "upstox/login.hpp"
#include "upstox/quotes.hpp"
#include "upstox/record_scanner.hpp"
#include "upstox/token.hpp"

namespace pg_candle::upstox {
namespace {

const Timeframe minute{Timeframe::Unit::minute, 1}, day{Timeframe::Unit::day, 1};

Parsed parse(const std::string& text, CandleBatch& batch, const Timeframe& timeframe = minute) {
    CandleParser parser;
    return parser.parse(JsonText(text), timeframe, batch);
}

std::string body(const std::string& rows) { return "{\"status\":\"success\",\"data\":{\"candles\":[" + rows + "]}}"; }

TEST(CandleParser, ReadsDocumentedRows) {
    CandleBatch batch;
    EXPECT_EQ(
        parse(
            body(
                R"(["2026-09-22T15:25:00+05:30",1244.5,1244.5,1240.4,1240.4,789257,0],["2026-09-22T15:20:00+05:30",1244,1245,1244,1244,0,12])"),
            batch),
        Parsed::taken);
    ASSERT_EQ(batch.candles.size(), 2u);
    EXPECT_EQ(format_instant(batch.candles[0].start), "2026-09-22T15:25:00+05:30");
    EXPECT_EQ(batch.candles[0].low, 1240.4);
    EXPECT_EQ(batch.candles[0].volume, 789257);
    EXPECT_EQ(batch.candles[1].open, 1244) << "an integer is a price, too";
    EXPECT_EQ(batch.candles[1].oi, 12);
    batch.clear();
    EXPECT_EQ(parse(body(""), batch), Parsed::taken) << "no trading days in the range";
    EXPECT_TRUE(batch.candles.empty());
}

TEST(CandleParser, CountsRowsThatAreNoCandles) {
    CandleBatch batch;
    EXPECT_EQ(
        parse(
            body(
                R"([1694000000,1,1,1,1,1,0],["2026-09-22T15:25:00+05:30","1",1,1,1,1,0],["2026-09-22T15:26:00+05:30",1,1,1,1],
        ["2026-09-22T15:27:00+05:30",1,2,3,1,1,0],["2026-09-22T15:28:00+05:30",1,1,1,1,"many",0],{"a":1},null,["2026-09-22T15:29:00+05:30",1,1,1,null,1,0],
        ["2026-09-22T15:30:00+05:30",1,1,1,1,-1798967296,0],["2026-09-22T15:31:00+05:30",1,1,1,1,null,0],["2026-09-22T15:32:00+05:30",1,1,1,1,9007199254740991,0.125],
        ["2026-09-22T15:33:00+05:30",1,1,1,1,5,0,"more"],["2026-09-22T15:34:00+05:30",1,1,0,1,5,0],["2026-09-22T15:35:00+05:30",1,1e300,1,1,5,0],["2026-09-22T15:36:07+05:30",1,1,1,1,5,0]
        )"),
            batch),
        Parsed::taken);
    EXPECT_EQ(batch.candles.size(), 3u);
    EXPECT_FALSE(batch.candles[0].volume);
    EXPECT_EQ(batch.candles[1].volume, 9007199254740991) << "whole numbers are exact up to 2^53";
    EXPECT_EQ(batch.candles[1].oi, 0.125);
    EXPECT_EQ(batch.candles[2].volume, 5) << "columns to come";
    EXPECT_EQ(batch.rejected["a price is not above 0"], 1);
    EXPECT_EQ(batch.rejected["a price is beyond all measure"], 1);
    EXPECT_EQ(batch.rejected["the start is off the timeframe's grid"], 1);
    EXPECT_EQ(batch.rejected["the time cannot be read"], 1);
    EXPECT_EQ(batch.rejected["a price is no number"], 2);
    EXPECT_EQ(batch.rejected["the row is too short"], 1);
    EXPECT_EQ(batch.rejected["low is above high"], 1);
    EXPECT_EQ(batch.rejected["the volume is no number"], 2);
    EXPECT_EQ(batch.rejected["the row is no list"], 2);
    EXPECT_EQ(batch.altered["negative volume stored as NULL"], 1);
}

TEST(CandleParser, LooksAtTheStatusAndTheForm) {
    CandleBatch batch;
    EXPECT_EQ(
        parse(R"({"status":"error","errors":[{"error_code":"UDAPI10005","message":"Too Many Request Sent"}]})", batch),
        Parsed::refused);
    for (const char* text : {"", "{", "[]", "null", "<html>", R"({"data":{"candles":[]}})", R"({"status":"success"})",
                             R"({"status":"success","data":[]})", R"({"status":"success","data":{"candles":{}}})"})
        EXPECT_EQ(parse(text, batch), Parsed::malformed) << text;
}

TEST(CandleParser, BelievesNothingThatContradictsItself) {
    const std::string row = R"(["2026-09-22T15:25:00+05:30",1,1,1,1,1,0])";
    CandleBatch batch;
    EXPECT_EQ(parse(R"({"status":"success","errors":[{"errorCode":"UDAPI10000"}],"data":{"candles":[]}})", batch),
              Parsed::refused);
    EXPECT_EQ(parse(R"({"status":"success","errors":[],"data":{"candles":[)" + row + "]}}", batch), Parsed::taken);
    EXPECT_EQ(parse(R"({"status":"success","data":{"candles":[],"candles":[)" + row + "]}}", batch), Parsed::malformed);
    EXPECT_EQ(parse(R"({"status":"success","data":{"candles":[]},"data":{"candles":[)" + row + "]}}", batch),
              Parsed::malformed);
    batch.clear();
    for (const char* time : {"2026-09-22T09:55:00Z", "2026-09-22T15:25:00+00:00", "2026-09-22T15:25:00+05:00"})
        EXPECT_EQ(parse(body("[\"" + std::string(time) + "\",1,1,1,1,1,0]"), batch), Parsed::taken);
    EXPECT_TRUE(batch.candles.empty());
    EXPECT_EQ(batch.rejected["the time is not India's"], 3);
}

TEST(CandleBatch, RefusesTheFuture) {
    CandleBatch batch;
    parse(body(R"(["2026-09-22T15:25:00+05:30",1,1,1,1,1,0],["2026-09-22T15:24:00+05:30",1,1,1,1,1,0])"), batch);
    keep_past(batch, *parse_instant("2026-09-22T15:19:30+05:30"));
    EXPECT_EQ(batch.candles.size(), 1u);
    EXPECT_EQ(batch.rejected["in the future"], 1);
}

TEST(Holidays, SkipWhatContradictsItself) {
    const std::string hours = R"({"exchange":"NSE","start_time":1794141000000,"end_time":1794144600000})";
    DayHours day;
    const Date date = *parse_date("2026-11-08");
    const auto answer = [](const std::string& data) { return "{\"status\":\"success\",\"data\":[" + data + "]}"; };
    EXPECT_EQ(
        parse_timings(answer(hours + R"(,{"exchange":"BSE","start_time":1794141000000,"end_time":1794144600000})"),
                      date, day),
        Parsed::taken);
    EXPECT_EQ(day.exchanges.size(), 2u);
    EXPECT_EQ(parse_timings(answer(hours + "," + hours +
                                   R"(,{"exchange":"BSE","start_time":1794141000000,"end_time":1794144600000})"),
                            date, day),
              Parsed::taken);
    ASSERT_EQ(day.exchanges.size(), 1u);
    EXPECT_EQ(day.exchanges[0].exchange, "BSE");
    EXPECT_EQ(day.unreadable.size(), 1u);
    HolidayList list;
    const std::string name =
        R"({"date":"2026-11-08","description":"Muhurat","holiday_type":"SPECIAL_TIMING","closed_exchanges":)";
    const std::string sound =
        R"({"date":"2026-01-26","description":"x","holiday_type":"TRADING_HOLIDAY","closed_exchanges":["NSE"],"open_exchanges":[]},)";
    EXPECT_EQ(parse_holidays(answer(sound + name + R"(["NSE"],"open_exchanges":[]})"), list), Parsed::taken);
    EXPECT_EQ(list.days.size(), 1u) << "special hours without hours";
    EXPECT_EQ(parse_holidays(answer(sound + name + R"([],"open_exchanges":[)" + hours + "," + hours + "]}"), list),
              Parsed::taken);
    EXPECT_EQ(list.unreadable_days.count(date), 1u) << "two periods at the same time";
}

TEST(CandleParser, NoticesEveryTruncation) {
    const std::string whole = body(
        R"(["2026-09-22T15:25:00+05:30",1244.5,1244.5,1240.4,1240.4,789257,0],["2026-09-22T15:20:00+05:30",1244,1245,1244,1244,0,12])");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CandleBatch batch;
        EXPECT_EQ(parse(whole.substr(0, size), batch), Parsed::malformed) << size;
    }
}

TEST(CandleParser, NoticesDamageAnywhere) {
    const std::string row = R"(["2026-09-22T15:25:00+05:30",1244.5,1244.5,1240.4,1240.4,789257,0])";
    const std::string whole = body(row + "," + row + "," + row);
    for (std::size_t at = 0; at + 4 < whole.size(); ++at) {
        CandleBatch batch;
        std::string damaged = whole;
        damaged.replace(at, 4, "{]{]");
        const bool inside_text = parse(damaged, batch) != Parsed::malformed;
        // Inside the text of a time, brackets are text like any other.
        EXPECT_TRUE(!inside_text || batch.candles.size() < 3) << damaged;
    }
}

TEST(ErrorParser, ReadsDocumentedErrors) {
    ErrorParser parser;
    const auto error = [&](const char* code, long status) {
        return parser.parse(JsonText(std::string(R"({"status":"error","errors":[{"errorCode":")") + code +
                                     R"(","message":"Text","error_code":")" + code + R"("}]})"),
                            status);
    };
    EXPECT_EQ(error("UDAPI1148", 400).text(), "Text (UDAPI1148, HTTP 400)");
    EXPECT_TRUE(error("UDAPI100050", 401).token_refused());
    EXPECT_FALSE(error("UDAPI1149", 401).token_refused()) << "a missing plan is no expired token";
    EXPECT_TRUE(error("UDAPI1149", 401).plan_missing());
    EXPECT_TRUE(error("UDAPI10005", 200).too_many_requests());
    EXPECT_TRUE(error("UDAPI100011", 400).key_refused());
    EXPECT_EQ(parser.parse(JsonText("<html>Bad Gateway</html>"), 502).text(), "refused with an HTML page, HTTP 502");
    EXPECT_EQ(parser.parse(JsonText("no"), 403).text(), "refused without saying why, HTTP 403");
    EXPECT_EQ(parser.parse(JsonText(""), 408).text(), "Request timeout, HTTP 408");
    EXPECT_EQ(parser.parse(JsonText(""), 503).text(), "The server failed, HTTP 503");
    EXPECT_EQ(ErrorParser::unreadable(JsonText("\n<html>"), 200).text(), "answered with an HTML page, HTTP 200");
    EXPECT_EQ(ErrorParser::unreadable(JsonText("{"), 200).text(), "The answer is broken JSON, HTTP 200");
    EXPECT_EQ(ErrorParser::unreadable(JsonText("{\"status\":1}"), 200).text(),
              "The answer is of another form than documented, HTTP 200");
    EXPECT_EQ(parser.parse(JsonText("{\"status\":\"error\",\"errors\":[{\"message\":\"two\\nlines\"}]}"), 400).message,
              "two lines");
}

TEST(QuoteParser, MatchesByTheInnerToken) {
    QuoteParser parser;
    std::vector<Quote> quotes;
    std::map<std::string, int> rejected;
    EXPECT_EQ(
        parser.parse(
            JsonText(
                R"({"status":"success","data":{"NSE_FO:NIFTY2543021600PE":{"last_price":303.9,"instrument_token":"NSE_FO|51834","ltq":75,"volume":170325,"cp":29.0},
        "NSE_INDEX:Nifty 50":{"last_price":100,"instrument_token":"NSE_INDEX|Nifty 50","ltq":null,"volume":null,"cp":0},"x":null,"y":{"last_price":"1"},
        "a":{"last_price":0,"instrument_token":"NSE_EQ|A"},"b":{"last_price":-1,"instrument_token":"NSE_EQ|B"},"NSE_EQ:c":{"last_price":1,"instrument_token":"NSE_EQ|C","cp":"2"},
        "NSE_EQ:d":{"last_price":1e12,"instrument_token":"NSE_EQ|D"},"BSE_EQ:e":{"last_price":1,"instrument_token":"NSE_EQ|E"}}})"),
            quotes, rejected),
        Parsed::taken);
    ASSERT_EQ(quotes.size(), 2u);
    EXPECT_EQ(rejected["the last price is not above 0"], 2);
    EXPECT_EQ(rejected["the previous close is no number"], 1);
    EXPECT_EQ(rejected["a price is beyond all measure"], 1);
    EXPECT_EQ(rejected["the entry's name is of another segment than its instrument_token"], 1);
    EXPECT_EQ(rejected.size(), 6u);
    EXPECT_EQ(quotes[0].instrument_key, "NSE_FO|51834");
    EXPECT_EQ(quotes[0].last_quantity, 75);
    EXPECT_DOUBLE_EQ(*quotes[0].change(), 274.9);
    EXPECT_DOUBLE_EQ(*quotes[0].change_percent(), 100 * 274.9 / 29);
    EXPECT_FALSE(quotes[1].change_percent()) << "no division by a previous close of 0";
    EXPECT_FALSE(quotes[1].volume);
}

const char* parse_instrument(const std::string& text, InstrumentRecord& record) {
    static InstrumentParser parser;
    const JsonText padded(text);
    return parser.parse(padded.padded(), record);
}

TEST(InstrumentParser, ReadsRealRecords) {
    InstrumentRecord record;
    ASSERT_EQ(
        parse_instrument(
            R"({"weekly":true,"segment":"NSE_FO","name":"NIFTY","exchange":"NSE","expiry":1765909799000,"instrument_type":"CE","asset_symbol":"NIFTY","underlying_symbol":"NIFTY","instrument_key":"NSE_FO|48202","lot_size":75,"freeze_quantity":1800.0,"exchange_token":"48202","minimum_lot":75,"asset_key":"NSE_INDEX|Nifty 50","underlying_key":"NSE_INDEX|Nifty 50","tick_size":5.0,"asset_type":"INDEX","underlying_type":"INDEX","trading_symbol":"NIFTY 25650 CE 16 DEC 25","strike_price":25650.0,"qty_multiplier":1.0})",
            record),
        nullptr);
    EXPECT_TRUE(record.is_option());
    EXPECT_EQ(format_date(*record.expiry), "2025-12-16") << "23:59:59 in India";
    EXPECT_EQ(record.lot_size, 75);
    EXPECT_EQ(record.tick_size_paise, "5.0");
    EXPECT_EQ(record.strike_price, "25650.0");
    EXPECT_EQ(record.weekly, true);
    EXPECT_EQ(record.underlying, "NIFTY");
    EXPECT_EQ(
        record.details,
        R"({"weekly":true,"asset_symbol":"NIFTY","freeze_quantity":1800.0,"minimum_lot":75,"asset_key":"NSE_INDEX|Nifty 50","asset_type":"INDEX","underlying_type":"INDEX"})");
    ASSERT_EQ(
        parse_instrument(
            R"({"segment":"NSE_EQ","name":"NAME  ","exchange":"NSE","isin":"","instrument_type":"EQ","instrument_key":"NSE_EQ|X","trading_symbol":"X ","nested":{"a":[1,"]"]},"quote\"d":null})",
            record),
        nullptr);
    EXPECT_EQ(record.name, "NAME");
    EXPECT_EQ(record.trading_symbol, "X");
    EXPECT_FALSE(record.isin);
    EXPECT_EQ(record.details, R"({"nested":{"a":[1,"]"]},"quote\"d":null})");
}

TEST(InstrumentParser, SaysWhatIsWrong) {
    const std::string head =
        R"({"segment":"NSE_FO","exchange":"NSE","instrument_key":"NSE_FO|1","trading_symbol":"X",)";
    InstrumentRecord record;
    EXPECT_EQ(parse_instrument(head + R"("instrument_type":"FUT","expiry":"2025-04-24","minimum_lot":75})", record),
              nullptr)
        << "as the contract endpoints have it";
    EXPECT_EQ(record.lot_size, 75);
    EXPECT_EQ(format_date(*record.expiry), "2025-04-24");
    for (const char* tail :
         {R"("instrument_type":"FUT","lot_size":1})", R"("instrument_type":"FUT","expiry":"soon","lot_size":1})",
          R"("instrument_type":"FUT","expiry":1765909799000})",
          R"("instrument_type":"CE","expiry":1765909799000,"lot_size":1})", R"("instrument_type":5})",
          R"("instrument_type":"EQ","lot_size":"x"})", R"("lot_size":1})", R"("instrument_type":"EQ","lot_size":0})",
          R"("instrument_type":"EQ","tick_size":-5})",
          R"("instrument_type":"CE","expiry":1765909799000,"lot_size":1,"strike_price":0})",
          R"("instrument_type":"EQ","exchange":"BSE"})", R"("instrument_type":"EQ","tick_size":1.2.3})",
          R"("instrument_type":"EQ","other":tru})", R"("instrument_type":)"})
        EXPECT_NE(parse_instrument(head + tail, record), nullptr) << tail;
    const std::string option = head + R"("expiry":1765909799000,"lot_size":1,"strike_price":5,"instrument_type":")";
    EXPECT_EQ(parse_instrument(option + R"(PE","trading_symbol":"X 5 PE 16 DEC 25"})", record), nullptr);
    EXPECT_NE(parse_instrument(option + R"(CE","trading_symbol":"X 5 PE 16 DEC 25"})", record), nullptr);
    for (const char* text : {"5", "[]", "", "\"x\"", "{"}) EXPECT_NE(parse_instrument(text, record), nullptr) << text;
}

std::vector<std::string> scan(const std::string& text) {
    ByteSource source(temp_folder().write("scanned", text));
    std::vector<std::string> records;
    RecordScanner::scan(source, [&](simdjson::padded_string_view record, std::int64_t number, std::int64_t offset) {
        EXPECT_EQ(number, static_cast<std::int64_t>(records.size()) + 1);
        EXPECT_EQ(text.substr(static_cast<std::size_t>(offset), record.size()), std::string_view(record));
        records.emplace_back(record);
    });
    return records;
}

TEST(RecordScanner, CutsAnArrayIntoItsElements) {
    EXPECT_TRUE(scan("[]").empty());
    EXPECT_TRUE(scan(" [ \n ] \n").empty());
    EXPECT_EQ(scan("\xef\xbb\xbf[{\"a\":\"}],{\\\"\"}, {\"b\":[1,{}]} ,5 , \"x,y\"]"),
              (std::vector<std::string>{"{\"a\":\"}],{\\\"\"}", "{\"b\":[1,{}]}", "5", "\"x,y\""}));
    std::mt19937 random(3);
    std::vector<std::string> expected;
    std::string text = "[";
    for (int i = 0; i < 20'000; ++i) {
        std::string record = "{\"n\":" + std::to_string(i) + ",\"s\":\"";
        for (unsigned k = random() % (i % 1000 ? 60 : 100'000); k > 0; --k) record += "ab{}[],:\\\"c"[random() % 8];
        record += "\"}";
        text += (i ? "," : "") + record;
        expected.push_back(std::move(record));
    }
    EXPECT_EQ(scan(text + "]"), expected) << "across the window's edges";
}

TEST(RecordScanner, RefusesWhatIsNoArray) {
    for (const char* text :
         {"", "{}", "[", "[{}", "[{},", "[{}]x", "[{}{}]", "[,]", "[{},]", "[{\"a\":\"]", "[}]", "[{},,{}]"})
        EXPECT_THROW(scan(text), Failure) << text;
    EXPECT_THROW(scan("[\"" + std::string(3 << 20, 'x') + "\"]"), Failure) << "one record without end";
}

TEST(Token, StaysInItsFile) {
    const std::string path = temp_folder().path("configuration/token");
    unsetenv("UPSTOX_ACCESS_TOKEN");
    EXPECT_TRUE(load_token(path).empty());
    store_token(path, Token("secret.one"), "daily", {});
    store_token(path, Token("secret.two"), "daily", parse_instant("2026-01-02T03:30:00+05:30"));
    struct stat about {};
    ASSERT_EQ(stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600u);
    EXPECT_EQ(load_token(path).secret(), "secret.two");
    for (const mode_t mode : {0640, 0604, 0620}) {
        chmod(path.c_str(), mode);
        EXPECT_THROW(load_token(path), Failure) << mode;
    }
    std::ofstream(path) << "bare.token\n";
    chmod(path.c_str(), 0600);
    EXPECT_EQ(load_token(path).secret(), "bare.token");
    std::ofstream(path) << "two lines\nX-Header: injected\n";
    EXPECT_THROW(load_token(path), Failure);
    setenv("UPSTOX_ACCESS_TOKEN", "from.environment", 1);
    EXPECT_EQ(load_token(path).secret(), "from.environment");
    unsetenv("UPSTOX_ACCESS_TOKEN");
}

TEST(Token, GoesToSafePlacesOnly) {
    for (const char* url :
         {"https://api.upstox.com/v3", "http://127.0.0.1:8080/x", "http://localhost/", "http://[::1]:80/"})
        EXPECT_TRUE(may_carry_token(url)) << url;
    for (const char* url :
         {"http://api.upstox.com/v3", "http://127.0.0.1.evil.example/", "http://localhost@evil.example/",
          "http://localhost.evil.example", "ftp://localhost/", "http://[::1].evil.example/", "//localhost", ""})
        EXPECT_FALSE(may_carry_token(url)) << url;
}

TEST(Token, ExpiresAtHalfPastThree) {
    EXPECT_EQ(format_instant(daily_expiry(*parse_instant("2026-10-30T09:00:00+05:30"))), "2026-10-31T03:30:00+05:30");
    EXPECT_EQ(format_instant(daily_expiry(*parse_instant("2026-10-30T02:00:00+05:30"))), "2026-10-30T03:30:00+05:30");
}

TEST(Login, ReadsTheRedirect) {
    const Redirect one = parse_redirect("http://127.0.0.1:9/cb?state=s%201&code=a%2Bb&x=");
    EXPECT_EQ(one.code, "a+b");
    EXPECT_EQ(one.state, "s 1");
    EXPECT_EQ(parse_redirect("mk404x").code, "mk404x");
    EXPECT_TRUE(parse_redirect("http://127.0.0.1:9/cb?state=s").code.empty());
    EXPECT_EQ(random_state().size(), 32u);
    EXPECT_NE(random_state(), random_state());
}

/// Every recorded response of ../shared goes through the parsers of its kind.
TEST(Expired, ExpiriesAreDates) {
    std::vector<Date> dates;
    EXPECT_EQ(upstox::parse_expiries(R"({"status":"success","data":["2024-10-03","2025-04-17"]})", dates),
              upstox::Parsed::taken);
    EXPECT_EQ(dates, (std::vector<Date>{*parse_date("2024-10-03"), *parse_date("2025-04-17")}));
    for (const char* body : {"", "[]", R"({"status":"success","data":["2024-13-03"]})",
                             R"({"status":"success","data":[5]})", R"({"status":"success","data":{}})"})
        EXPECT_EQ(upstox::parse_expiries(body, dates), upstox::Parsed::malformed) << body;
    EXPECT_EQ(upstox::parse_expiries(R"({"status":"error","errors":[]})", dates), upstox::Parsed::refused);
}

TEST(Expired, ContractsLoseTheDateOfTheirKey) {
    // upstox.md 4.2; a record without lot_size has its minimum_lot, one whose key has no date is left out.
    const char* body = R"({"status":"success","data":[
        {"name":"NIFTY","segment":"NSE_FO","exchange":"NSE","expiry":"2025-04-17","instrument_key":"NSE_FO|47983|17-04-2025","exchange_token":"47983","trading_symbol":"NIFTY 20400 PE 17 APR 25","tick_size":5,"instrument_type":"PE","underlying_key":"NSE_INDEX|Nifty 50","underlying_type":"INDEX","underlying_symbol":"NIFTY","strike_price":20400,"minimum_lot":75,"weekly":true},
        {"name":"NIFTY","segment":"NSE_FO","exchange":"NSE","expiry":"2025-04-24","instrument_key":"NSE_FO|54452|24-04-2025","trading_symbol":"NIFTY FUT 24 APR 25","lot_size":75,"instrument_type":"FUT","underlying_key":"NSE_INDEX|Nifty 50"},
        {"segment":"NSE_FO","exchange":"NSE","expiry":"2025-04-24","instrument_key":"NSE_FO|54453","trading_symbol":"X","lot_size":75,"instrument_type":"FUT"},
        {"segment":"NSE_FO"}]})";
    std::vector<InstrumentRecord> contracts;
    int bad = 0;
    ASSERT_EQ(upstox::parse_contracts(body, contracts, bad), upstox::Parsed::taken);
    EXPECT_EQ(bad, 2);
    ASSERT_EQ(contracts.size(), 2u);
    EXPECT_EQ(contracts[0].instrument_key, "NSE_FO|47983");
    EXPECT_EQ(contracts[0].expiry, parse_date("2025-04-17"));
    EXPECT_EQ(contracts[0].lot_size, 75);
    EXPECT_EQ(contracts[0].strike_price, "20400");
    EXPECT_TRUE(contracts[1].is_future());
}

TEST(Recorded, ResponsesAreUnderstood) {
    const std::filesystem::path folder = std::filesystem::path(SOURCE_FOLDER) / "../shared/data/upstox/responses";
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no recorded responses at " << folder;
    const auto read = [&](const char* name) {
        std::ifstream file(folder / name);
        return JsonText(std::string(std::istreambuf_iterator<char>(file), {}));
    };
    const auto response = [](const JsonText& recording) {
        simdjson::ondemand::parser parser;
        auto document = parser.iterate(recording.padded());
        const std::string_view raw = document.find_field_unordered("response").get_object().value().raw_json().value();
        return JsonText(raw);
    };
    CandleBatch batch;
    CandleParser candles;
    ASSERT_EQ(candles.parse(response(read("historical_candles/niftybees_daily_30d.json")), day, batch), Parsed::taken);
    EXPECT_EQ(batch.candles.size(), 20u);
    EXPECT_EQ(batch.candles[0].close, 257.45);
    EXPECT_TRUE(batch.rejected.empty() && batch.altered.empty());
    batch.clear();
    ASSERT_EQ(candles.parse(read("intraday_1minute_2024-06-10.json"), minute, batch), Parsed::taken);
    EXPECT_GT(batch.candles.size(), 100u);
    EXPECT_TRUE(batch.rejected.empty());

    EXPECT_EQ(candles.parse(response(read("historical_candles/niftybees_daily_error.json")), day, batch),
              Parsed::refused);

    std::vector<Quote> quotes;
    std::map<std::string, int> rejected;
    ASSERT_EQ(QuoteParser().parse(response(read("market_quote/niftybees_ltp.json")), quotes, rejected), Parsed::taken);
    EXPECT_TRUE(rejected.empty());
    ASSERT_EQ(quotes.size(), 1u);
    EXPECT_EQ(quotes[0].instrument_key, "NSE_EQ|INF204KB14I2");

    // Contract endpoints: the records inside are those of the files, but for the expiry's form.
    const JsonText contracts = response(read("option_chain/nifty_option_contracts.json"));
    const auto begin = contracts.view().find('['), end = contracts.view().rfind(']');
    int count = 0;
    const std::string array(contracts.view().substr(begin, end - begin + 1));
    for (const std::string& one : scan(array)) {
        InstrumentRecord record;
        ASSERT_EQ(parse_instrument(one, record), nullptr) << one;
        EXPECT_TRUE(record.is_option() && record.expiry && record.lot_size);
        ++count;
    }
    EXPECT_GT(count, 1000);
}

}  // namespace
}  // namespace pg_candle::upstox
