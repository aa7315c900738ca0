#include "upstox/candles.hpp"

namespace pg_candle::upstox {
namespace {

namespace json = simdjson::ondemand;

/// An error of the row's content, after which the parser still knows where it is.
bool of_content(simdjson::error_code error) {
    return error == simdjson::INCORRECT_TYPE || error == simdjson::NUMBER_ERROR ||
           error == simdjson::NUMBER_OUT_OF_RANGE || error == simdjson::STRING_ERROR;
}

/// Whole numbers are exact up to there.
constexpr double largest_amount = 9007199254740992;

/// Reads one row. The provider gives all seven columns. `reason` is set when the row is no candle; the result is an
/// error when the JSON is broken.
simdjson::error_code read_row(json::array row, Candle& candle, const char*& reason) {
    double* const prices[] = {&candle.open, &candle.high, &candle.low, &candle.close};
    std::optional<double>* const amounts[] = {&candle.volume, &candle.oi};
    std::size_t column = 0;
    reason = nullptr;
    for (auto item : row) {
        json::value value;
        if (const auto error = item.get(value)) return error;
        simdjson::error_code error = simdjson::SUCCESS;
        if (column == 0) {
            std::string_view text;
            error = value.get_string().get(text);
            const auto start = error ? std::nullopt : parse_instant(text);
            if (start)
                candle.start = *start;
            else if (!reason)
                reason = "the time cannot be read";
            // All its times are India's; in another zone the same digits would be another moment.
            if (start && !text.ends_with("+05:30") && !reason) reason = "the time is not India's";
        } else if (column <= 4) {
            error = value.get_double().get(*prices[column - 1]);
            if (error && !reason) reason = "a price is no number";
        } else if (column <= 6) {
            double amount;
            error = value.get_double().get(amount);
            if ((error || amount > largest_amount) && !reason)
                reason = column == 5 ? "the volume is no number" : "the open interest is no number";
            if (!error) *amounts[column - 5] = amount;
        }
        if (error && !of_content(error)) return error;
        ++column;
    }
    if (column < 7 && !reason) reason = "the row is too short";
    return simdjson::SUCCESS;
}

}  // namespace

Parsed CandleParser::parse(const JsonText& body, const Timeframe& timeframe, CandleBatch& batch) {
    json::document document;
    json::object whole, data;
    json::array rows;
    std::string_view status;
    if (!check_.is_json(body)) return Parsed::malformed;
    if (parser_.iterate(body.padded()).get(document) || document.get_object().get(whole)) return Parsed::malformed;
    if (whole.find_field_unordered("status").get_string().get(status)) return Parsed::malformed;
    if (status != "success" || check_.has_errors()) return Parsed::refused;
    if (whole.find_field_unordered("data").get_object().get(data) ||
        data.find_field_unordered("candles").get_array().get(rows))
        return Parsed::malformed;
    for (auto item : rows) {
        json::value value;
        json::array row;
        if (item.get(value)) return Parsed::malformed;
        if (const auto error = value.get_array().get(row)) {
            if (!of_content(error)) return Parsed::malformed;
            ++batch.rejected["the row is no list"], ++batch.unreadable;
            continue;
        }
        Candle candle{};
        const char* reason;
        if (read_row(row, candle, reason)) return Parsed::malformed;
        if (reason)
            ++batch.rejected[reason], ++batch.unreadable;
        else if ((reason = implausible(candle)))
            ++batch.rejected[reason];
        else
            add_candle(batch, timeframe, candle);
    }
    return Parsed::taken;
}

}  // namespace pg_candle::upstox
