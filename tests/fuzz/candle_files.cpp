// Whatever the file: it is refused, or what comes out has times that can be written again.
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.hpp"
#include "model/failure.hpp"
#include "text/candle_csv.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pg_candle;
    static const int file = memfd_create("candles", 0);
    must(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == static_cast<ssize_t>(size));
    try {
        ByteSource source("/proc/self/fd/" + std::to_string(file));
        LineReader lines(source);
        std::string_view header;
        if (!lines.next(header)) return 0;
        CandleCsv csv(lines, std::string(header), {});
        for (CsvCandle row; csv.next(row);) must(parse_instant(format_instant(row.candle.start)) == row.candle.start);
    } catch (const Failure&) {
    }
    return 0;
}
