#include "store/instrument_sync.hpp"

#include <spdlog/spdlog.h>

#include "model/failure.hpp"
#include "store/job_queue.hpp"

namespace pg_candle::store {
namespace {

constexpr std::size_t flush_at = 1 << 16;
constexpr std::size_t problems_kept = 20;
constexpr int most_bad_percent = 5;

// The records as they are, columns as in the tables, the provider's paise not yet rupees.
constexpr const char* create_arriving = R"(
CREATE TEMP TABLE arriving (
    number bigint, instrument_key text, exchange text, segment text, instrument_type text, trading_symbol text,
    name text, isin text, exchange_token text, expiry_date date, lot_size integer, tick_paise numeric,
    qty_multiplier numeric, underlying_key text, underlying text, strike_price numeric, weekly boolean, details jsonb)
ON COMMIT DROP)";

// Records of one key and expiry that are not the same: nobody can say which of them is right.
constexpr const char* take_contradicting = R"(
DELETE FROM pg_temp.arriving a
USING (SELECT instrument_key, expiry_date
       FROM pg_temp.arriving
       GROUP BY 1, 2
       HAVING count(*) > 1
          AND count(DISTINCT (exchange, segment, instrument_type, trading_symbol, name, isin, exchange_token,
                              lot_size, tick_paise, qty_multiplier, underlying_key, underlying, strike_price,
                              weekly, details)) > 1) c
WHERE a.instrument_key = c.instrument_key AND a.expiry_date IS NOT DISTINCT FROM c.expiry_date
RETURNING a.number, a.instrument_key)";

// One row per identity; and the instrument that it is, if there is one already.
constexpr const char* create_known = R"(
CREATE TEMP TABLE known ON COMMIT DROP AS
SELECT m.instrument_id, m.is_active AS was_active, false AS is_new, false AS is_changed, NULL::date AS moved_from, a.*
FROM (SELECT DISTINCT ON (instrument_key, coalesce(expiry_date, 'infinity'))
          number, instrument_key, exchange, segment, instrument_type, trading_symbol, name, isin, exchange_token,
          expiry_date, lot_size, trim_scale(tick_paise / 100) AS tick_size,
          trim_scale(qty_multiplier) AS qty_multiplier, underlying_key, underlying,
          trim_scale(strike_price) AS strike_price, weekly, details
      FROM pg_temp.arriving
      ORDER BY instrument_key, coalesce(expiry_date, 'infinity'), number DESC) a
LEFT JOIN instrument_master m
    ON m.instrument_key = a.instrument_key
   AND coalesce(m.expiry_date, 'infinity'::date) = coalesce(a.expiry_date, 'infinity'::date))";

// What is listed has not expired: a contract that lives and whose expiry is in the past now is a record that errs.
constexpr const char* take_expired = R"(
DELETE FROM pg_temp.known k USING instrument_master m
WHERE k.instrument_id IS NULL AND m.instrument_key = k.instrument_key AND m.is_active
  AND k.expiry_date < (candle_now() AT TIME ZONE 'Asia/Kolkata')::date AND m.expiry_date > k.expiry_date
RETURNING k.number, k.instrument_key, k.expiry_date)";

// Exchanges move expiries, around holidays and for good; the key stays.
constexpr const char* find_moved = R"(
UPDATE pg_temp.known k
SET instrument_id = m.instrument_id, was_active = m.is_active, moved_from = m.expiry_date
FROM (SELECT DISTINCT ON (m.instrument_key)
          m.instrument_id, m.instrument_key, m.instrument_type, m.underlying_key, m.expiry_date, m.is_active,
          o.strike_price
      FROM instrument_master m
      LEFT JOIN option_master o USING (instrument_id)
      WHERE m.expiry_date >= (candle_now() AT TIME ZONE 'Asia/Kolkata')::date
        AND NOT EXISTS (SELECT FROM pg_temp.known other WHERE other.instrument_id = m.instrument_id)
      ORDER BY m.instrument_key, m.is_active DESC, m.expiry_date DESC) m
WHERE k.instrument_id IS NULL
  AND k.expiry_date IS NOT NULL
  AND m.instrument_key = k.instrument_key
  AND (m.instrument_type, m.underlying_key, m.strike_price) IS NOT DISTINCT FROM
      (k.instrument_type, k.underlying_key, CASE WHEN k.instrument_type IN ('CE', 'PE') THEN k.strike_price END))";

