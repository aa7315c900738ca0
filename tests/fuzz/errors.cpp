// Whatever the body: an error has a message of one line.
#include "fuzz.hpp"
#include "upstox/api_error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pg_candle;
    static upstox::ErrorParser parser;
    const auto error = parser.parse(JsonText(text_of(data, size)), 400);
    must(!error.message.empty() && error.message.size() <= 300 && error.code.size() <= 300);
    must(error.text().find('\n') == std::string::npos);
    return 0;
}
