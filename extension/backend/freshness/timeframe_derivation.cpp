#include "backend/freshness/timeframe_derivation.hpp"

#include <algorithm>
#include <cstring>

#include "backend/catalog/arguments.hpp"
#include "backend/catalog/row_security.hpp"
#include "backend/postgres/owner_rights.hpp"
#include "backend/postgres/spi.hpp"
#include "market/resample.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace pg_candle {
namespace {

constexpr const char* standard[] = {"3m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1mo"};
constexpr const char* sources[] = {"1d", "1m"};  // in the order of the key, in which series are locked

/// Whether all candles of the target are to be made: there are none yet, or it is forced.
bool is_to_be_made(const Instrument& instrument, const char* source, const char* target, bool force) {
    return instrument.has(source) ? force || !instrument.has(target) : force && instrument.has(target);
}

/// The start of the earliest target candle that a change at `at` can concern: of its day, week or month.
TimestampTz bucket_before(TimestampTz at, const Timeframe& target, const TradingCalendar& trading) {
    if (TIMESTAMP_NOT_FINITE(at)) return DT_NOBEGIN;
    const ZoneClock clock = trading.clock();
    return clock.instant(clock.zone, bucket_date(target, clock.date(clock.zone, at)), 0);
}

/// What has changed of a source, and cannot be worked in, as drop_candles() has deleted the candles beside it.
struct Unworkable {
    TimestampTz from = DT_NOEND, whole_from = DT_NOBEGIN;

    void add(TimestampTz at, TimestampTz whole) {
        from = std::min(from, at);
        whole_from = std::max(whole_from, whole);
    }
    void warn(int32 instrument_id, const char* source) const {
        if (from == DT_NOEND) return;
        ereport(WARNING,
                (errmsg("candles of instrument %d that are made of %s, before %s, are left as they are", instrument_id,
                        source, timestamptz_to_str(whole_from)),
                 errdetail("Something has changed at %s, but drop_candles() has deleted them, or what they were made "
                           "of.",
                           timestamptz_to_str(from)),
                 errhint("If they are wrong now, write them yourself, with source 'h'.")));
    }
};

/// The columns of a derived candle as the types that the table has for them: rounded as they will be stored, they can
/// be compared.
const char* derived_columns(Oid candles) {
    const char* text = "ts";
    for (const char* column : {"open", "high", "low", "close", "volume", "oi"}) {
        const AttrNumber attno = get_attnum(candles, column);
        Oid type;
        int32 typmod;
        Oid collation;
        get_atttypetypmodcoll(candles, attno, &type, &typmod, &collation);
        text =
            psprintf("%s, %s::%s AS %s", text, column,
                     format_type_extended(type, typmod, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY), column);
    }
    return text;
}

}  // namespace

bool TimeframeNames::contains(const char* name) const {
    return std::any_of(list, list + count, [&](const char* one) { return strcmp(one, name) == 0; });
}

TimeframeNames make_names(int room) {
    return {static_cast<const char**>(palloc(sizeof(char*) * static_cast<Size>(room))), 0};
}

TimeframeNames standard_targets() {
    TimeframeNames all = make_names(lengthof(standard));
    for (const char* target : standard) all.add(target);
    return all;
}

const char* source_of(const Timeframe& target) {
    return target.unit == Timeframe::Unit::week || target.unit == Timeframe::Unit::month ? "1d" : "1m";
}

bool can_be_derived(const char* target) {
    const Timeframe timeframe = require_timeframe(target);
    const char* reason;
    return can_resample(require_timeframe(source_of(timeframe)), timeframe, reason);
}

bool Instrument::has(const char* timeframe) const {
    return std::any_of(series, series + count,
                       [&](const Series& one) { return strcmp(one.timeframe, timeframe) == 0; });
}

