#include "replay/holes.hpp"

#include <cmath>
#include <random>

namespace pg_candle::replay {
namespace {

constexpr std::int64_t utc_offset = 19800, day_seconds = 86400;

struct Hole {
    int from = 0, to = 0;  ///< minutes since midnight
};

Hole hole_of(const std::string& key, std::int64_t day, double share) {
    std::uint64_t seed = static_cast<std::uint64_t>(day);
    for (const char c : key) seed = seed * 1099511628211U + static_cast<unsigned char>(c);
    std::mt19937_64 random(seed);
    const double luck = static_cast<double>(random() >> 11) * 0x1p-53;
    if (luck < share / 4) return {0, 1440};
    if (luck >= share) return {};
    const int from = 555 + static_cast<int>(random() % 370);
    return {from, from + 1 + static_cast<int>(random() % 40)};
}

}  // namespace

std::vector<Bar> MarketWithHoles::bars(const Listing& listing, Width width, std::chrono::sys_days from,
                                       std::chrono::sys_days to) const {
    std::vector<Bar> bars = whole_.bars(listing, width, from, to);
    if (const auto split = splits_.find(listing.key); split != splits_.end())
        for (Bar& bar : bars) {
            for (double* price : {&bar.open, &bar.high, &bar.low, &bar.close})
                *price = std::max(1.0, std::floor(*price / split->second * 20 + 0.5)) / 20;
            bar.volume = std::floor(bar.volume * split->second);
        }
    std::int64_t day = -1;
    Hole hole;
    std::erase_if(bars, [&](const Bar& bar) {
        const std::int64_t local = bar.start + utc_offset;
        if (local / day_seconds != day) day = local / day_seconds, hole = hole_of(listing.key, day, share_);
        if (width == Width::day) return hole.to == 1440;
        const auto minute = static_cast<int>(local % day_seconds / 60);
        return minute >= hole.from && minute < hole.to;
    });
    return bars;
}

}  // namespace pg_candle::replay
