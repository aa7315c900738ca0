// refresh_timeframes(instrument_id, targets): keeps derived candles in step with the candles that they are made of.
//
// Whoever changes candles leaves a row in candle_change for the consumer "timeframes". A refresh locks the sources of an
// instrument, takes their rows, and only then reads candles: a change that is committed later has left a row that this refresh
// does not see, and the next one takes. Rolling back gives the rows back.
#include <algorithm>
#include <cstring>

#include "backend/boundary.hpp"
#include "backend/cursor.hpp"
#include "backend/progress.hpp"
#include "backend/series.hpp"
#include "backend/series_state.hpp"
#include "backend/trading_calendar.hpp"
#include "market/resample.hpp"

extern "C" {
#include "tcop/utility.h"
#include "utils/guc.h"
}

namespace pg_candle {
namespace {

constexpr const char* standard_targets[] = {"3m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1mo"};
constexpr const char* sources[] = {"1d", "1m"};  // in the order of the key, in which series are locked

/// The timeframe that candles of the target are made of.
const char* source_of(const Timeframe& target) {
    return target.unit == Timeframe::Unit::week || target.unit == Timeframe::Unit::month ? "1d" : "1m";
}

bool can_be_derived(const char* target) {
    const Timeframe timeframe = require_timeframe(target);
    const char* reason;
    return can_resample(require_timeframe(source_of(timeframe)), timeframe, reason);
}

struct Names {
    const char** list;
    int count;
    bool contains(const char* name) const {
        return std::any_of(list, list + count, [&](const char* one) { return strcmp(one, name) == 0; });
    }
    void add(const char* name) { list[count++] = name; }
};

Names make_names(int room) { return {static_cast<const char**>(palloc(sizeof(char*) * static_cast<Size>(room))), 0}; }

/// The argument `targets`, checked; the standard ones if it is NULL. What comes from 1m precedes what comes from 1d.
Names wanted_targets(FunctionCallInfo fcinfo) {
    if (PG_ARGISNULL(1)) {
        Names all = make_names(lengthof(standard_targets));
        for (const char* target : standard_targets) all.add(target);
        return all;
    }
    Datum* values;
    bool* nulls;
    int count;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
    Names wanted = make_names(count);
    for (const char* source : {"1m", "1d"}) {
        for (int i = 0; i < count; ++i) {
            if (nulls[i]) ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a target timeframe must not be null")));
            const char* target = TextDatumGetCString(values[i]);
            if (strcmp(source_of(require_timeframe(target)), source) != 0 || wanted.contains(target)) continue;
            if (!can_be_derived(target))
                ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s is not derived from other candles", target),
                                errhint("Targets are 3m 5m 15m 30m 1h 4h and other multiples of 1m, 1d, 1w and 1mo.")));
            wanted.add(target);
        }
    }
    return wanted;
}

/// The series of one instrument, as list_series() gave them.
struct Instrument {
    int32 id;
    const Series* series;
    int count;
    bool has(const char* timeframe) const {
        return std::any_of(series, series + count, [&](const Series& one) { return strcmp(one.timeframe, timeframe) == 0; });
    }
};

/// The earliest change of each timeframe of an instrument; DT_NOEND where there is none.
class Changes {
public:
    explicit Changes(int room) : names_(make_names(room)), earliest_(static_cast<TimestampTz*>(palloc(sizeof(TimestampTz) * static_cast<Size>(room)))) {}
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
    Names names_;
    TimestampTz* earliest_;
};

/// The start of the earliest target candle that a change at `at` can concern: of its day, week or month.
TimestampTz bucket_before(TimestampTz at, const Timeframe& target, const TradingCalendar& trading) {
    if (TIMESTAMP_NOT_FINITE(at)) return DT_NOBEGIN;
    const ZoneClock clock = trading.clock();
    int32 date = clock.date(clock.zone, at);
    if (target.unit == Timeframe::Unit::week) date -= weekday_of(date) - 1;
    if (target.unit == Timeframe::Unit::month) date = month_start(date);
    return clock.instant(clock.zone, date, 0);
}