/// The earliest change of each timeframe of an instrument; DT_NOEND where there is none.
class TimeframeRefresh::Changes {
public:
    explicit Changes(int room)
        : names_(make_names(room)),
          earliest_(static_cast<TimestampTz*>(palloc(sizeof(TimestampTz) * static_cast<Size>(room)))) {}
    TimestampTz of(const char* timeframe) const {
        for (int i = 0; i < names_.count; ++i)
            if (strcmp(names_.list[i], timeframe) == 0) return earliest_[i];
        return DT_NOEND;
    }
    void add(const char* timeframe, TimestampTz at) {
        for (int i = 0; i < names_.count; ++i)
            if (strcmp(names_.list[i], timeframe) == 0) {
                earliest_[i] = std::min(earliest_[i], at);
                return;
            }
        earliest_[names_.count] = at;
        names_.add(timeframe);
    }

private:
    TimeframeNames names_;
    TimestampTz* earliest_;
};

TimeframeRefresh::TimeframeRefresh(Oid schema, TimeframeNames wanted, bool force, bool waits)
    : wanted_(wanted),
      force_(force),
      waits_(waits),
      log_(find_table(schema, "candle_change")),
      locks_(schema, CurrentMemoryContext),
      dropped_(schema, CurrentMemoryContext, false) {
    require_whole_calendars(schema);
    require_key(find_written_table(schema, "candle_data"), key_of_candles);
    require_no_temporary_child(find_table(schema, "candle_data"));
    const char *candles = table_name(schema, "candle_data"), *log = table_name(schema, "candle_change");
    Oid of_log[] = {INT4OID, TEXTARRAYOID}, of_rest[] = {INT4OID, TEXTOID, TIMESTAMPTZOID},
        of_derive[] = {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID};
    series_ =
        prepare_query(psprintf("SELECT timeframe::text FROM %s s ORDER BY 1", series_text(schema, {true, 0, nullptr})),
                      1, of_log, CurrentMemoryContext);
    logged_ = prepare_query(
        psprintf("SELECT DISTINCT timeframe::text FROM %s WHERE consumer = 'timeframes' AND instrument_id = $1", log),
        1, of_log, CurrentMemoryContext);
    const char* rows = "consumer = 'timeframes' AND instrument_id = $1 AND timeframe = ANY ($2)";
    take_ = prepare_query(psprintf("WITH seen AS MATERIALIZED (SELECT timeframe, earliest FROM %1$s WHERE %2$s), "
                                   "gone AS (DELETE FROM %1$s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %1$s WHERE %2$s "
                                   "FOR UPDATE SKIP LOCKED))) "
                                   "SELECT timeframe::text, earliest::timestamptz FROM seen",
                                   log, rows),
                          2, of_log, CurrentMemoryContext);
    leave_ = prepare_query(
        psprintf("INSERT INTO %s (consumer, instrument_id, timeframe, earliest) VALUES ('timeframes', $1, $2, $3)",
                 log),
        3, of_rest, CurrentMemoryContext);
    derive_ = prepare_query(
        psprintf(
            "WITH fresh AS MATERIALIZED (SELECT %4$s FROM %2$s($1, $2, $3, $4)), "
            "stored AS MATERIALIZED (SELECT ts, source, open, high, low, close, volume, oi FROM %1$s WHERE "
            "instrument_id = $1 AND timeframe = $3 AND ts >= $4), "
            "gone AS (DELETE FROM %1$s c WHERE c.instrument_id = $1 AND c.timeframe = $3 AND c.source = 'd' "
            "AND c.ts IN (SELECT s.ts FROM stored s WHERE s.source = 'd' EXCEPT SELECT f.ts FROM fresh f) RETURNING "
            "c.ts), "
            "written AS (INSERT INTO %1$s AS c (instrument_id, timeframe, source, ts, open, high, low, close, volume, "
            "oi) "
            "SELECT $1, $3, 'd', f.ts, f.open, f.high, f.low, f.close, f.volume, f.oi FROM fresh f LEFT JOIN stored s "
            "ON s.ts = f.ts "
            "WHERE s.ts IS NULL OR s.source = 'd' AND "
            "ROW(s.open, s.high, s.low, s.close, s.volume, s.oi) IS DISTINCT FROM ROW(f.open, f.high, f.low, f.close, "
            "f.volume, f.oi) "
            "ON CONFLICT (instrument_id, timeframe, ts) DO UPDATE SET open = EXCLUDED.open, high = EXCLUDED.high, low "
            "= EXCLUDED.low, "
            "close = EXCLUDED.close, volume = EXCLUDED.volume, oi = EXCLUDED.oi WHERE c.source = 'd' RETURNING c.ts), "
            "touched AS (SELECT count(*) AS count, min(w.ts) AS earliest FROM (SELECT ts FROM gone UNION ALL SELECT ts "
            "FROM written) w), "
            "logged AS (INSERT INTO %3$s (consumer, instrument_id, timeframe, earliest) SELECT 'indicators', $1, $3, "
            "earliest FROM touched WHERE count > 0) "
            "SELECT count::bigint, earliest::timestamptz FROM touched",
            candles, quote_qualified_identifier(get_namespace_name(schema), "resample_candles"), log,
            derived_columns(find_table(schema, "candle_data"))),
        4, of_derive, CurrentMemoryContext);
}

