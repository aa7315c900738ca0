#include "store/instruments.hpp"

#include "model/failure.hpp"

namespace pg_candle::store {
namespace {

std::vector<Instrument> read(const Rows& rows) {
    std::vector<Instrument> instruments;
    for (int i = 0; i < rows.size(); ++i)
        instruments.push_back({static_cast<int>(rows.number(i, 0)), rows.str(i, 1), rows.str(i, 2)});
    return instruments;
}

}  // namespace

Instrument find_instrument(Connection& connection, const std::string& text) {
    try {
        const auto found =
            read(connection.run("SELECT instrument_id, instrument_key, trading_symbol FROM instrument_master WHERE "
                                "instrument_id = (SELECT instrument_id($1))",
                                {text}));
        if (found.size() == 1) return found[0];
    } catch (const SqlError& error) {
        if (error.state.empty() || error.state == "57014") throw;
        const bool unknown = error.state == "42704";
        throw Failure(
            Exit::failed, error.what(),
            unknown ? "\"pgcandle search " + text + "\" looks for names, ISINs and misspelt symbols, too." : "");
    }
    throw Failure(Exit::failed, "There is no instrument \"" + text + "\".");
}

std::vector<Instrument> watched_instruments(Connection& connection) {
    return read(
        connection.run("SELECT m.instrument_id, m.instrument_key, m.trading_symbol FROM watchlist w "
                       "JOIN instrument_master m USING (instrument_id) WHERE m.is_active ORDER BY 1"));
}

std::vector<Instrument> trading_instruments(Connection& connection) {
    return read(
        connection.run("WITH watched AS MATERIALIZED (SELECT m.instrument_id, m.instrument_key, m.trading_symbol, "
                       "calendar_of_segment(m.segment) AS calendar "
                       "FROM watchlist w JOIN instrument_master m USING (instrument_id) WHERE m.is_active) "
                       ", calendars AS MATERIALIZED (SELECT DISTINCT calendar FROM watched) "
                       "SELECT instrument_id, instrument_key, trading_symbol FROM watched "
                       "WHERE calendar IN (SELECT calendar FROM calendars WHERE CASE WHEN calendar_problem(calendar) "
                       "IS NULL THEN market_is_open(calendar, candle_now()) END) ORDER BY 1"));
}

}  // namespace pg_candle::store
