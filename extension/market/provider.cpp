#include "market/provider.hpp"

#include <chrono>

namespace pg_candle::provider {
namespace {

/// In months.
constexpr int all = 12 * 10'000;

int longest_request(const Timeframe& timeframe, bool expired) noexcept {
    if (expired) return 1;
    switch (timeframe.unit) {
        case Timeframe::Unit::minute:
            return timeframe.count <= 15 ? 1 : 3;
        case Timeframe::Unit::hour:
            return 3;
        case Timeframe::Unit::day:
            return 12 * 10;
        case Timeframe::Unit::week:
        case Timeframe::Unit::month:
            return all;
    }
    return 1;
}

}  // namespace

std::int32_t request_end(const Timeframe& timeframe, bool expired, std::int32_t date) noexcept {
    using namespace std::chrono;
    constexpr sys_days epoch{year{2000} / 1 / 1};
    const int length = longest_request(timeframe, expired);
    const year_month_day whole{epoch + days{date}};
    const int month_number =
        12 * static_cast<int>(whole.year()) + static_cast<int>(static_cast<unsigned>(whole.month())) - 1;
    const int next = month_number / length * length + length;
    return static_cast<std::int32_t>((sys_days{year{next / 12} / (next % 12 + 1) / 1} - epoch).count());
}

}  // namespace pg_candle::provider
