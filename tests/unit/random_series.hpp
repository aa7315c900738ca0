#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "unit/compute.hpp"

namespace pg_candle {

/// What a random series looks like.
struct SeriesStyle {
    double start = 1000;
    double step = 1;    ///< of a close against the one before
    double flat = 0.1;  ///< share of candles that do not move at all
    double jump = 0;    ///< share of candles that jump by a quarter of the price
    double unknown_volume = 0;
    bool positive = true;
    int session_candles = 75;
};

inline TestSeries random_series(unsigned seed, std::size_t size, const SeriesStyle& style = {}) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> move(0, style.step);
    std::uniform_real_distribution<double> share(0, 1);
    TestSeries series;
    double close = style.start;
    for (std::size_t i = 0; i < size; ++i) {
        const double before = close;
        const auto volume = [&] {
            if (share(random) < style.unknown_volume) return std::numeric_limits<double>::quiet_NaN();
            return std::floor(1e5 * share(random));
        };
        const std::int64_t session = 1 + static_cast<std::int64_t>(i) / style.session_candles;
        if (share(random) < style.flat) {
            series.add(before, before, before, before, share(random) < 0.5 ? 0 : volume(), session);
            continue;
        }
        if (share(random) < style.jump) close *= share(random) < 0.5 ? 0.75 : 1.25;
        const double open = before + move(random) / 4;
        close += move(random);
        if (style.positive) close = std::max(close, style.start / 100);
        const double high = std::max(open, close) + std::fabs(move(random)) / 3;
        const double low = std::min(open, close) - std::fabs(move(random)) / 3;
        series.add(open, high, low, close, volume(), session);
    }
    return series;
}

}  // namespace pg_candle
