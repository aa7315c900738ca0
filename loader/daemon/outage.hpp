#pragma once
#include <chrono>
#include <random>
#include <string>

#include "ingest/settings.hpp"

namespace pg_candle::daemon {

/// While the provider answers nothing, it is asked less and less often: from half a minute to a quarter of an hour.
class Outage {
public:
    explicit Outage(const ingest::Settings& settings) : settings_(settings) {}

    void wait(const std::string& why);

    /// Something was answered.
    void end();

private:
    const ingest::Settings& settings_;
    std::chrono::milliseconds delay_{0};
    std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace pg_candle::daemon
