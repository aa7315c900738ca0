#include "model/quote.hpp"

namespace pg_candle {

std::optional<double> Quote::change() const {
    if (!previous_close) return {};
    return last_price - *previous_close;
}

std::optional<double> Quote::change_percent() const {
    if (!previous_close || *previous_close == 0) return {};
    return 100 * (last_price - *previous_close) / *previous_close;
}

}  // namespace pg_candle
