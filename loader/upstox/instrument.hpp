#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "india_time.hpp"
#include "text/json.hpp"

namespace pg_candle::upstox {

/// One record of an instrument file or of a contract endpoint. Numbers are kept as they were written, so that nothing is
/// rounded on the way to a numeric column.
struct InstrumentRecord {
    std::string instrument_key, exchange, segment, instrument_type, trading_symbol;
    std::optional<std::string> name, isin, exchange_token, underlying_key, underlying;
    std::optional<Date> expiry;
    std::optional<std::int32_t> lot_size;
    std::optional<std::string> tick_size_paise, qty_multiplier, strike_price;
    std::optional<bool> weekly;
    std::string details;  ///< a JSON object of all other fields, which PostgreSQL accepts as jsonb

    bool is_option() const { return instrument_type == "CE" || instrument_type == "PE"; }
    bool is_future() const { return instrument_type == "FUT"; }
};

/// Reads one record (upstox.md 8.2, 8.3, 4.1). `expiry` may be milliseconds since 1970 (the date in India counts) or a date;
/// `minimum_lot` stands in for a missing `lot_size`.
class InstrumentParser {
public:
    /// Nullptr, or why the text is no usable record: a sentence of static storage.
    const char* parse(simdjson::padded_string_view text, InstrumentRecord& record);

    /// The instrument_key of a record that cannot be used; empty if that cannot be read either.
    std::string key_of(simdjson::padded_string_view text);

private:
    simdjson::ondemand::parser parser_;
    simdjson::dom::parser strict_;
};

}  // namespace pg_candle::upstox
