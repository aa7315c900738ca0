#pragma once
#include <thread>

#include "replay/market.hpp"
#include "replay/synthetic_market.hpp"

namespace pg_candle::replay {

/// The synthetic market as the provider's: its stocks and indices, listed at NSE and (the stocks) at BSE, and futures
/// and options of seven of them. Three monthly expiries trade at a time; a contract trades for three months, with 11
/// strikes around the price at its listing. Keys are used again after six months, as they are in reality. A contract's
/// candles follow from its underlying's by sums, products and square roots alone; since 2026-08-03 they trade ten
/// minutes longer.
class SyntheticExchange : public Market {
public:
    /// Walks all instruments' lives in the background, so that first requests need not wait for it.
    explicit SyntheticExchange(std::uint64_t seed);

    std::vector<Listing> listed(std::chrono::sys_days today) const override;
    std::vector<Listing> expired(const std::string& underlying_key, std::chrono::sys_days today,
                                 std::optional<std::chrono::sys_days> expiry) const override;
    std::vector<Bar> bars(const Listing& listing, Width width, std::chrono::sys_days from,
                          std::chrono::sys_days to) const override;
    bool is_session(std::chrono::sys_days day) const override { return SyntheticMarket::is_session(day); }

private:
    const Instrument* find(const std::string& key) const;
    std::vector<Listing> contracts(const Instrument& underlying, std::chrono::year_month month) const;

    SyntheticMarket market_;
    std::vector<std::jthread> walkers_;
};

}  // namespace pg_candle::replay
