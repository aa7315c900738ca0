#pragma once
#include <map>

#include "replay/market.hpp"

namespace pg_candle::replay {

/// A market of which the provider changed or lost something: prices of some keys are divided by a factor, as after a
/// split, and of a share of all sessions of an instrument a stretch of minutes is missing, of a quarter as many the
/// whole day. The same key and date always have the same hole.
class MarketWithHoles : public Market {
public:
    MarketWithHoles(const Market& whole, double share, std::map<std::string, double> splits)
        : whole_(whole), share_(share), splits_(std::move(splits)) {}

    std::vector<Listing> listed(std::chrono::sys_days today) const override { return whole_.listed(today); }
    std::vector<Listing> expired(const std::string& underlying_key, std::chrono::sys_days today,
                                 std::optional<std::chrono::sys_days> expiry) const override {
        return whole_.expired(underlying_key, today, expiry);
    }
    std::vector<Bar> bars(const Listing& listing, Width width, std::chrono::sys_days from,
                          std::chrono::sys_days to) const override;
    bool is_session(std::chrono::sys_days day) const override { return whole_.is_session(day); }

private:
    const Market& whole_;
    double share_;
    std::map<std::string, double> splits_;
};

}  // namespace pg_candle::replay