constexpr const char* tell_moved = R"(
SELECT raise_sync_alert('expiry_moved', format('%s:%s', exchange, trading_symbol),
    format('%s:%s (%s): its expiry moved from %s to %s; it keeps its candles',
           exchange, trading_symbol, instrument_key, moved_from, expiry_date))
FROM pg_temp.known
WHERE moved_from IS NOT NULL)";

// Only what differs is written, but for last_seen, which is the point of being seen: once a day.
constexpr const char* update_known = R"(
WITH different AS (
    UPDATE instrument_master m
    SET exchange = k.exchange, segment = k.segment, instrument_type = k.instrument_type,
        trading_symbol = k.trading_symbol, name = k.name, isin = k.isin, exchange_token = k.exchange_token,
        lot_size = k.lot_size, tick_size = k.tick_size, qty_multiplier = k.qty_multiplier,
        underlying_key = k.underlying_key, details = k.details, expiry_date = k.expiry_date,
        is_active = true, last_seen = now()
    FROM pg_temp.known k
    WHERE m.instrument_id = k.instrument_id
      AND (m.exchange, m.segment, m.instrument_type, m.trading_symbol, m.name, m.isin, m.exchange_token, m.lot_size,
           m.tick_size, m.qty_multiplier, m.underlying_key, m.details, m.expiry_date) IS DISTINCT FROM
          (k.exchange, k.segment, k.instrument_type, k.trading_symbol, k.name, k.isin, k.exchange_token, k.lot_size,
           k.tick_size, k.qty_multiplier, k.underlying_key, k.details, k.expiry_date)
    RETURNING m.instrument_id)
UPDATE pg_temp.known k SET is_changed = true FROM different d WHERE d.instrument_id = k.instrument_id)";

constexpr const char* touch_known = R"(
UPDATE instrument_master m
SET is_active = true, last_seen = now()
FROM pg_temp.known k
WHERE m.instrument_id = k.instrument_id
  AND NOT k.is_changed
  AND (NOT m.is_active OR m.last_seen < now() - interval '12 hours'))";

constexpr const char* insert_new = R"(
WITH added AS (
    INSERT INTO instrument_master (
        instrument_key, exchange, segment, instrument_type, trading_symbol, name, isin, exchange_token, expiry_date,
        lot_size, tick_size, qty_multiplier, underlying_key, details)
    SELECT instrument_key, exchange, segment, instrument_type, trading_symbol, name, isin, exchange_token, expiry_date,
        lot_size, tick_size, qty_multiplier, underlying_key, details
    FROM pg_temp.known
    WHERE instrument_id IS NULL
    ORDER BY number
    RETURNING instrument_id, instrument_key, expiry_date)
UPDATE pg_temp.known k
SET instrument_id = a.instrument_id, is_new = true
FROM added a
WHERE a.instrument_key = k.instrument_key AND a.expiry_date IS NOT DISTINCT FROM k.expiry_date)";

constexpr const char* fill_options = R"(
WITH written AS (
    INSERT INTO option_master AS o (
        instrument_id, underlying, underlying_key, expiry_date, strike_price, option_type, lot_size, weekly)
    SELECT instrument_id, underlying, underlying_key, expiry_date, strike_price, instrument_type, lot_size, weekly
    FROM pg_temp.known
    WHERE instrument_type IN ('CE', 'PE')
    ON CONFLICT (instrument_id) DO UPDATE
        SET underlying = excluded.underlying, underlying_key = excluded.underlying_key,
            expiry_date = excluded.expiry_date, strike_price = excluded.strike_price,
            option_type = excluded.option_type, lot_size = excluded.lot_size, weekly = excluded.weekly
    WHERE (o.underlying, o.underlying_key, o.expiry_date, o.strike_price, o.option_type, o.lot_size, o.weekly)
          IS DISTINCT FROM
          (excluded.underlying, excluded.underlying_key, excluded.expiry_date, excluded.strike_price,
           excluded.option_type, excluded.lot_size, excluded.weekly)
    RETURNING instrument_id)
UPDATE pg_temp.known k SET is_changed = true FROM written w WHERE w.instrument_id = k.instrument_id AND NOT k.is_new)";

