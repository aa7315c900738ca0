#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "model/india_time.hpp"

namespace pg_candle {

/// One record of an instrument file or of a contract endpoint. Numbers are kept as they were written, so that nothing
/// is rounded on the way to a numeric column.
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

}  // namespace pg_candle