/// Refreshes one instrument after the other. Its statements live in the memory context in which it was made; needs SPI.
class Refresh {
public:
    Refresh(Oid schema, Names wanted) : wanted_(wanted), memory_(CurrentMemoryContext), locks_(schema, memory_) {
        const char *candles = table_name(schema, "candle_data"), *log = table_name(schema, "candle_change");
        Oid of_log[] = {INT4OID, TEXTARRAYOID}, of_rest[] = {INT4OID, TEXTOID, TIMESTAMPTZOID}, of_derive[] = {INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID};
        take_ = prepare_query(psprintf("DELETE FROM %s WHERE consumer = 'timeframes' AND instrument_id = $1 AND timeframe = ANY ($2) "
                                       "RETURNING timeframe, earliest", log), 2, of_log, memory_);
        leave_ = prepare_query(psprintf("WITH earlier AS (DELETE FROM %1$s WHERE consumer = 'timeframes' AND instrument_id = $1 AND timeframe = $2 RETURNING earliest) "
                                        "INSERT INTO %1$s (consumer, instrument_id, timeframe, earliest) "
                                        "SELECT 'timeframes', $1, $2, least($3, (SELECT min(earliest) FROM earlier))", log), 3, of_rest, memory_);
        derive_ = prepare_query(
            psprintf("WITH fresh AS MATERIALIZED (SELECT * FROM %2$s($1, $2, $3, $4)), "
                     "stored AS MATERIALIZED (SELECT ts, source, open, high, low, close, volume, oi FROM %1$s WHERE instrument_id = $1 AND timeframe = $3 AND ts >= $4), "
                     "gone AS (DELETE FROM %1$s c WHERE c.instrument_id = $1 AND c.timeframe = $3 AND c.source = 'd' "
                     "AND c.ts IN (SELECT s.ts FROM stored s WHERE s.source = 'd' EXCEPT SELECT f.ts FROM fresh f) RETURNING c.ts), "
                     "written AS (INSERT INTO %1$s AS c (instrument_id, timeframe, source, ts, open, high, low, close, volume, oi) "
                     "SELECT $1, $3, 'd', f.ts, f.open, f.high, f.low, f.close, f.volume, f.oi FROM fresh f LEFT JOIN stored s ON s.ts = f.ts "
                     "WHERE s.ts IS NULL OR s.source = 'd' AND "
                     "ROW(s.open, s.high, s.low, s.close, s.volume, s.oi) IS DISTINCT FROM ROW(f.open, f.high, f.low, f.close, f.volume, f.oi) "
                     "ON CONFLICT (instrument_id, timeframe, ts) DO UPDATE SET open = EXCLUDED.open, high = EXCLUDED.high, low = EXCLUDED.low, "
                     "close = EXCLUDED.close, volume = EXCLUDED.volume, oi = EXCLUDED.oi WHERE c.source = 'd' RETURNING c.ts), "
                     "touched AS (SELECT count(*) AS count, min(w.ts) AS earliest FROM (SELECT ts FROM gone UNION ALL SELECT ts FROM written) w), "
                     "logged AS (INSERT INTO %3$s (consumer, instrument_id, timeframe, earliest) SELECT 'indicators', $1, $3, earliest FROM touched WHERE count > 0) "
                     "SELECT count, earliest FROM touched",
                     candles, quote_qualified_identifier(get_namespace_name(schema), "resample_candles"), log), 4, of_derive, memory_);
    }

    /// Returns how many candles were inserted, changed and deleted.
    int64 refresh(const Instrument& instrument, const TradingCalendar& trading) {
        for (const char* source : sources)
            if (consumes(source) && instrument.has(source)) locks_.lock({instrument.id, source});
        Changes changes = take(instrument.id);
        int64 written = 0;
        for (int i = 0; i < wanted_.count; ++i) {
            const char* target = wanted_.list[i];
            const Timeframe timeframe = require_timeframe(target);
            const char* source = source_of(timeframe);
            TimestampTz from = std::min(changes.of(source), changes.of(target));
            if (instrument.has(source) && !instrument.has(target)) from = DT_NOBEGIN;
            if (from != DT_NOEND) written += derive(instrument.id, source, target, bucket_before(from, timeframe, trading), changes);
        }
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

    /// Whether some wanted target is made of this timeframe.
    bool consumes(const char* source) const {
        return std::any_of(wanted_.list, wanted_.list + wanted_.count, [&](const char* target) { return strcmp(source_of(require_timeframe(target)), source) == 0; });
    }

    /// The timeframes whose changes matter: what is wanted, and what it is made of.
    Datum watched() const {
        auto* names = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(wanted_.count + 2)));
        int count = 0;
        for (int i = 0; i < wanted_.count; ++i) names[count++] = CStringGetTextDatum(wanted_.list[i]);
        for (const char* source : sources)
            if (consumes(source)) names[count++] = CStringGetTextDatum(source);
        return PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
    }

private:
    Changes take(int32 instrument_id) {
        Datum values[] = {Int32GetDatum(instrument_id), watched()};
        Changes changes(wanted_.count + static_cast<int>(std::size(sources)));
        for_each_row(take_, values, nullptr, false, 0, [&](const ResultRow& row) { changes.add(row.text(1), DatumGetTimestampTz(row[2].value)); });
        return changes;
    }

    int64 derive(int32 instrument_id, const char* source, const char* target, TimestampTz from, Changes& changes) {
        CHECK_FOR_INTERRUPTS();
        Datum values[] = {Int32GetDatum(instrument_id), CStringGetTextDatum(source), CStringGetTextDatum(target), TimestampTzGetDatum(from)};
        int64 written = 0;
        for_each_row(derive_, values, nullptr, false, 0, [&](const ResultRow& row) {
            written = DatumGetInt64(row[1].value);
            if (!row[2].isnull) changes.add(target, DatumGetTimestampTz(row[2].value));
        });
        return written;
    }

    Names wanted_;
    MemoryContext memory_;
    SeriesState locks_;
    SPIPlanPtr take_, leave_, derive_;
};

