#include "upstox/record_scanner.hpp"

#include <cstring>

#include "model/failure.hpp"

namespace pg_candle::upstox {
namespace {

constexpr std::size_t window_size = 1 << 18;
constexpr std::size_t longest_record = 1 << 20;

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// Where the scan stands, between bytes.
enum class Place { before_array, before_record, in_record, after_record, after_array };

[[noreturn]] void fail(const std::string& what, std::int64_t offset) {
    throw Failure(Exit::failed, "The instrument file " + what + " at byte " + std::to_string(offset) + ".");
}

}  // namespace

void RecordScanner::scan(ByteSource& source, const Take& take) {
    // The window holds the unfinished record from its first byte on, then what was read last.
    std::vector<char> window(window_size + simdjson::SIMDJSON_PADDING);
    std::size_t size = 0, at = 0, record = 0;
    std::int64_t base = 0;  // offset of the window's first byte in the text
    std::int64_t number = 0;
    Place place = Place::before_array;
    int depth = 0;
    bool in_string = false, escaped = false, first = true;

    const auto finish = [&](std::size_t end) {
        std::size_t last = end;
        while (last > record && is_blank(window[last - 1])) --last;
        take(simdjson::padded_string_view(window.data() + record, last - record, window.size() - record), ++number,
             base + static_cast<std::int64_t>(record));
        first = false;
    };

    for (;;) {
        for (; at < size; ++at) {
            const char c = window[at];
            if (place == Place::in_record) {
                if (in_string) {
                    if (escaped)
                        escaped = false;
                    else if (c == '\\')
                        escaped = true;
                    else if (c == '"')
                        in_string = false;
                    continue;
                }
                if (c == '"') {
                    in_string = true;
                } else if (c == '{' || c == '[') {
                    ++depth;
                } else if (c == '}' || c == ']') {
                    if (depth == 0) {  // the array's end behind a bare value
                        if (c == '}') fail("closes a brace that was not opened", base + static_cast<std::int64_t>(at));
                        finish(at);
                        place = Place::after_array;
                    } else if (--depth == 0) {
                        finish(at + 1);
                        place = Place::after_record;
                    }
                } else if (c == ',' && depth == 0) {
                    finish(at);
                    place = Place::before_record;
                }
                continue;
            }
            if (is_blank(c)) continue;
            const std::int64_t offset = base + static_cast<std::int64_t>(at);
            switch (place) {
                case Place::before_array:
                    if (offset < 3 && std::strchr("\xef\xbb\xbf", c) && c != '\0') break;  // byte order mark
                    if (c != '[') fail("is no JSON array: it does not begin with [", offset);
                    place = Place::before_record;
                    break;
                case Place::before_record:
                    if (c == ']' && first) {
                        place = Place::after_array;
                    } else if (c == ']' || c == ',') {
                        fail("lacks a record", offset);
                    } else {
                        place = Place::in_record;
                        record = at;
                        depth = 0;
                        --at;  // look at this byte again, as part of the record
                    }
                    break;
                case Place::after_record:
                    if (c == ',')
                        place = Place::before_record;
                    else if (c == ']')
                        place = Place::after_array;
                    else
                        fail("lacks a comma", offset);
                    break;
                case Place::after_array:
                    fail("goes on after its array", offset);
                case Place::in_record:
                    break;
            }
        }
        const std::size_t kept = place == Place::in_record ? size - record : 0;
        std::memmove(window.data(), window.data() + (size - kept), kept);
        base += static_cast<std::int64_t>(size - kept);
        record = 0;
        at = size = kept;
        if (size + simdjson::SIMDJSON_PADDING >= window.size()) {
            if (size >= longest_record) fail("holds a record longer than 1 MiB", base);
            window.resize(2 * window.size());
        }
        const std::size_t count = source.read(window.data() + size, window.size() - simdjson::SIMDJSON_PADDING - size);
        if (count == 0) break;
        size += count;
    }
    if (place != Place::after_array) fail("ends before its array does,", base + static_cast<std::int64_t>(size));
}

}  // namespace pg_candle::upstox
