// Whatever the body: a quote that comes out has a key and a finite price above 0.
#include <cmath>
#include <map>

#include "fuzz.hpp"
#include "upstox/quotes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pg_candle;
    static upstox::QuoteParser parser;
    std::vector<Quote> quotes;
    std::map<std::string, int> rejected;
    parser.parse(JsonText(text_of(data, size)), quotes, rejected);
    for (const auto& quote : quotes) {
        must(!quote.instrument_key.empty() && std::isfinite(quote.last_price) && quote.last_price > 0);
        must(quote.volume.value_or(0) >= 0 && quote.last_quantity.value_or(0) >= 0);
        if (const auto percent = quote.change_percent()) must(quote.previous_close.value_or(0) != 0);
    }
    return 0;
}
