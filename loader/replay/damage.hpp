#pragma once
#include <cstdint>
#include <string>

namespace pg_candle::replay {

/// An answer that still is JSON, with a field of one kind damaged in one place or in all: of another type, away, beyond
/// all measure, a time in another form or off its minute, or a row that comes a second time with another price. Nothing
/// that could also be true: whoever reads it can tell. `seed` decides; a body without a field to damage stays as it is.
std::string damage(const std::string& body, std::uint64_t seed);

/// An answer of candles with rows of a year before added, which nobody asked for.
std::string add_foreign_rows(const std::string& body);

}  // namespace pg_candle::replay
