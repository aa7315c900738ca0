#include "store/candle_store.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "model/failure.hpp"

namespace pg_candle::store {
namespace {

using namespace std::chrono;

constexpr const char *unique_violation = "23505", *deadlock = "40P01", *serialization = "40001";

/// PostgreSQL counts from here.
constexpr sys_days postgres_epoch{year{2000} / 1 / 1};

/// Rows of candle_data in COPY's binary format, in network byte order.
class BinaryRows {
public:
    explicit BinaryRows(Connection& connection) : connection_(connection) {
        buffer_.reserve(flush_at + 256);
        buffer_.append("PGCOPY\n\377\r\n\0", 11).append(8, '\0');
    }

    void add(const SeriesKey& series, Source source, const Candle& candle) {
        put<std::int16_t>(10);
        field<std::int32_t>(series.instrument_id);
        put(static_cast<std::int32_t>(series.timeframe.size()));
        buffer_ += series.timeframe;
        field(static_cast<char>(source));
        field<std::int64_t>((candle.start - Instant{postgres_epoch}).count());
        for (const double price : {candle.open, candle.high, candle.low, candle.close}) field(price);
        optional_field(candle.volume);
        optional_field(candle.oi);
        if (buffer_.size() >= flush_at) flush();
    }

    void end() {
        put<std::int16_t>(-1);
        flush();
    }

private:
    static constexpr std::size_t flush_at = 1 << 16;

    template <typename Number>
    void put(Number number) {
        char bytes[sizeof number];
        for (std::size_t i = 0; i < sizeof number; ++i)
            bytes[i] =
                static_cast<char>(static_cast<std::make_unsigned_t<Number>>(number) >> (8 * (sizeof number - 1 - i)));
        buffer_.append(bytes, sizeof bytes);
    }
    template <typename Number>
    void field(Number number) {
        put(static_cast<std::int32_t>(sizeof number));
        put(number);
    }
    void field(double number) { field(std::bit_cast<std::int64_t>(number)); }
    void optional_field(const std::optional<double>& number) {
        if (number)
            field(*number);
        else
            put<std::int32_t>(-1);
    }
    void flush() {
        connection_.copy_data(buffer_);
        buffer_.clear();
    }

