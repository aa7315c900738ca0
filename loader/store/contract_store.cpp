#include "store/contract_store.hpp"

namespace pg_candle::store {
namespace {

std::string scope(const Job& job, Date expiry) { return job.instrument.symbol + ' ' + format_date(expiry); }

/// Days before an expiry in which its contracts are traded enough to be worth a request.
constexpr const char* life = "92";

/// Strikes on either side of the underlying's last price.
constexpr const char* strikes = "20";

}  // namespace

std::int64_t plan_expiries(Connection& connection, const Job& job, const std::vector<Date>& expiries) {
    std::int64_t planned = 0;
    for (const Date expiry : expiries)
        planned += connection
                       .run(
                           "INSERT INTO sync_job (segment, kind, instrument_id, from_date, to_date) SELECT $1, "
                           "'contracts', $2, $3, $3 "
                           "WHERE NOT EXISTS (SELECT FROM data_sync_status WHERE segment = $1 AND scope = $4 AND "
                           "timeframe = '' AND last_success_at IS NOT NULL) "
                           "ON CONFLICT DO NOTHING",
                           {job.segment, std::to_string(job.instrument.id), format_date(expiry), scope(job, expiry)})
                       .affected();
    return planned;
}

std::int64_t store_contracts(Connection& connection, const Job& job, const std::vector<InstrumentRecord>& contracts) {
    std::int64_t added = 0;
    const auto number = [](const auto& value) { return value ? Param{std::to_string(*value)} : Param{}; };
    for (const InstrumentRecord& one : contracts) {
        const std::string expiry = format_date(*one.expiry);
        const Rows row = connection.run(
            "INSERT INTO instrument_master AS m (instrument_key, exchange, segment, instrument_type, trading_symbol, "
            "name, isin, exchange_token, expiry_date, lot_size, "
            "tick_size, qty_multiplier, underlying_key, details, is_active) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, trim_scale($11::numeric / 100), "
            "trim_scale($12::numeric), $13, $14, false) "
            "ON CONFLICT (instrument_key, (coalesce(expiry_date, 'infinity'::date))) DO UPDATE SET is_active = false "
            "RETURNING instrument_id, xmax = 0",
            {one.instrument_key, one.exchange, one.segment, one.instrument_type, one.trading_symbol, one.name, one.isin,
             one.exchange_token, expiry, number(one.lot_size), one.tick_size_paise, one.qty_multiplier,
             one.underlying_key, one.details});
        added += row.text(0, 1) == "t";
        const std::string id = row.str(0, 0);
        if (one.is_option())
            connection.run(
                "INSERT INTO option_master (instrument_id, underlying, underlying_key, expiry_date, strike_price, "
                "option_type, lot_size, weekly) "
                "VALUES ($1, $2, $3, $4, trim_scale($5::numeric), $6, $7, $8) ON CONFLICT (instrument_id) DO NOTHING",
                {id, one.underlying, one.underlying_key, expiry, one.strike_price, one.instrument_type,
                 number(one.lot_size), one.weekly ? Param{*one.weekly ? "true" : "false"} : Param{}});
        else if (one.is_future())
            connection.run(
                "INSERT INTO future_master (instrument_id, underlying, underlying_key, expiry_date, lot_size) VALUES "
                "($1, $2, $3, $4, $5) ON CONFLICT (instrument_id) DO NOTHING",
                {id, one.underlying, one.underlying_key, expiry, number(one.lot_size)});
    }
    const std::string expiry = format_date(job.from);
    // Around the underlying's last close by then, or the middle of the chain where that is not known.
    connection.run(
        "WITH chain AS (SELECT o.instrument_id, o.strike_price FROM option_master o WHERE o.underlying_key = $2 AND "
        "o.expiry_date = $3), "
        "price AS (SELECT coalesce((SELECT c.close::numeric FROM candle_data c WHERE c.instrument_id = $1 AND "
        "c.timeframe = '1d' AND c.ts <= $3::timestamptz ORDER BY c.ts DESC LIMIT 1), "
        " (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY strike_price) FROM chain)) AS price), "
        "near AS (SELECT instrument_id, dense_rank() OVER (PARTITION BY strike_price >= price ORDER BY "
        "abs(strike_price - price)) AS rank FROM chain, price) "
        "SELECT sum(plan_one_of_many($4, instrument_id, '1m', $3::date - $5::integer, $3::date, false, -least(rank, "
        "90)::integer)) "
        "FROM (SELECT * FROM near WHERE rank <= $6::integer UNION ALL SELECT instrument_id, 0 FROM future_master WHERE "
        "underlying_key = $2 AND expiry_date = $3) n",
        {std::to_string(job.instrument.id), job.instrument.key, expiry, job.segment, life, strikes});
    connection.run(
        "INSERT INTO data_sync_status AS s (segment, scope, timeframe, synced_through, rows, last_success_at, "
        "last_attempt_at) VALUES ($1, $2, '', $3, $4, candle_now(), candle_now()) "
        "ON CONFLICT (segment, scope, timeframe) DO UPDATE SET rows = excluded.rows, last_success_at = "
        "excluded.last_success_at, last_attempt_at = excluded.last_attempt_at, last_error = NULL",
        {job.segment, scope(job, job.from), expiry, std::to_string(contracts.size())});
    return added;
}

}  // namespace pg_candle::store
