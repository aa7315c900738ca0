// Whatever the file, plain or gzip: it is refused, or its records are complete and their details are JSON.
#include <sys/mman.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "fuzz.hpp"
#include "model/failure.hpp"
#include "upstox/instrument.hpp"
#include "upstox/record_scanner.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pg_candle;
    static const int file = memfd_create("instruments", 0);
    static upstox::InstrumentParser parser;
    must(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == static_cast<ssize_t>(size));
    try {
        ByteSource source("/proc/self/fd/" + std::to_string(file));
        InstrumentRecord record;
        upstox::RecordScanner::scan(source, [&](simdjson::padded_string_view text, std::int64_t, std::int64_t) {
            if (parser.parse(text, record)) return;
            must(!record.instrument_key.empty() && !record.segment.empty() && !record.trading_symbol.empty());
            must(!(record.is_option() || record.is_future()) || (record.expiry && record.lot_size));
            must(!record.tick_size_paise || !record.tick_size_paise->empty());
            const auto details = nlohmann::json::parse(record.details, nullptr, false);
            must(details.is_object());
        });
    } catch (const Failure&) {
    }
    return 0;
}
