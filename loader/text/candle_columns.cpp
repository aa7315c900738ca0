#include "text/candle_columns.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string>

namespace pg_candle {
namespace {

struct Name {
    std::string_view name;
    Column column;
};

/// Letters and digits only. Sources: TradingView, Binance, Kite, Yahoo, NSE and BSE bhavcopies and reports, Investing,
/// MetaTrader, Amibroker, Dukascopy, Fyers, our own export.
constexpr Name names[] = {
    {"ts", Column::instant},
    {"timestamp", Column::instant},
    {"datetime", Column::instant},
    {"dateandtime", Column::instant},
    {"datetimeist", Column::instant},
    {"opentime", Column::instant},
    {"bartime", Column::instant},
    {"candletime", Column::instant},
    {"starttime", Column::instant},
    {"localtime", Column::instant},
    {"gmttime", Column::instant_utc},
    {"utctime", Column::instant_utc},
    {"timeutc", Column::instant_utc},
    {"timegmt", Column::instant_utc},
    {"datetimeutc", Column::instant_utc},
    {"date", Column::date},
    {"tradedate", Column::date},
    {"tradingdate", Column::date},
    {"dateoftrading", Column::date},
    {"date1", Column::date},
    {"traddt", Column::date},
    {"time", Column::clock},
    {"open", Column::open},
    {"o", Column::open},
    {"openprice", Column::open},
    {"opnpric", Column::open},
    {"high", Column::high},
    {"h", Column::high},
    {"highprice", Column::high},
    {"hghpric", Column::high},
    {"low", Column::low},
    {"l", Column::low},
    {"lowprice", Column::low},
    {"lwpric", Column::low},
    {"close", Column::close},
    {"c", Column::close},
    {"closeprice", Column::close},
    {"closingprice", Column::close},
    {"clspric", Column::close},
    {"closeclosepriceadjustedforsplits", Column::close},
    {"price", Column::last},
    {"last", Column::last},
    {"lastprice", Column::last},
    {"ltp", Column::last},
    {"lastpric", Column::last},
    {"volume", Column::volume},
    {"vol", Column::volume},
    {"v", Column::volume},
    {"totaltradedquantity", Column::volume},
    {"tottrdqty", Column::volume},
    {"ttltrdqnty", Column::volume},
    {"ttltradgvol", Column::volume},
    {"tradedquantity", Column::volume},
    {"tradedqty", Column::volume},
    {"sharestraded", Column::volume},
    {"noofshares", Column::volume},
    {"quantity", Column::volume},
    {"qty", Column::volume},
    {"tickvol", Column::tick_volume},
    {"tickvolume", Column::tick_volume},
    {"oi", Column::open_interest},
    {"openinterest", Column::open_interest},
    {"openint", Column::open_interest},
    {"opint", Column::open_interest},
    {"opnintrst", Column::open_interest},
    {"symbol", Column::symbol},
    {"code", Column::symbol},
    {"ticker", Column::symbol},
    {"tradingsymbol", Column::symbol},
    {"tckrsymb", Column::symbol},
    {"scrip", Column::symbol},
    {"instrumentkey", Column::instrument_key},
    {"exchange", Column::exchange},
};

/// What the bhavcopies and brokers tell contracts of one underlying apart by.
constexpr std::string_view contract_names[] = {"strikepr",   "strikeprice", "strkpric", "strike",
                                               "optiontyp",  "optiontype",  "optntp",   "expirydt",
                                               "expirydate", "expiry",      "xprydt",   "fininstrmactlxprydt"};

std::string plain_name(std::string_view name) {
    std::string plain;
    for (const char c : name)
        if (std::isalnum(static_cast<unsigned char>(c)))
            plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return plain;
}

}  // namespace

bool tells_contracts_apart(std::string_view name) {
    return std::find(std::begin(contract_names), std::end(contract_names), plain_name(name)) !=
           std::end(contract_names);
}

std::optional<Column> column_of(std::string_view name) {
    const std::string plain = plain_name(name);
    // Amibroker writes both in one.
    if (name.find('/') != name.npos && plain == "datetime") return Column::instant;
    for (const Name& one : names)
        if (plain == one.name) return one.column;
    return {};
}

}  // namespace pg_candle
