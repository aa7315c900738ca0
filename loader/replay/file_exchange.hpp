#pragma once
#include <map>

#include "replay/market.hpp"

namespace pg_candle::replay {

/// Candle files as the provider's market: each file of a folder is an instrument, named by the file (`RELIANCE.csv.gz`
/// becomes `NSE_EQ|RELIANCE`). Minutes and days are told apart by their times; days are made from minutes where there
/// are no others.
class FileExchange : public Market {
public:
    /// Reads `*.csv` and `*.csv.gz` of these folders, at most `most` files of each. Throws Failure.
    FileExchange(const std::vector<std::string>& folders, const std::string& segment, std::size_t most);

    std::vector<Listing> listed(std::chrono::sys_days today) const override;
    std::vector<Listing> expired(const std::string&, std::chrono::sys_days,
                                 std::optional<std::chrono::sys_days>) const override {
        return {};
    }
    std::vector<Bar> bars(const Listing& listing, Width width, std::chrono::sys_days from,
                          std::chrono::sys_days to) const override;
    /// A day on which anything traded.
    bool is_session(std::chrono::sys_days day) const override;

private:
    struct Series {
        std::vector<Bar> minutes, days;
    };
    std::string segment_;
    std::map<std::string, Series> series_;  // by symbol
};

}  // namespace pg_candle::replay
