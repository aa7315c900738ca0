#pragma once
#include <string>
#include <string_view>

namespace pg_candle {

/// How many letters have to be added, removed, replaced or exchanged with their neighbour to turn one text into the
/// other; case and signs do not matter. `most`: above it, only that it is more.
int distance(std::string_view a, std::string_view b, int most);

}  // namespace pg_candle
