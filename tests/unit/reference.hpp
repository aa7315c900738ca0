#pragma once
#include <string>
#include <vector>

#include "unit/compute.hpp"

namespace pg_candle {

/// The column over the series as indicators.md defines it, in long double, each value from scratch where the definition
/// allows it: slow, simple, and sharing nothing with the kernels. NaN where there is no value.
std::vector<long double> reference(const TestSeries& series, const std::string& column);

}  // namespace pg_candle
