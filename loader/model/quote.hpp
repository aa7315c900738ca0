#pragma once
#include <optional>
#include <string>

namespace pg_candle {

/// A last traded price. `instrument_key` is the pipe form from inside the answer: the answer's outer keys
/// (`NSE_EQ:NIFTYBEES`) are trading symbols and not what was asked for.
struct Quote {
    std::string instrument_key;
    double last_price;
    std::optional<double> volume, last_quantity, previous_close;

    std::optional<double> change() const;
    std::optional<double> change_percent() const;
};

}  // namespace pg_candle
