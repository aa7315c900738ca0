#include "upstox/quotes.hpp"

#include <cmath>

namespace pg_candle::upstox {
namespace json = simdjson::ondemand;

std::optional<double> Quote::change() const {
    if (!previous_close) return {};
    return last_price - *previous_close;
}

std::optional<double> Quote::change_percent() const {
    if (!previous_close || *previous_close == 0) return {};
    return 100 * (last_price - *previous_close) / *previous_close;
}

Parsed QuoteParser::parse(const JsonText& body, std::vector<Quote>& quotes, int& bad) {
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
            ++bad;
            continue;
        }
        Quote quote{};
        bool has_price = false;
        for (auto inner : entry) {
            json::field one;
            if (std::move(inner).get(one)) return Parsed::malformed;
            const auto name = escaped_key(one);
            json::value value = one.value();
            double number;
            std::string_view text;
            if (name == "instrument_token") {
                if (value.get_string().get(text) == simdjson::SUCCESS) quote.instrument_key = text;
            } else if (name == "last_price") {
                has_price =
                    value.get_double().get(quote.last_price) == simdjson::SUCCESS && std::isfinite(quote.last_price);
            } else if (name == "cp") {
                if (value.get_double().get(number) == simdjson::SUCCESS && std::isfinite(number))
                    quote.previous_close = number;
            } else if (name == "volume") {
                if (value.get_double().get(number) == simdjson::SUCCESS && number >= 0) quote.volume = number;
            } else if (name == "ltq") {
                if (value.get_double().get(number) == simdjson::SUCCESS && number >= 0) quote.last_quantity = number;
            }
        }
        if (has_price && !quote.instrument_key.empty())
            quotes.push_back(std::move(quote));
        else
            ++bad;
    }
    return Parsed::taken;
}

}  // namespace pg_candle::upstox
