#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pg_candle::replay {

struct Bar {
    std::int64_t start;  ///< seconds since 1970 UTC
    double open, high, low, close;
    double volume, oi = 0;
};

/// What the provider knows about an instrument. For derivatives `expiry` is set; `strike` is that of an option.
struct Listing {
    std::string key, exchange, segment, type, symbol, name;
    std::optional<std::chrono::sys_days> expiry{};
    double strike = 0;
    int lot = 1;
    std::string underlying_key{}, underlying{}, underlying_type{};
};

enum class Width { minute, day };

/// What the replay server serves. Implementations may be called from several threads.
class Market {
public:
    virtual ~Market() = default;

    /// All that trades on that day.
    virtual std::vector<Listing> listed(std::chrono::sys_days today) const = 0;

    /// Contracts on that underlying that had expired by that day; with `expiry`, those of it only.
    virtual std::vector<Listing> expired(const std::string& underlying_key, std::chrono::sys_days today,
                                         std::optional<std::chrono::sys_days> expiry) const = 0;

    /// Candles of 1 minute or 1 day of an instrument, from one date to another, ascending.
    virtual std::vector<Bar> bars(const Listing& listing, Width width, std::chrono::sys_days from,
                                  std::chrono::sys_days to) const = 0;

    /// Whether the exchange trades on that day.
    virtual bool is_session(std::chrono::sys_days day) const = 0;
};

/// Wider candles from ascending ones: `minutes` counted from 09:15 in India, days, weeks from Monday, or months.
std::vector<Bar> widen_minutes(const std::vector<Bar>& bars, int minutes);
std::vector<Bar> widen_to_days(const std::vector<Bar>& minutes);
std::vector<Bar> widen_days(const std::vector<Bar>& days, bool to_months);

}  // namespace pg_candle::replay
