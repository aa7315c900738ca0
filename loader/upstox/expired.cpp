#include "upstox/expired.hpp"

#include "upstox/list_answer.hpp"

namespace pg_candle::upstox {

using Json = nlohmann::json;

Parsed parse_expiries(std::string_view body, std::vector<Date>& expiries) {
    Json data;
    if (const Parsed parsed = read_list(body, data); parsed != Parsed::taken) return parsed;
    for (const Json& one : data) {
        const auto date = one.is_string() ? parse_date(one.get<std::string>()) : std::nullopt;
        if (!date) return Parsed::malformed;
        expiries.push_back(*date);
    }
    return Parsed::taken;
}

Parsed parse_contracts(std::string_view body, std::vector<InstrumentRecord>& contracts, int& bad) {
    Json data;
    if (const Parsed parsed = read_list(body, data); parsed != Parsed::taken) return parsed;
    InstrumentParser parser;
    for (const Json& one : data) {
        const JsonText text(one.dump());
        InstrumentRecord record;
        const bool usable = parser.parse(text.padded(), record) == nullptr && record.expiry;
        const std::size_t bar = usable ? record.instrument_key.rfind('|') : std::string::npos;
        if (bar == std::string::npos || record.instrument_key.find('|') == bar) {
            ++bad;
            continue;
        }
        record.instrument_key.resize(bar);
        contracts.push_back(std::move(record));
    }
    return Parsed::taken;
}

}  // namespace pg_candle::upstox