int64 TimeframeRefresh::refresh(int32 instrument_id, const TradingCalendar& trading) {
    TimeframeNames locked = make_names(std::size(sources));
    {
        const Instrument before = look_at(instrument_id, series_);
        Instrument logged{};
        with_owner_rights(log_, [&] { logged = look_at(instrument_id, logged_); });
        for (const char* source : sources)
            if (concerns(source, before) || concerns(source, logged)) locked.add(source);
    }
    for (int i = 0; i < locked.count; ++i) locks_.lock({instrument_id, locked.list[i]}, waits_);
    // Whoever held them may have made or removed some.
    const Instrument instrument = look_at(instrument_id, series_);
    Changes changes = take(instrument_id, locked);
    Unworkable unworkable[std::size(sources)];
    TimestampTz kept_from[std::size(sources)];
    for (size_t i = 0; i < std::size(sources); ++i) kept_from[i] = dropped_.of({instrument.id, sources[i]}).kept_from;
    int64 written = 0;
    for (int i = 0; i < wanted_.count; ++i) {
        const char* target = wanted_.list[i];
        const Timeframe timeframe = require_timeframe(target);
        const char* source = source_of(timeframe);
        if (!locked.contains(source)) continue;
        TimestampTz from = std::min(changes.of(source), changes.of(target));
        if (is_to_be_made(instrument, source, target, force_)) from = DT_NOBEGIN;
        if (from == DT_NOEND) continue;
        // What was made of candles that were dropped stays; and what was dropped itself is not made again.
        const size_t of = strcmp(source, sources[0]) == 0 ? 0 : 1;
        const TimestampTz whole_from = std::max(first_whole_candle(timeframe, trading, kept_from[of]),
                                                dropped_.of({instrument.id, target}).kept_from);
        const TimestampTz start = bucket_before(from, timeframe, trading);
        if (start < whole_from && !TIMESTAMP_NOT_FINITE(from)) unworkable[of].add(from, whole_from);
        written += derive(instrument.id, source, target, std::max(start, whole_from), changes);
    }
    for (size_t i = 0; i < std::size(sources); ++i) unworkable[i].warn(instrument.id, sources[i]);
    // What was taken is still news to the timeframes that were not wanted.
    for (int i = 0; i < instrument.count; ++i) {
        const char* target = instrument.series[i].timeframe;
        if (wanted_.contains(target) || !can_be_derived(target)) continue;
        const TimestampTz from = changes.of(source_of(require_timeframe(target)));
        if (from == DT_NOEND) continue;
        Datum values[] = {Int32GetDatum(instrument.id), CStringGetTextDatum(target), TimestampTzGetDatum(from)};
        execute_query(leave_, values);
    }
    return written;
}

bool TimeframeRefresh::consumes(const char* source) const {
    return std::any_of(wanted_.list, wanted_.list + wanted_.count,
                       [&](const char* target) { return strcmp(source_of(require_timeframe(target)), source) == 0; });
}

