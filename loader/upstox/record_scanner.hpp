#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "text/byte_source.hpp"
#include "text/json.hpp"

namespace pg_candle::upstox {

/// Cuts the elements out of one long JSON array, such as an instrument file of 59 MB, in constant memory: only strings
/// and brackets are looked at, each element is handed on as it stands. Throws Failure when the text is no array, ends
/// before the array does, goes on after it, or holds an element above 1 MiB.
class RecordScanner {
public:
    /// `record`: the element's text with room behind it for simdjson, valid during the call. `number` counts from 1;
    /// `offset` is its first byte in the (unpacked) text.
    using Take = std::function<void(simdjson::padded_string_view record, std::int64_t number, std::int64_t offset)>;

    static void scan(ByteSource& source, const Take& take);
};

}  // namespace pg_candle::upstox
