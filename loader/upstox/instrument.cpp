#include "upstox/instrument.hpp"

#include <charconv>
#include <chrono>
#include <cstdlib>

namespace pg_candle::upstox {
namespace {

namespace json = simdjson::ondemand;

/// Far above what the provider has, and below what an index takes.
constexpr std::size_t longest_text = 500;

std::string_view trim(std::string_view text) {
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
    return text;
}

/// A column of text. Null and empty count as absent (the GLOBAL rows are full of empty strings).
const char* read_text(json::value value, std::string& out) {
    if (is_null(value)) return nullptr;
    std::string_view text;
    if (value.get_string().get(text)) return "A field that should be text is not.";
    if (text.find('\0') != text.npos) return "A text holds a NUL character.";
    if (text.size() > longest_text) return "A text is too long.";
    out = trim(text);
    return nullptr;
}

const char* read_text(json::value value, std::optional<std::string>& out) {
    std::string text;
    const char* problem = read_text(value, text);
    if (!problem && !text.empty()) out = std::move(text);
    return problem;
}

/// `problem`: what is said of a number that is not above 0; nullptr if it may be.
const char* read_number(json::value value, std::optional<std::string>& out, const char* problem) {
    if (is_null(value)) return nullptr;
    const std::string_view token = trim(value.raw_json_token());
    double number;
    if (value.get_double().get(number)) return "A field that should be a number is not.";
    if (problem && !(number > 0)) return problem;
    out = token;
    return nullptr;
}

const char* read_lot(json::value value, std::optional<std::int32_t>& out) {
    if (is_null(value)) return nullptr;
    std::int64_t lot;
    if (whole_number(value).get(lot) || lot > INT32_MAX) return "The lot size is no whole number.";
    if (lot <= 0) return "The lot size is not above 0.";
    out = static_cast<std::int32_t>(lot);
    return nullptr;
}

const char* read_expiry(json::value value, std::optional<Date>& out) {
    constexpr const char* problem = "The expiry is neither milliseconds nor a date.";
    constexpr Date earliest{std::chrono::year{1970} / 1 / 1};
    json::json_type type;
    if (value.type().get(type)) return problem;
    if (type == json::json_type::null) return nullptr;
    if (type == json::json_type::string) {
        std::string_view text;
        if (value.get_string().get(text)) return problem;
        out = parse_date(text);
        return out && *out >= earliest ? nullptr : problem;
    }
    std::int64_t milliseconds;
    constexpr std::int64_t year_9999 = 253'402'300'800'000;
    if (whole_number(value).get(milliseconds) || milliseconds < 0 || milliseconds > year_9999) return problem;
    if (milliseconds == 0) return nullptr;  // of what has none
    out = india_date(Instant{std::chrono::milliseconds{milliseconds}});
    return nullptr;
}

/// The value as it is written, whatever it is.
const char* read_raw(json::value value, std::string_view& raw) {
    constexpr const char* problem = "The record is no valid JSON.";
    json::json_type type;
    if (value.type().get(type)) return problem;
    json::object object;
    json::array array;
    bool flag;
    double number;
    std::string_view text;
    raw = trim(value.raw_json_token());
    switch (type) {
        case json::json_type::object:
            return value.get_object().get(object) || object.raw_json().get(raw) ? problem : nullptr;
        case json::json_type::array:
            return value.get_array().get(array) || array.raw_json().get(raw) ? problem : nullptr;
        case json::json_type::boolean:
            return value.get_bool().get(flag) ? problem : nullptr;
        case json::json_type::number:
            return value.get_double().get(number) ? problem : nullptr;
        case json::json_type::string:
            return value.get_string().get(text) ? problem : nullptr;
        case json::json_type::null:
            return is_null(value) ? nullptr : problem;
    }
    return problem;
}

std::optional<std::int32_t> to_lot(std::string_view raw) {
    std::int32_t lot;
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), lot);
    if (error != std::errc() || lot <= 0) return {};
    return lot;
}

/// NSE_FO is a segment of NSE; those of NCD, BCD and others do not carry their exchange's name.
bool is_of_other_exchange(const InstrumentRecord& record) {
    for (const std::string_view exchange : {"NSE", "BSE", "MCX"})
        if (record.segment.starts_with(exchange) && record.segment[exchange.size()] == '_')
            return record.exchange != exchange;
    return false;
}