bool TimeframeRefresh::watches(const char* timeframe) const {
    return wanted_.contains(timeframe) || std::any_of(std::begin(sources), std::end(sources), [&](const char* source) {
               return strcmp(source, timeframe) == 0 && consumes(source);
           });
}

bool TimeframeRefresh::lacks_something(const Instrument& instrument) const {
    return std::any_of(wanted_.list, wanted_.list + wanted_.count, [&](const char* target) {
        return is_to_be_made(instrument, source_of(require_timeframe(target)), target, force_);
    });
}

/// What the instrument has, or, of the log, what has changed; what is no timeframe is left out.
Instrument TimeframeRefresh::look_at(int32 instrument_id, SPIPlanPtr query) {
    Datum values[] = {Int32GetDatum(instrument_id)};
    Series* found = nullptr;
    int count = 0, room = 0;
    for_each_row(query, values, nullptr, false, 0, [&](const ResultRow& row) {
        const Series one{instrument_id, row.text(1)};
        if (one.timeframe && is_timeframe(one.timeframe)) append(found, count, room) = one;
    });
    return {instrument_id, found, count};
}

/// Whether the source, or something wanted that is made of it, is among the instrument's timeframes; what 1d is made of
/// concerns what is made of 1d.
bool TimeframeRefresh::concerns(const char* source, const Instrument& instrument) const {
    if (!consumes(source)) return false;
    if (instrument.has(source)) return true;
    if (wanted_.contains(source) && strcmp(source, "1d") == 0 &&
        concerns(source_of(require_timeframe(source)), instrument))
        return true;
    return std::any_of(wanted_.list, wanted_.list + wanted_.count, [&](const char* target) {
        return strcmp(source_of(require_timeframe(target)), source) == 0 && instrument.has(target);
    });
}

TimeframeRefresh::Changes TimeframeRefresh::take(int32 instrument_id, const TimeframeNames& locked) {
    auto* names = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(wanted_.count + 2)));
    int count = 0;
    for (int i = 0; i < wanted_.count; ++i)
        if (locked.contains(source_of(require_timeframe(wanted_.list[i]))))
            names[count++] = CStringGetTextDatum(wanted_.list[i]);
    for (int i = 0; i < locked.count; ++i) names[count++] = CStringGetTextDatum(locked.list[i]);
    Datum values[] = {Int32GetDatum(instrument_id),
                      PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT))};
    Changes changes(wanted_.count + static_cast<int>(std::size(sources)));
    with_owner_rights(log_, [&] {
        for_each_row(take_, values, nullptr, false, 0,
                     [&](const ResultRow& row) { changes.add(row.text(1), row.time(2, DT_NOBEGIN)); });
    });
    return changes;
}

int64 TimeframeRefresh::derive(int32 instrument_id, const char* source, const char* target, TimestampTz from,
                               Changes& changes) {
    CHECK_FOR_INTERRUPTS();
    Datum values[] = {Int32GetDatum(instrument_id), CStringGetTextDatum(source), CStringGetTextDatum(target),
                      TimestampTzGetDatum(from)};
    int64 written = 0;
    for_each_row(derive_, values, nullptr, false, 0, [&](const ResultRow& row) {
        written = row.int8(1);
        if (!row.is_null(2)) changes.add(target, row.time(2, DT_NOBEGIN));
    });
    return written;
}

/// Nothing is worth compiling: it would be over before.
int TimeframeRefresh::enter(bool waits) {
    static constexpr const char* settings[][2] = {{"search_path", "pg_catalog, pg_temp"},
                                                  {"pg_candle.log_changes", "off"},
                                                  {"pg_candle.take_changes", "on"},
                                                  {"jit", "off"}};
    const int level = NewGUCNestLevel();
    for (const auto& [name, value] : settings)
        set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    if (!waits) set_config_option("lock_timeout", "100ms", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    return level;
}

}  // namespace pg_candle
