#include "replay/answers.hpp"

#include <zlib.h>

#include <charconv>
#include <stdexcept>

#include "model/india_time.hpp"

namespace pg_candle::replay {

using Json = nlohmann::ordered_json;
using namespace std::chrono;

std::string error_body(const std::string& code, const std::string& message) {
    return Json{{"status", "error"},
                {"errors", Json::array({{{"errorCode", code},
                                         {"message", message},
                                         {"propertyPath", nullptr},
                                         {"invalidValue", nullptr},
                                         {"error_code", code},
                                         {"property_path", nullptr},
                                         {"invalid_value", nullptr}}})}}
        .dump();
}

std::string success_body(const std::string& data) { return "{\"status\":\"success\",\"data\":" + data + "}"; }

void refuse(httplib::Response& response, int status, const std::string& code, const std::string& message) {
    response.status = status;
    response.set_content(error_body(code, message), "application/json;charset=utf-8");
}

std::string candles_json(const std::vector<Bar>& bars) {
    std::string text = "{\"candles\":[";
    const auto number = [&](double value) {
        char digits[40];
        // Whole numbers as the provider writes them, without an exponent.
        const auto whole = static_cast<std::int64_t>(value);
        char* const end = digits + sizeof digits;
        text.append(digits, (static_cast<double>(whole) == value ? std::to_chars(digits, end, whole)
                                                                 : std::to_chars(digits, end, value))
                                .ptr);
    };
    for (auto bar = bars.rbegin(); bar != bars.rend(); ++bar) {
        if (bar != bars.rbegin()) text += ',';
        text += "[\"" + format_instant(Instant{seconds{bar->start}}) + "\",";
        for (const double price : {bar->open, bar->high, bar->low, bar->close}) number(price), text += ',';
        number(bar->volume), text += ',', number(bar->oi), text += ']';
    }
    return text + "]}";
}

Json listing_json(const Listing& one, bool in_file) {
    Json json;
    if (one.expiry) json["weekly"] = false;
    json["segment"] = one.segment;
    json["name"] = one.name;
    json["exchange"] = one.exchange;
    const std::string token = one.key.substr(one.key.find('|') + 1);
    if (one.expiry) {
        const auto last_second = india_midnight(*one.expiry + days{1}) - seconds{1};
        if (in_file)
            json["expiry"] = duration_cast<milliseconds>(last_second.time_since_epoch()).count();
        else
            json["expiry"] = format_date(*one.expiry);
    } else if (one.segment.ends_with("_EQ")) {
        json["isin"] = token;
    }
    json["instrument_type"] = one.type;
    json["instrument_key"] = one.key;
    json["exchange_token"] = token;
    json["trading_symbol"] = one.symbol;
    if (one.type == "INDEX") return json;
    json["lot_size"] = one.lot;
    json["freeze_quantity"] = 100000.0;
    json["tick_size"] = 5.0;
    json["qty_multiplier"] = 1.0;
    if (!one.expiry) return json;
    json["minimum_lot"] = one.lot;
    json["underlying_key"] = json["asset_key"] = one.underlying_key;
    json["underlying_symbol"] = json["asset_symbol"] = one.underlying;
    json["underlying_type"] = json["asset_type"] = one.underlying_type;
    json["strike_price"] = one.strike;
    return json;
}

std::string gzip(const std::string& text) {
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
    std::string packed(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const int state = deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    if (state != Z_STREAM_END) throw std::runtime_error("deflate failed");
    return packed;
}

}  // namespace pg_candle::replay