/// `NIFTY 25000 CE 30 DEC 25` is a call.
bool names_other_type(const InstrumentRecord& record) {
    const auto has = [&](std::string_view type) {
        return (" " + record.trading_symbol + " ").find(" " + std::string(type) + " ") != std::string::npos;
    };
    return !has(record.instrument_type) && has(record.instrument_type == "CE" ? "PE" : "CE");
}

}  // namespace

const char* InstrumentParser::parse(simdjson::padded_string_view text, InstrumentRecord& record) {
    record = {};
    std::optional<std::int32_t> minimum_lot;
    json::document document;
    json::object object;
    if (parser_.iterate(text).get(document) || document.get_object().get(object))
        return "The record is no JSON object.";
    std::string& details = record.details;
    details = "{";
    for (auto item : object) {
        json::field field;
        if (std::move(item).get(field)) return "The record is no valid JSON.";
        const std::string_view name = escaped_key(field);
        json::value value = field.value();
        const char* problem = nullptr;
        bool other = false;
        if (name == "instrument_key")
            problem = read_text(value, record.instrument_key);
        else if (name == "exchange")
            problem = read_text(value, record.exchange);
        else if (name == "segment")
            problem = read_text(value, record.segment);
        else if (name == "instrument_type")
            problem = read_text(value, record.instrument_type);
        else if (name == "trading_symbol")
            problem = read_text(value, record.trading_symbol);
        else if (name == "name")
            problem = read_text(value, record.name);
        else if (name == "isin")
            problem = read_text(value, record.isin);
        else if (name == "exchange_token")
            problem = read_text(value, record.exchange_token);
        else if (name == "underlying_key")
            problem = read_text(value, record.underlying_key);
        else if (name == "underlying_symbol")
            problem = read_text(value, record.underlying);
        else if (name == "tick_size")
            problem = read_number(value, record.tick_size_paise, "The tick size is not above 0.");
        else if (name == "qty_multiplier")
            problem = read_number(value, record.qty_multiplier, "The qty_multiplier is not above 0.");
        else if (name == "strike_price")
            problem = read_number(value, record.strike_price, nullptr);
        else if (name == "lot_size")
            problem = read_lot(value, record.lot_size);
        else if (name == "expiry")
            problem = read_expiry(value, record.expiry);
        else
            other = true;
        if (problem) return problem;
        if (!other) continue;
        std::string_view raw;
        if ((problem = read_raw(value, raw))) return problem;
        if (details.size() > 1) details += ',';
        details.append(1, '"').append(name).append("\":").append(raw);
        if (name == "weekly" && (raw == "true" || raw == "false")) record.weekly = raw == "true";
        if (name == "minimum_lot") minimum_lot = to_lot(raw);
    }
    details += '}';
    // What is only handed on has not been looked at so far. jsonb has no NUL.
    details.reserve(details.size() + simdjson::SIMDJSON_PADDING);
    if (strict_.parse(details.data(), details.size(), false).error() || details.find("\\u0000") != details.npos)
        return "The record is no valid JSON.";
    if (record.instrument_key.empty()) return "There is no instrument_key.";
    if (record.segment.empty()) return "There is no segment.";
    if (!record.instrument_key.starts_with(record.segment + '|')) return "The instrument_key is not of the segment.";
    if (record.exchange.empty()) return "There is no exchange.";
    if (is_of_other_exchange(record)) return "The segment is of another exchange.";
    if (record.instrument_type.empty()) return "There is no instrument_type.";
    if (record.trading_symbol.empty()) return "There is no trading_symbol.";
    if (!record.lot_size) record.lot_size = minimum_lot;
    if (record.is_option() || record.is_future()) {
        if (!record.expiry) return "A derivative without expiry.";
        if (!record.lot_size) return "A derivative without lot size.";
        if (record.is_option() && !record.strike_price) return "An option without strike price.";
        if (record.is_option() && !(std::strtod(record.strike_price->c_str(), nullptr) > 0))
            return "The strike price is not above 0.";
        if (record.is_option() && names_other_type(record))
            return "The trading_symbol is of another option type than the instrument_type.";
    }
    return nullptr;
}

std::string InstrumentParser::key_of(simdjson::padded_string_view text) {
    json::document document;
    std::string_view key;
    if (parser_.iterate(text).get(document) || document.find_field_unordered("instrument_key").get_string().get(key))
        return {};
    return std::string(trim(key));
}

}  // namespace pg_candle::upstox
