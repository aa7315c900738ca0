#include "store/quote_store.hpp"

#include <charconv>

namespace pg_candle::store {
namespace {

/// The shortest text that reads back as the same number.
std::string text(double number) {
    char digits[32];
    return {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};
}

std::optional<std::string> optional_text(const std::optional<double>& number) {
    return number ? std::optional(text(*number)) : std::nullopt;
}

}  // namespace

std::int64_t store_quotes(Connection& connection, const std::vector<InstrumentQuote>& quotes, Instant at) {
    if (quotes.empty()) return 0;
    const std::string minute = sql_time(std::chrono::floor<std::chrono::minutes>(at));
    Transaction transaction(connection);
    connection.run("CREATE TEMP TABLE arriving_ltp (LIKE ltp_data) ON COMMIT DROP");
    connection.copy_begin(
        "COPY pg_temp.arriving_ltp (instrument_id, ts, ltp, volume, last_quantity, previous_close, change, "
        "change_percent) FROM STDIN");
    CopyText rows;
    for (const auto& [id, quote] : quotes) {
        rows.add(std::to_string(id));
        rows.add(minute);
        rows.add(text(quote.last_price));
        rows.add(optional_text(quote.volume));
        rows.add(optional_text(quote.last_quantity));
        rows.add(optional_text(quote.previous_close));
        rows.add(optional_text(quote.change()));
        rows.add(optional_text(quote.change_percent()));
        rows.end_row();
    }
    connection.copy_data(rows.buffer());
    connection.copy_end();
    const std::int64_t written =
        connection
            .run(
                "INSERT INTO ltp_data AS l (instrument_id, ts, ltp, volume, last_quantity, previous_close, change, "
                "change_percent) "
                "SELECT DISTINCT ON (instrument_id) instrument_id, ts, ltp, volume, last_quantity, previous_close, "
                "change, change_percent FROM pg_temp.arriving_ltp ORDER BY instrument_id "
                "ON CONFLICT (instrument_id, ts) DO UPDATE SET ltp = excluded.ltp, volume = excluded.volume, "
                "last_quantity = excluded.last_quantity, "
                "previous_close = excluded.previous_close, change = excluded.change, change_percent = "
                "excluded.change_percent "
                "WHERE (l.ltp, l.volume, l.last_quantity, l.previous_close) IS DISTINCT FROM "
                "(excluded.ltp, excluded.volume, excluded.last_quantity, excluded.previous_close)")
            .affected();
    transaction.commit();
    return written;
}

}  // namespace pg_candle::store