constexpr const char* fill_futures = R"(
WITH written AS (
    INSERT INTO future_master AS f (instrument_id, underlying, underlying_key, expiry_date, lot_size)
    SELECT instrument_id, underlying, underlying_key, expiry_date, lot_size
    FROM pg_temp.known
    WHERE instrument_type = 'FUT'
    ON CONFLICT (instrument_id) DO UPDATE
        SET underlying = excluded.underlying, underlying_key = excluded.underlying_key,
            expiry_date = excluded.expiry_date, lot_size = excluded.lot_size
    WHERE (f.underlying, f.underlying_key, f.expiry_date, f.lot_size) IS DISTINCT FROM
          (excluded.underlying, excluded.underlying_key, excluded.expiry_date, excluded.lot_size)
    RETURNING instrument_id)
UPDATE pg_temp.known k SET is_changed = true FROM written w WHERE w.instrument_id = k.instrument_id AND NOT k.is_new)";

// Those of the file's segments that the file does not name.
constexpr const char* find_vanished = R"(
INSERT INTO pg_temp.vanished SELECT m.instrument_id, m.segment FROM instrument_master m
WHERE m.is_active AND m.segment IN (SELECT DISTINCT segment FROM pg_temp.known)
  AND NOT EXISTS (SELECT FROM pg_temp.known k WHERE k.instrument_id = m.instrument_id)
  AND m.instrument_key <> ALL ($1))";

}  // namespace

InstrumentSync::InstrumentSync(Connection& connection) : connection_(connection), transaction_(connection) {
    if (connection_.run("SELECT pg_try_advisory_xact_lock(hashtext('pg_candle.instrument_sync'))").text(0, 0) != "t")
        throw Failure(Exit::locked, "Another sync of the instrument master is running on this database.",
                      "Nothing was changed; wait for it to end.");
    count_active(&SyncReport::Count::before);
    connection_.run(create_arriving);
    connection_.copy_begin("COPY pg_temp.arriving FROM STDIN");
}

void InstrumentSync::count_active(std::int64_t SyncReport::Count::*when) {
    const Rows rows = connection_.run(
        "SELECT segment, instrument_type, count(*) FROM instrument_master WHERE is_active GROUP BY 1, 2");
    for (int i = 0; i < rows.size(); ++i) report_.counts[{rows.str(i, 0), rows.str(i, 1)}].*when = rows.number(i, 2);
}

void InstrumentSync::add(const InstrumentRecord& record) {
    ++good_;
    rows_.add(std::to_string(good_));
    for (const std::string* text :
         {&record.instrument_key, &record.exchange, &record.segment, &record.instrument_type, &record.trading_symbol})
        rows_.add(*text);
    for (const auto* text : {&record.name, &record.isin, &record.exchange_token}) rows_.add(*text);
    rows_.add(record.expiry ? std::optional(format_date(*record.expiry)) : std::nullopt);
    rows_.add(record.lot_size ? std::optional(std::to_string(*record.lot_size)) : std::nullopt);
    for (const auto* text :
         {&record.tick_size_paise, &record.qty_multiplier, &record.underlying_key, &record.underlying})
        rows_.add(*text);
    rows_.add(record.is_option() ? record.strike_price : std::nullopt);
    rows_.add(record.weekly ? std::optional(std::string(*record.weekly ? "t" : "f")) : std::nullopt);
    rows_.add(record.details);
    rows_.end_row();
    if (rows_.buffer().size() < flush_at) return;
    connection_.copy_data(rows_.buffer());
    rows_.buffer().clear();
}

void InstrumentSync::add_bad(std::int64_t number, std::int64_t offset, const std::string& reason,
                             const std::string& key) {
    add_bad("record " + std::to_string(number) + " at byte " + std::to_string(offset), reason, key);
}

void InstrumentSync::add_bad(const std::string& record, const std::string& reason, const std::string& key) {
    ++report_.bad_records;
    if (key.empty())
        unknown_key_ = true;
    else
        bad_keys_.push_back(key);
    const std::string problem = record + ": " + reason;
    if (report_.problems.size() < problems_kept) {
        report_.problems.push_back(problem);
        spdlog::warn("instruments skipped {}", problem);
    }
}

