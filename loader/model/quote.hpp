#pragma once
#include <optional>
#include <string>

namespace pg_candle {

/// A last traded price. `instrument_key` is the pipe form from inside the answer, which is what was asked for; `name`
/// is the answer's outer key (`NSE_EQ:NIFTYBEES`), by trading symbol.
struct Quote {
    std::string instrument_key, name;
    double last_price;
    std::optional<double> volume, last_quantity, previous_close;

    std::optional<double> change() const;
    std::optional<double> change_percent() const;
};

}  // namespace pg_candle