    Connection& connection_;
    std::string buffer_;
};

/// What BinaryRows writes. The types of candle_data may be others.
constexpr const char* layout =
    "instrument_id int4, timeframe text, source \"char\", ts timestamptz, open float8, high float8, low float8, close "
    "float8, "
    "volume float8, oi float8";
constexpr const char* columns = "(instrument_id, timeframe, source, ts, open, high, low, close, volume, oi)";

std::string text(std::int64_t number) { return std::to_string(number); }

/// Whether the provider has answered about all of [from, to) before.
bool asked_before(const std::vector<StoredRange>& ranges, Instant from, Instant to) {
    for (const StoredRange& one : ranges)
        if (one.range.from <= from && one.range.to > from && one.range.state != CoveredRange::State::failed) {
            if (one.range.to >= to) return true;
            from = one.range.to;
        }
    return false;
}

/// The end of the candle that starts there.
Instant end_of(const Timeframe& timeframe, Instant start) {
    if (timeframe.intraday())
        return start + minutes{timeframe.count * (timeframe.unit == Timeframe::Unit::hour ? 60 : 1)};
    return india_midnight(next_bucket_date(timeframe, india_date(start)));
}

constexpr const char* gaps_query =
    "SELECT (extract(epoch FROM gap_start) * 1000000)::bigint, (extract(epoch FROM gap_end) * 1000000)::bigint "
    "FROM candles_to_request($1, $2, $3, $4)";

}  // namespace

CandleStore::CandleStore(Connection& connection) : connection_(connection) { connection_.log_changes_oneself(); }

void CandleStore::lock(const SeriesKey& series) {
    connection_.run("SELECT pg_advisory_xact_lock($1, hashtext('pg_candle.candle_coverage.' || $2))",
                    {text(series.instrument_id), series.timeframe});
}

/// Whether plain COPY will do: nothing is there yet, and the columns have the types that we write. Reading candle_data
/// locks it, so they still have them when the rows arrive.
bool CandleStore::takes_copy(const SeriesKey& series, Instant from, Instant last) {
    const Rows rows = connection_.run(
        "SELECT NOT EXISTS (SELECT FROM candle_data WHERE instrument_id = $1 AND timeframe = $2 AND ts >= $3 AND ts <= "
        "$4), (SELECT count(*) FROM pg_attribute "
        "WHERE attrelid = 'candle_data'::regclass AND (attname, atttypid) IN (('instrument_id', 'int4'::regtype), "
        "('timeframe', 'text'::regtype), "
        "('source', '\"char\"'::regtype), ('ts', 'timestamptz'::regtype), ('open', 'float8'::regtype), ('high', "
        "'float8'::regtype), ('low', 'float8'::regtype), "
        "('close', 'float8'::regtype), ('volume', 'float8'::regtype), ('oi', 'float8'::regtype))) = 10, "
        "(SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'candle_data'::regclass AND "
        "attname = 'ts' AND atttypid = 'timestamp'::regtype)",
        {text(series.instrument_id), series.timeframe, sql_time(from), sql_time(last)});
    if (!rows.is_null(0, 2))
        throw Failure(Exit::failed, "candle_data.ts is of type " + rows.str(0, 2) + ", which says no instant.",
                      "Candles need timestamp with time zone: ALTER TABLE candle_data ALTER ts TYPE timestamptz.");
    return rows.text(0, 0) == "t" && rows.text(0, 1) == "t";
}

void CandleStore::copy(const SeriesKey& series, Source source, const std::vector<Candle>& candles, const char* into) {
    connection_.copy_begin(std::string("COPY ") + into + " " + columns + " FROM STDIN (FORMAT binary)");
    BinaryRows rows(connection_);
    for (const Candle& candle : candles) rows.add(series, source, candle);
    rows.end();
    connection_.copy_end();
}

Stored CandleStore::upsert(const SeriesKey& series, Source source, const std::vector<Candle>& candles, bool replace_all,
                           Instant& earliest) {
    connection_.run(std::string("CREATE TEMP TABLE IF NOT EXISTS arriving_candle (") + layout + ") ON COMMIT DROP");
    connection_.run("TRUNCATE pg_temp.arriving_candle");
    copy(series, source, candles, "pg_temp.arriving_candle");
    const char* const replaces = replace_all || source == Source::historical ? "true"
                                 : source == Source::file                    ? "c.source <> 'h'"
                                                                             : "c.source IN ('i', 'd')";
    // One statement writes and counts. xmax is 0 in a row that was inserted.
    const Rows rows = connection_.run(
        std::string("WITH written AS (INSERT INTO candle_data AS c ") + columns +
        " SELECT instrument_id, timeframe, source, ts, open, high, low, close, volume, oi FROM pg_temp.arriving_candle "
        "ORDER BY ts "
        "ON CONFLICT (instrument_id, timeframe, ts) DO UPDATE SET source = excluded.source, open = excluded.open, high "
        "= excluded.high, "
        "low = excluded.low, close = excluded.close, volume = excluded.volume, oi = excluded.oi WHERE " +
        replaces +
        // A file that says what is known already says nothing: a candle that may still change is no other for it.
        (source == Source::file ? " AND (c.open, c.high, c.low, c.close, c.volume, c.oi) IS DISTINCT FROM ("
                                : " AND (c.source, c.open, c.high, c.low, c.close, c.volume, c.oi) IS DISTINCT FROM "
                                  "(excluded.source, ") +
        "excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume, excluded.oi) RETURNING xmax = 0 "
        "AS is_new, "
        "c.ts), "
        "kept AS (SELECT count(*) AS count FROM pg_temp.arriving_candle a JOIN candle_data c USING (instrument_id, "
        "timeframe, ts) "
        " WHERE NOT (" +
        replaces +
        ") AND (c.open::float8, c.high::float8, c.low::float8, c.close::float8, c.volume::float8, c.oi::float8) IS "
        "DISTINCT FROM (a.open, a.high, a.low, a.close, a.volume, a.oi)) "
        "SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new), (SELECT count FROM kept), "
        "(extract(epoch FROM coalesce(min(ts), 'epoch')) * 1000000)::bigint FROM written");
    Stored stored;
    stored.inserted = rows.number(0, 0);
    stored.updated = rows.number(0, 1);
    stored.kept = rows.number(0, 2);
    earliest = from_microseconds(rows.number(0, 3));
    stored.unchanged = static_cast<std::int64_t>(candles.size()) - stored.inserted - stored.updated - stored.kept;
    return stored;
}

Stored CandleStore::write(const SeriesKey& series, Source source, const std::vector<Candle>& candles,
                          bool replace_all) {
    return put(series, source, candles, replace_all, true);
}

Stored CandleStore::put(const SeriesKey& series, Source source, const std::vector<Candle>& candles, bool replace_all,
                        bool may_copy) {
    if (candles.empty()) return {};
    lock(series);
    Stored stored;
    Instant earliest = candles.front().start;
    if (may_copy && takes_copy(series, candles.front().start, candles.back().start)) {
        copy(series, source, candles, "candle_data");
        stored.inserted = static_cast<std::int64_t>(candles.size());
    } else {
        stored = upsert(series, source, candles, replace_all, earliest);
    }
    if (stored.inserted + stored.updated > 0)
        connection_.run(
            "INSERT INTO candle_change (consumer, instrument_id, timeframe, earliest) VALUES ('timeframes', $1, $2, "
            "$3), ('indicators', $1, $2, $3)",
            {text(series.instrument_id), series.timeframe, sql_time(earliest)});
    return stored;
}

void CandleStore::cover(const SeriesKey& series, const std::vector<StoredRange>& old, CoveredRange fresh) {
    if (fresh.state == CoveredRange::State::filled)
        fresh.rows = connection_
                         .run(
                             "SELECT count(*) FROM candle_data WHERE instrument_id = $1 AND timeframe = $2 AND ts >= "
                             "$3 AND ts < $4 AND source NOT IN ('i', 'd')",
                             {text(series.instrument_id), series.timeframe, sql_time(fresh.from), sql_time(fresh.to)})
                         .number(0, 0);
    write_coverage(connection_, series.instrument_id, series.timeframe, old, learn(old, fresh));
}

void CandleStore::confirm_gaps(const SeriesKey& series, const std::vector<StoredRange>& asked,
                               const CoveredRange& range, std::int64_t before, GapCounts& gaps) {
    const Timeframe timeframe = require_timeframe(series.timeframe);
    const Rows rows = connection_.run(
        gaps_query, {text(series.instrument_id), series.timeframe, sql_time(range.from), sql_time(range.to)});
    GapCounts counts;
    for (int i = 0; i < rows.size(); ++i) {
        const Instant from = from_microseconds(rows.number(i, 0)),
                      to = end_of(timeframe, from_microseconds(rows.number(i, 1)));
        if (!asked_before(asked, from, to)) {
            ++counts.open;
            continue;
        }
        ++counts.confirmed;
        cover(series, read_coverage(connection_, series.instrument_id, series.timeframe, from, to),
              {from, to, CoveredRange::State::no_data, 0, 2, range.checked_at, {}});
    }
    // What was open before is confirmed, still open, or filled.
    counts.filled = std::max<std::int64_t>(0, before - rows.size());
    gaps += counts;
}

void CandleStore::cover_doubtful(const SeriesKey& series, const CoveredRange& fresh, GapCounts& gaps) {
    const auto learn_piece = [&](Instant from, Instant to, CoveredRange::State state) {
        if (from >= to) return;
        CoveredRange piece = fresh;
        piece.from = from, piece.to = to, piece.state = state;
        if (state == CoveredRange::State::filled) piece.error.clear();
        const auto old = read_coverage(connection_, series.instrument_id, series.timeframe, from, to);
        cover(series, old, piece);
        if (state == CoveredRange::State::filled) confirm_gaps(series, old, piece, 0, gaps);
    };
    const Rows missing =
        connection_.run("SELECT first_date, last_date FROM ranges_to_request($1, $2, $3, $4) ORDER BY 1",
                        {text(series.instrument_id), series.timeframe, format_date(india_date(fresh.from)),
                         format_date(india_date(fresh.to) - days{1})});
    Instant at = fresh.from;
    for (int i = 0; i < missing.size(); ++i) {
        const Instant from = std::max(at, india_midnight(parse_date(missing.text(i, 0)).value())),
                      to = std::min(fresh.to, india_midnight(parse_date(missing.text(i, 1)).value() + days{1}));
        learn_piece(at, std::min(from, fresh.to), CoveredRange::State::filled);
        learn_piece(from, to, CoveredRange::State::failed);
        at = std::max(at, to);
    }
    learn_piece(at, fresh.to, CoveredRange::State::filled);
}

std::optional<double> CandleStore::price_adjusted_by(const SeriesKey& series, const std::vector<Candle>& candles) {
    if (candles.empty()) return {};
    const Rows rows = connection_.run(
        "SELECT (extract(epoch FROM ts) * 1000000)::bigint, close FROM candle_data WHERE instrument_id = $1 AND "
        "timeframe = $2 AND ts >= $3 AND ts <= $4 "
        "AND source = 'h' AND close > 0 ORDER BY ts",
        {text(series.instrument_id), series.timeframe, sql_time(candles.front().start),
         sql_time(candles.back().start)});
    std::vector<double> factors;
    std::size_t at = 0;
    for (int i = 0; i < rows.size(); ++i) {
        const Instant start = from_microseconds(rows.number(i, 0));
        while (at < candles.size() && candles[at].start < start) ++at;
        if (at < candles.size() && candles[at].start == start)
            factors.push_back(candles[at].close / std::stod(rows.str(i, 1)));
    }
    if (factors.empty()) return {};
    const auto [least, most] = std::minmax_element(factors.begin(), factors.end());
    constexpr double tolerance = 0.01;  // prices are rounded to ticks
    const bool common = *most <= *least * (1 + tolerance), same = *least > 1 - tolerance && *most < 1 + tolerance;
    return common && !same ? std::optional(factors[factors.size() / 2]) : std::nullopt;
}

Stored CandleStore::attempt(const SeriesKey& series, Source source, const std::vector<Candle>& candles,
                            const std::optional<CoveredRange>& learned, const std::function<void(const Stored&)>& also,
                            GapCounts& gaps, bool may_copy) {
    Transaction transaction(connection_);
    lock(series);
    std::vector<StoredRange> old;
    std::int64_t before = 0;
    if (learned) {
        old = read_coverage(connection_, series.instrument_id, series.timeframe, learned->from, learned->to);
        if (asked_before(old, learned->from, learned->to))
            before = connection_
                         .run(gaps_query, {text(series.instrument_id), series.timeframe, sql_time(learned->from),
                                           sql_time(learned->to)})
                         .size();
    }
    const Stored stored = put(series, source, candles, false, may_copy);
    if (learned) {
        CoveredRange fresh = *learned;
        const bool doubtful = fresh.state == CoveredRange::State::failed && !candles.empty();
        if (fresh.state == CoveredRange::State::no_data && asked_before(old, fresh.from, fresh.to)) {
            fresh.attempts = 2;
            gaps.confirmed += before;
            before = 0;
        }
        if (doubtful)
            cover_doubtful(series, fresh, gaps);
        else
            cover(series, old, fresh);
        if (fresh.state != CoveredRange::State::failed) confirm_gaps(series, old, fresh, before, gaps);
    }
    if (also) also(stored);
    transaction.commit();
    return stored;
}

Stored CandleStore::store(const SeriesKey& series, Source source, const std::vector<Candle>& candles,
                          const std::optional<CoveredRange>& learned, const std::function<void(const Stored&)>& also,
                          GapCounts* gaps) {
    const GapCounts so_far = gaps ? *gaps : GapCounts{};
    GapCounts counts = so_far;
    Stored stored;
    try {
        stored = attempt(series, source, candles, learned, also, counts, true);
    } catch (const SqlError& error) {
        if (error.state != unique_violation && error.state != deadlock && error.state != serialization) throw;
        counts = so_far;
        stored = attempt(series, source, candles, learned, also, counts, false);
    }
    if (gaps) *gaps = counts;
    return stored;
}

}  // namespace pg_candle::store