void InstrumentSync::check(bool force) {
    const std::int64_t all = good_ + report_.bad_records;
    if (good_ == 0) throw Failure(Exit::failed, "The file holds no instrument; nothing was changed.");
    if (report_.bad_records * 100 > all * most_bad_percent)
        throw Failure(Exit::failed, std::to_string(report_.bad_records) + " of " + std::to_string(all) +
                                        " records are unusable, more than " + std::to_string(most_bad_percent) +
                                        " %; nothing was changed. The first: " + report_.problems.front());
    if (report_.segments.contains("NSE_EQ") && report_.segments.contains("BSE_EQ")) {
        std::int64_t derivatives = 0;
        for (const auto& [segment, counts] : report_.segments)
            if (segment.ends_with("_FO")) derivatives += counts.records;
        if (derivatives == 0)
            throw Failure(Exit::failed,
                          "The complete instrument master holds no F&O instrument at all, so it is damaged; nothing "
                          "was changed.");
    }
    if (force) return;
    const Rows rows = connection_.run(
        "SELECT m.segment, count(*), count(v.instrument_id) FROM instrument_master m LEFT JOIN pg_temp.vanished v "
        "USING (instrument_id) "
        "WHERE m.is_active AND m.segment IN (SELECT segment FROM pg_temp.vanished) GROUP BY 1 "
        "HAVING count(v.instrument_id) * 2 > count(*) ORDER BY 1");
    if (rows.size() == 0) return;
    std::string list;
    for (int i = 0; i < rows.size(); ++i)
        list += (i ? ", " : "") + rows.str(i, 0) + " (" + rows.str(i, 2) + " of " + rows.str(i, 1) + ")";
    throw Failure(Exit::failed,
                  "More than half of a segment's active instruments would vanish: " + list + "; nothing was changed.",
                  "If the file is right, repeat with --force.");
}

SyncReport InstrumentSync::finish(bool force) {
    connection_.copy_data(rows_.buffer());
    connection_.copy_end();
    connection_.run_all("ANALYZE pg_temp.arriving");
    const Rows contradicting = connection_.run(take_contradicting);
    for (int i = 0; i < contradicting.size(); ++i)
        add_bad("record " + contradicting.str(i, 0), contradicting.str(i, 1) + " has several records that differ",
                contradicting.str(i, 1));
    good_ -= contradicting.size();
    connection_.run(create_known);
    connection_.run_all(
        "ALTER TABLE pg_temp.known ADD PRIMARY KEY (number); CREATE INDEX ON pg_temp.known (instrument_id); ANALYZE "
        "pg_temp.known");
    const Rows segments = connection_.run("SELECT segment, count(*) FROM pg_temp.known GROUP BY 1");
    std::int64_t identities = 0;
    for (int i = 0; i < segments.size(); ++i) {
        report_.segments[segments.str(i, 0)].records = segments.number(i, 1);
        identities += segments.number(i, 1);
    }
    report_.duplicates = good_ - identities;
    const Rows expired = connection_.run(take_expired);
    for (int i = 0; i < expired.size(); ++i)
        add_bad("record " + expired.str(i, 0), expired.str(i, 1) + " expired on " + expired.str(i, 2),
                expired.str(i, 1));
    connection_.run(find_moved);
    connection_.run("CREATE TEMP TABLE vanished (instrument_id integer, segment text) ON COMMIT DROP");
    connection_.run(find_vanished, {array_or_null(bad_keys_).value_or("{}")});
    if (unknown_key_) {
        spdlog::warn("instruments nothing is deactivated: which instruments some records are of cannot be read");
        connection_.run("TRUNCATE pg_temp.vanished");
    }
    check(force);

    // A contract whose key now means another one is among the vanished: its key is there, but with another expiry.
    for (const char* step : {update_known, touch_known, insert_new, fill_options, fill_futures}) connection_.run(step);
    connection_.run(tell_moved);
    connection_.run(
        "UPDATE instrument_master m SET is_active = false FROM pg_temp.vanished v WHERE m.instrument_id = "
        "v.instrument_id");

    const Rows counts = connection_.run(
        "SELECT segment, count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE is_changed), count(*) FILTER (WHERE "
        "NOT is_new AND NOT was_active), "
        "(SELECT count(*) FROM pg_temp.vanished v WHERE v.segment = known.segment) FROM pg_temp.known GROUP BY 1");
    for (int i = 0; i < counts.size(); ++i) {
        auto& one = report_.segments[counts.str(i, 0)];
        one.added = counts.number(i, 1), one.changed = counts.number(i, 2);
        one.reactivated = counts.number(i, 3), one.deactivated = counts.number(i, 4);
        report_.total.records += one.records, report_.total.added += one.added, report_.total.changed += one.changed;
        report_.total.reactivated += one.reactivated, report_.total.deactivated += one.deactivated;
    }
    count_active(&SyncReport::Count::after);
    transaction_.commit();
    connection_.run_all("ANALYZE instrument_master, option_master, future_master");
    return report_;
}

}  // namespace pg_candle::store
