#pragma once
#include <optional>
#include <string_view>

namespace pg_candle {

/// What a column of a candle file holds.
enum class Column {
    instant,      ///< date and time of day
    instant_utc,  ///< the same, in UTC
    date,
    clock,  ///< the time of day beside a date
    open,
    high,
    low,
    close,
    last,  ///< stands in for the close
    volume,
    tick_volume,  ///< stands in for the volume
    open_interest,
    symbol,
    instrument_key,
    exchange
};
inline constexpr int column_kinds = 15;

/// What a column of that name holds: as brokers, exchanges and programs name it, whatever the case, blanks and signs.
std::optional<Column> column_of(std::string_view name);

/// Whether it is a strike, a type of option or an expiry: a symbol beside it names the underlying only.
bool tells_contracts_apart(std::string_view name);

}  // namespace pg_candle
