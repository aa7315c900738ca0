// Whatever the body: candles that come out are candles, ascending and one per start once sorted.
#include "fuzz.hpp"
#include "upstox/candles.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pg_candle;
    static upstox::CandleParser parser;
    const JsonText body(text_of(data, size));
    for (const Timeframe timeframe : {Timeframe{Timeframe::Unit::minute, 1}, Timeframe{Timeframe::Unit::week, 1}}) {
        CandleBatch batch;
        parser.parse(body, timeframe, batch);
        for (const Candle& candle : batch.candles) {
            must(!impossible(candle));
            must(candle.volume.value_or(0) >= 0 && candle.oi.value_or(0) >= 0);
            must(parse_instant(format_instant(candle.start)) == candle.start);
        }
        sort_candles(batch, Repeated::refused);
        for (std::size_t i = 1; i < batch.candles.size(); ++i)
            must(batch.candles[i - 1].start < batch.candles[i].start);
    }
    return 0;
}
