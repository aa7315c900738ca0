#include "upstox/quotes.hpp"

#include <cmath>

#include "model/candle.hpp"

namespace pg_candle::upstox {
namespace json = simdjson::ondemand;

namespace {

/// A number, or null where there is none; false if it is something else.
bool read_amount(json::value value, std::optional<double>& amount) {
    if (is_null(value)) return true;
    double number;
    if (value.get_double().get(number) || !std::isfinite(number) || number < 0) return false;
    amount = number;
    return true;
}

}  // namespace

Parsed QuoteParser::parse(const JsonText& body, std::vector<Quote>& quotes, std::map<std::string, int>& rejected) {
    json::document document;
    json::object whole, data;
    std::string_view status;
    if (!check_.is_json(body)) return Parsed::malformed;
    if (parser_.iterate(body.padded()).get(document) || document.get_object().get(whole)) return Parsed::malformed;
    if (whole.find_field_unordered("status").get_string().get(status)) return Parsed::malformed;
    if (status != "success") return Parsed::refused;
    if (whole.find_field_unordered("data").get_object().get(data)) return Parsed::malformed;
    for (auto item : data) {
        json::field field;
        if (std::move(item).get(field)) return Parsed::malformed;
        json::object entry;
        if (const auto error = field.value().get_object().get(entry)) {
            if (error != simdjson::INCORRECT_TYPE) return Parsed::malformed;
            ++rejected["the entry is no object"];
            continue;
        }
        Quote quote{};
        quote.name = escaped_key(field);
        const char* reason = nullptr;
        bool has_price = false;
        for (auto inner : entry) {
            json::field one;
            if (std::move(inner).get(one)) return Parsed::malformed;
            const auto name = escaped_key(one);
            json::value value = one.value();
            std::string_view text;
            if (name == "instrument_token") {
                if (value.get_string().get(text) == simdjson::SUCCESS) quote.instrument_key = text;
            } else if (name == "last_price") {
                has_price =
                    value.get_double().get(quote.last_price) == simdjson::SUCCESS && std::isfinite(quote.last_price);
            } else if (name == "cp") {
                if (!read_amount(value, quote.previous_close)) reason = "the previous close is no number";
            } else if (name == "volume") {
                if (!read_amount(value, quote.volume)) reason = "the volume is no number";
            } else if (name == "ltq") {
                if (!read_amount(value, quote.last_quantity)) reason = "the last quantity is no number";
            }
        }
        if (quote.instrument_key.empty())
            reason = "there is no instrument_token";
        else if (!has_price)
            reason = "the last price is no number";
        else if (quote.last_price <= 0)
            reason = "the last price is not above 0";
        else if (const char* problem = implausible_price(quote.last_price))
            reason = problem;
        else if (!quote.name.starts_with(quote.instrument_key.substr(0, quote.instrument_key.find('|')) + ':'))
            reason = "the entry's name is of another segment than its instrument_token";
        if (reason)
            ++rejected[reason];
        else
            quotes.push_back(std::move(quote));
    }
    return Parsed::taken;
}

}  // namespace pg_candle::upstox
