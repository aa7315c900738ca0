// refresh_timeframes(instrument_id, targets, force): derived candles of one instrument, or of all.
#include <algorithm>
#include <cstring>

#include "backend/catalog/arguments.hpp"
#include "backend/catalog/change_capture.hpp"
#include "backend/catalog/row_security.hpp"
#include "backend/freshness/change_log.hpp"
#include "backend/freshness/timeframe_derivation.hpp"
#include "backend/postgres/exception_boundary.hpp"
#include "backend/postgres/owner_rights.hpp"
#include "backend/postgres/progress_notice.hpp"
#include "backend/postgres/spi.hpp"
#include "backend/postgres/subtransaction.hpp"

extern "C" {
#include "storage/latch.h"
#include "tcop/utility.h"
#include "utils/wait_event.h"
}

namespace pg_candle {
namespace {

/// The argument `targets`, checked; the standard ones if it is NULL. What comes from 1m precedes what comes from 1d.
TimeframeNames wanted_targets(FunctionCallInfo fcinfo) {
    if (PG_ARGISNULL(1)) return standard_targets();
    Datum* values;
    bool* nulls;
    int count;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
    TimeframeNames wanted = make_names(count);
    for (const char* source : {"1m", "1d"}) {
        for (int i = 0; i < count; ++i) {
            if (nulls[i])
                ereport(ERROR,
                        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a target timeframe must not be null")));
            const char* target = TextDatumGetCString(values[i]);
            if (strcmp(source_of(require_timeframe(target)), source) != 0 || wanted.contains(target)) continue;
            if (!can_be_derived(target))
                ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                                errmsg("%s is not derived from other candles", target),
                                errhint("Targets are 3m 5m 15m 30m 1h 4h and other multiples of 1m, 1d, 1w and 1mo.")));
            wanted.add(target);
        }
    }
    return wanted;
}

/// What there is to do, and what only the log still knows.
struct Work {
    Instrument* list = nullptr;
    int count = 0;
    SeriesList strays{};  ///< logged, but not for what is wanted: it is no timeframe, or another one
};

/// The instruments with something to do: some watched timeframe changed, or a wanted one is not there though its source
/// is.
Work list_work(Oid schema, const SeriesFilter& filter, const TimeframeRefresh& refresh) {
    Work work;
    const SeriesList list = list_series(schema, filter);
    int32* changed = nullptr;
    int changed_count = 0, changed_room = 0, room = 0, stray_room = 0;
    SPIPlanPtr plan = prepare_query(
        psprintf(
            "SELECT DISTINCT instrument_id::int4, timeframe::text FROM %s WHERE consumer = 'timeframes' ORDER BY 1",
            table_name(schema, "candle_change")),
        0, nullptr);
    for_each_row_of_many(plan, nullptr, nullptr, false, [&](const ResultRow& row) {
        const Series series{row.int4(1), row.text(2)};
        if (!series.timeframe || means_all_series(series)) return;
        if (!is_timeframe(series.timeframe) || !refresh.watches(series.timeframe))
            append(work.strays.series, work.strays.count, stray_room) = series;
        else if (refresh.watches(series.timeframe) &&
                 (changed_count == 0 || changed[changed_count - 1] != series.instrument_id))
            append(changed, changed_count, changed_room) = series.instrument_id;
    });
    int next = 0;
    for (int i = 0; i < list.count || next < changed_count;) {
        CHECK_FOR_INTERRUPTS();
        const int32 listed = i < list.count ? list.series[i].instrument_id : PG_INT32_MAX;
        Instrument one{next < changed_count ? std::min(listed, changed[next]) : listed, list.series + i, 0};
        while (i < list.count && list.series[i].instrument_id == one.id) ++i, ++one.count;
        bool due = next < changed_count && changed[next] == one.id;
        if (due) ++next;
        if ((due || refresh.lacks_something(one)) && (!filter.has_instrument || one.id == filter.instrument_id))
            append(work.list, work.count, room) = one;
    }
    return work;
}

/// Says as warnings what was left out, the first ones by name.
class LeftOut {
public:
    void add(int32 instrument_id, const char* why, const char* hint) {
        constexpr int named = 10;
        if (++count_ <= named)
            ereport(WARNING, (errmsg("timeframes of instrument %d are left as they are", instrument_id),
                              errdetail("%s", why), hint ? errhint("%s", hint) : 0));
    }
    void end() const {
        if (count_ > 10) ereport(WARNING, (errmsg("timeframes of %d instruments were left as they are", count_)));
    }

private:
    int count_ = 0;
};

/// Whether a series, or an instrument in any timeframe, has candles; also such as row security hides.
bool has_candles(Oid schema, const Series& series) {
    Oid types[] = {INT4OID, TEXTOID};
    Datum values[] = {Int32GetDatum(series.instrument_id),
                      series.timeframe ? CStringGetTextDatum(series.timeframe) : Datum{0}};
    const char nulls[] = {' ', series.timeframe ? ' ' : 'n'};
    bool found = false;
    with_owner_rights(find_table(schema, "candle_data"), [&] {
        SPIPlanPtr plan =
            prepare_query(psprintf("SELECT 1 FROM %s WHERE instrument_id = $1 AND ($2 IS NULL OR timeframe = $2)",
                                   table_name(schema, "candle_data")),
                          2, types);
        found = for_each_row(plan, values, nulls, false, 1, [](const ResultRow&) {}) > 0;
    });
    return found;
}

/// Removes these log rows, as series, if there are no candles of `gone`; false if there are. Looks for candles after
/// that, too, so that those that come meanwhile, with a row each, are found.
bool forget_if_gone(Oid schema, ChangeLog& log, const Series& gone, const Series* series, int count) {
    if (has_candles(schema, gone)) return false;
    auto* earliest = static_cast<TimestampTz*>(palloc(sizeof(TimestampTz) * static_cast<Size>(count)));
    for (int i = 0; i < count; ++i) earliest[i] = log.take(series[i]);
    if (!has_candles(schema, gone)) return true;
    for (int i = 0; i < count; ++i)
        if (earliest[i] != DT_NOEND) log.leave(series[i], earliest[i]);
    return false;
}

bool forget_if_gone(Oid schema, ChangeLog& log, int32 instrument_id) {
    Oid types[] = {INT4OID};
    Datum values[] = {Int32GetDatum(instrument_id)};
    Series* logged = nullptr;
    int count = 0, room = 0;
    SPIPlanPtr plan = prepare_query(
        psprintf("SELECT DISTINCT timeframe::text FROM %s WHERE consumer = 'timeframes' AND instrument_id = $1",
                 table_name(schema, "candle_change")),
        1, types);
    for_each_row(plan, values, nullptr, false, 0, [&](const ResultRow& row) {
        if (!row.is_null(1)) append(logged, count, room) = {instrument_id, row.text(1)};
    });
    return forget_if_gone(schema, log, {instrument_id, nullptr}, logged, count);
}

Datum refresh_timeframes(FunctionCallInfo fcinfo) {
    PreventCommandIfReadOnly("refresh_timeframes()");
    const Oid schema = schema_of_function(fcinfo);
    const SeriesFilter filter{!PG_ARGISNULL(0), PG_ARGISNULL(0) ? 0 : PG_GETARG_INT32(0), nullptr};
    const TimeframeNames wanted = wanted_targets(fcinfo);
    const ChangeCapture& capture = change_capture(schema);
    const char* gap = capture.complete ? capture.calendar_gap : capture.gap;
    if (gap) notice_log_gap(gap);
    const bool force = gap || (!PG_ARGISNULL(2) && PG_GETARG_BOOL(2));
    const bool commit = may_commit(fcinfo), waits = !commit;

    SPI_connect_ext(commit ? SPI_OPT_NONATOMIC : 0);
    MemoryContext procedure = CurrentMemoryContext;
    MemoryContext each = AllocSetContextCreate(procedure, "timeframes of an instrument", ALLOCSET_DEFAULT_SIZES);
    int level = TimeframeRefresh::enter(true);
    ChangeLog log(schema, Consumer::timeframes, procedure);
    log.expand();
    TimeframeRefresh refresh(schema, wanted, force, waits);
    Calendars calendars(schema, procedure);
    const Work work = list_work(schema, filter, refresh);
    if (work.count == 0 && filter.has_instrument && list_series(schema, filter).count == 0)
        require_instrument(schema, filter.instrument_id);
    AtEOXact_GUC(true, level);
    level = TimeframeRefresh::enter(waits);
    Progress progress(work.count, "instruments");
    LeftOut left_out;

    // What others hold is passed over and come back to, a little later each time.
    constexpr int rounds = 6;
    int count = work.count;
    auto* todo =
        static_cast<Instrument*>(MemoryContextAllocHuge(procedure, sizeof(Instrument) * static_cast<Size>(count + 1)));
    std::copy_n(work.list, count, todo);
    for (int round = 0; count > 0 && round < rounds; ++round) {
        if (round > 0) {
            WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 50L << round, PG_WAIT_EXTENSION);
            ResetLatch(MyLatch);
        }
        int held = 0;
        for (int i = 0; i < count; ++i) {
            CHECK_FOR_INTERRUPTS();
            MemoryContextSwitchTo(each);
            InstrumentCalendar calendar;
            volatile int64 written = 0;
            const Instrument& one = todo[i];
            const char* problem = calendars.find_instrument(one.id, calendar);
            ErrorData* error = nullptr;
            const bool hidden = !problem && hides_candles(schema, {one.id, nullptr});
            if (hidden)
                left_out.add(one.id, hidden_candles(), hidden_candles_hint);
            else if (!problem)
                error = try_in_subtransaction([&] { written = refresh.refresh(one.id, *calendar.trading); });
            const bool is_held_now = error && commit && is_held(error);
            if (error && !is_held_now && !is_of_data(error)) ReThrowError(error);
            if (problem && !forget_if_gone(schema, log, one.id))
                left_out.add(one.id, problem, "Correct its row of instrument_master, or the calendar.");
            if (error && !is_held_now) left_out.add(one.id, text_of(error), error->hint);
            if (is_held_now && round + 1 == rounds)
                left_out.add(one.id, "Another session holds them.",
                             "pg_stat_activity and pg_prepared_xacts show who has a transaction open. The next refresh "
                             "takes them up.");
            MemoryContextSwitchTo(procedure);
            if (is_held_now)
                todo[held++] = one;
            else
                progress.add(written);
            MemoryContextReset(each);
            if (commit) {
                AtEOXact_GUC(true, level);
                SPI_commit();
                MemoryContextSwitchTo(procedure);
                level = TimeframeRefresh::enter(waits);
            }
        }
        count = held;
    }
    left_out.end();
    Series* worked_on = nullptr;
    int worked_on_count = 0, room = 0;
    for (int i = 0; i < work.count; ++i)
        for (int k = 0; k < work.list[i].count; ++k) append(worked_on, worked_on_count, room) = work.list[i].series[k];
    log.compact(worked_on, worked_on_count);
    for (int i = 0; i < work.strays.count; ++i) {
        CHECK_FOR_INTERRUPTS();
        const Series& stray = work.strays.series[i];
        // Candles that are not there, where nobody wants them, need no row; nor does what is no timeframe.
        if (!is_timeframe(stray.timeframe))
            log.take(stray);
        else
            forget_if_gone(schema, log, stray, &stray, 1);
    }
    AtEOXact_GUC(true, level);
    SPI_finish();
    return Datum{0};
}

}  // namespace
}  // namespace pg_candle

extern "C" {
PG_FUNCTION_INFO_V1(pg_candle_refresh_timeframes);
PGDLLEXPORT Datum pg_candle_refresh_timeframes(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::refresh_timeframes(fcinfo); });
}
}