/// Our statements mean PostgreSQL's own operators, log themselves what they change, and are over before they were compiled.
/// Undone by AtEOXact_GUC(), or by an error.
int enter() {
    static constexpr const char* settings[][2] = {{"search_path", "pg_catalog, pg_temp"}, {"pg_candle.log_changes", "off"}, {"jit", "off"}};
    const int level = NewGUCNestLevel();
    for (const auto& [name, value] : settings) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    return level;
}

/// The instruments with something to do: some watched timeframe changed, or a wanted one is not there though its source is.
Instrument* list_work(Oid schema, const SeriesFilter& filter, const Names& wanted, const Refresh& refresh, int* count) {
    const SeriesList list = list_series(schema, filter);
    Oid types[] = {TEXTARRAYOID};
    Datum values[] = {refresh.watched()};
    MemoryContext caller = CurrentMemoryContext;
    SPI_execute_with_args(psprintf("SELECT DISTINCT instrument_id FROM %s WHERE consumer = 'timeframes' AND timeframe = ANY ($1) ORDER BY 1",
                                   table_name(schema, "candle_change")), 1, types, values, nullptr, false, 0);
    MemoryContextSwitchTo(caller);
    auto* work = static_cast<Instrument*>(MemoryContextAllocHuge(caller, sizeof(Instrument) * (SPI_processed + static_cast<Size>(list.count) + 1)));
    *count = 0;
    const auto changed = [](uint64 row) {
        bool null;
        return DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 1, &null));
    };
    uint64 row = 0;
    for (int i = 0; i < list.count || row < SPI_processed;) {
        CHECK_FOR_INTERRUPTS();
        const int32 listed = i < list.count ? list.series[i].instrument_id : PG_INT32_MAX;
        Instrument one{row < SPI_processed ? std::min(listed, changed(row)) : listed, list.series + i, 0};
        while (i < list.count && list.series[i].instrument_id == one.id) ++i, ++one.count;
        bool due = row < SPI_processed && changed(row) == one.id;
        if (due) ++row;
        for (int t = 0; !due && t < wanted.count; ++t) {
            const char* source = source_of(require_timeframe(wanted.list[t]));
            due = one.has(source) && !one.has(wanted.list[t]);
        }
        if (due && (!filter.has_instrument || one.id == filter.instrument_id)) work[(*count)++] = one;
    }
    SPI_freetuptable(SPI_tuptable);
    return work;
}

Datum refresh_timeframes(FunctionCallInfo fcinfo) {
    PreventCommandIfReadOnly("refresh_timeframes()");
    const Oid schema = schema_of_function(fcinfo);
    const SeriesFilter filter{!PG_ARGISNULL(0), PG_ARGISNULL(0) ? 0 : PG_GETARG_INT32(0), nullptr};
    const Names wanted = wanted_targets(fcinfo);
    const bool commit = may_commit(fcinfo);

    SPI_connect_ext(commit ? SPI_OPT_NONATOMIC : 0);
    if (filter.has_instrument) require_instrument(schema, filter.instrument_id);
    MemoryContext procedure = CurrentMemoryContext;
    MemoryContext each = AllocSetContextCreate(procedure, "timeframes of an instrument", ALLOCSET_DEFAULT_SIZES);
    int level = enter();
    Refresh refresh(schema, wanted);
    Calendars calendars(schema, procedure);
    int count, unknown = 0;
    const Instrument* work = list_work(schema, filter, wanted, refresh, &count);
    Progress progress(count, "instruments");
    for (int i = 0; i < count; ++i) {
        InstrumentCalendar calendar;
        int64 written = 0;
        MemoryContextSwitchTo(each);
        if (calendars.find_instrument(work[i].id, calendar)) {
            written = refresh.refresh(work[i], *calendar.trading);
        } else {
            ++unknown;
        }
        MemoryContextSwitchTo(procedure);
        MemoryContextReset(each);
        if (commit) {
            AtEOXact_GUC(true, level);
            SPI_commit();
            MemoryContextSwitchTo(procedure);
            level = enter();
        }
        progress.add(written);
    }
    AtEOXact_GUC(true, level);
    if (unknown > 0)
        ereport(WARNING, (errmsg("%d instruments have candles but are not in instrument_master", unknown),
                          errdetail("Without their segment their sessions are not known, and nothing was derived."), errhint("Add them to instrument_master.")));
    SPI_finish();
    return Datum{0};
}

}  // namespace
}  // namespace pg_candle

extern "C" {
PG_FUNCTION_INFO_V1(pg_candle_refresh_timeframes);
PGDLLEXPORT Datum pg_candle_refresh_timeframes(PG_FUNCTION_ARGS) {
    return pg_candle::boundary([&] { return pg_candle::refresh_timeframes(fcinfo); });
}
}
