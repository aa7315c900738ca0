#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "model/india_time.hpp"
#include "model/instrument_record.hpp"
#include "text/json.hpp"

namespace pg_candle::upstox {

/// Reads one record (upstox.md 8.2, 8.3, 4.1). `expiry` may be milliseconds since 1970 (the date in India counts) or a
/// date; `minimum_lot` stands in for a missing `lot_size`.
class InstrumentParser {
public:
    /// Nullptr, or why the text is no usable record: a sentence of static storage.
    const char* parse(simdjson::padded_string_view text, InstrumentRecord& record);

    /// The instrument_key of a record that cannot be used; empty if that cannot be read either.
    std::string key_of(simdjson::padded_string_view text);

private:
    simdjson::ondemand::parser parser_;
    simdjson::dom::parser strict_;
};

}  // namespace pg_candle::upstox
