#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "store/connection.hpp"

namespace pg_candle::daemon {

/// Tells of alerts that were opened or closed since it was asked last, by whomever: a line each.
class AlertNews {
public:
    void tell(store::Connection& connection);

private:
    static constexpr int most = 10;
    std::map<std::int64_t, std::string> open_;
};

}  // namespace pg_candle::daemon
