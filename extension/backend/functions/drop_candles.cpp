// drop_candles(timeframe, older_than): deletes old candles; what was made of them stays.
#include <algorithm>

#include "backend/catalog/arguments.hpp"
#include "backend/catalog/change_capture.hpp"
#include "backend/catalog/market_clock.hpp"
#include "backend/catalog/row_security.hpp"
#include "backend/freshness/change_log.hpp"
#include "backend/freshness/dropped_candles.hpp"
#include "backend/freshness/guarded_refresh.hpp"
#include "backend/freshness/timeframe_derivation.hpp"
#include "backend/postgres/exception_boundary.hpp"
#include "backend/postgres/progress_notice.hpp"
#include "backend/postgres/spi.hpp"
#include "backend/postgres/subtransaction.hpp"
#include "backend/postgres/text_input.hpp"

extern "C" {
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/date.h"
}

namespace pg_candle {
namespace {

/// The argument as a moment: a timestamp or date, or an interval back from now.
TimestampTz moment_argument(FunctionCallInfo fcinfo, int argument) {
    require_argument(fcinfo, argument, "older_than");
    const Datum value = PG_GETARG_DATUM(argument);
    const auto back = [](Datum interval) {
        return DatumGetTimestampTz(
            DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(market_now()), interval));
    };
    const auto read = [](PGFunction input, const char* written) {
        return DirectFunctionCall3(input, CStringGetDatum(written), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
    };
    switch (const Oid type = get_fn_expr_argtype(fcinfo->flinfo, argument)) {
        case TIMESTAMPTZOID:
            return DatumGetTimestampTz(value);
        case TIMESTAMPOID:
            return DatumGetTimestampTz(DirectFunctionCall1(timestamp_timestamptz, value));
        case DATEOID:
            return DatumGetTimestampTz(DirectFunctionCall1(date_timestamptz, value));
        case INTERVALOID:
            return back(value);
        case UNKNOWNOID:
        case TEXTOID: {
            const char* written = type == TEXTOID ? TextDatumGetCString(value) : DatumGetCString(value);
            if (!is_taken_by(timestamptz_in, written) && is_taken_by(interval_in, written))
                return back(read(interval_in, written));
            return DatumGetTimestampTz(read(timestamptz_in, written));
        }
        default:
            ereport(
                ERROR,
                (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("older_than cannot be of type %s", format_type_be(type)),
                 errhint(
                     "CALL drop_candles('1m', now() - interval '1 year'); or '2025-01-01', or interval '1 year'.")));
    }
    pg_unreachable();
}

/// Drops candles of one series after the other. Lives as long as the memory context in which it was made.
class CandleDropper {
public:
    CandleDropper(Oid schema, bool waits)
        : schema_(schema),
          waits_(waits),
          memory_(CurrentMemoryContext),
          computation_(schema, waits ? SeriesComputation::Waits::always : SeriesComputation::Waits::never, false),
          for_timeframes_(schema, Consumer::timeframes, memory_),
          for_indicators_(schema, Consumer::indicators, memory_),
          dropped_(schema, memory_, false),
          calendars_(schema, memory_) {
        find_written_table(schema, "candle_data");
    }

    /// Returns how many went. Must be called between TimeframeRefresh::enter() and its end.
    int64 drop(const Series& series, TimestampTz older_than) {
        InstrumentCalendar instrument;
        if (const char* problem = calendars_.find_instrument(series.instrument_id, instrument))
            ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                            errmsg("instrument %d has no sessions", series.instrument_id), errdetail("%s", problem)));
        const TradingCalendar& trading = *instrument.trading;
        const TimeframeNames made = made_of(series);
        const TimestampTz cut = cut_before(older_than, series, made, trading.clock());
        if (!has_candles_before(series, cut)) return 0;
        // From here on the table and its triggers stay as they are. What was done to all of it before has yet to reach
        // this series.
        LockRelationOid(find_table(schema_, "candle_data"), RowExclusiveLock);
        for_timeframes_.expand();
        for_indicators_.expand();
        if (hides_candles(schema_, {series.instrument_id, nullptr})) {
            ereport(WARNING, (errmsg("candles of instrument %d, timeframe %s were not dropped", series.instrument_id,
                                     series.timeframe),
                              errdetail("%s", hidden_candles()), errhint("%s", hidden_candles_hint)));
            return 0;
        }
        derive(series, made, trading);
        computation_.open();
        const int64 dropped = drop_before(series, cut, trading);
        computation_.close();
        return dropped;
    }

    void abandon() { computation_.abandon(); }

private:
    bool has_candles_before(const Series& series, TimestampTz cut) {
        return count_of("SELECT 1 FROM %s WHERE instrument_id = $1 AND timeframe = $2 AND ts < $3 LIMIT 1",
                        "candle_data", series, cut) > 0;
    }

    /// Runs a statement on a series' rows before `cut`; returns how many.
    int64 count_of(const char* statement, const char* table, const Series& series, TimestampTz cut) {
        Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID};
        Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe),
                          TimestampTzGetDatum(cut)};
        SPIPlanPtr plan = prepare_query(psprintf(statement, table_name(schema_, table)), 3, types);
        const int64 rows = static_cast<int64>(execute_query(plan, values));
        SPI_freeplan(plan);
        return rows;
    }

    /// The instrument's timeframes that are made of these candles.
    TimeframeNames made_of(const Series& series) {
        const SeriesList all = list_series(schema_, {true, series.instrument_id, nullptr});
        TimeframeNames made = make_names(all.count);
        for (int i = 0; i < all.count; ++i) {
            const char* target = all.series[i].timeframe;
            if (can_be_derived(target) && strcmp(source_of(require_timeframe(target)), series.timeframe) == 0)
                made.add(target);
        }
        return made;
    }

    /// Whole days, and whole candles. A week or month that is not over keeps all its days, as more will come.
    static TimestampTz cut_before(TimestampTz older_than, const Series& series, const TimeframeNames& made,
                                  const ZoneClock& clock) {
        const int32 today = clock.date(clock.zone, market_now());
        int32 date = bucket_date(require_timeframe(series.timeframe), clock.date(clock.zone, older_than));
        for (int i = 0; i < made.count; ++i) date = std::min(date, bucket_date(require_timeframe(made.list[i]), today));
        return clock.instant(clock.zone, date, 0);
    }

    /// What is made of these candles must be so before they go.
    void derive(const Series& series, const TimeframeNames& made, const TradingCalendar& trading) {
        if (made.count == 0) return;
        // Where changes may have passed the log, all is derived.
        const ChangeCapture& capture = change_capture(schema_);
        const bool force = !capture.complete || capture.calendar_gap;
        TimeframeRefresh(schema_, made, force, waits_).refresh(series.instrument_id, trading);
    }

    int64 drop_before(const Series& series, TimestampTz cut, const TradingCalendar& trading) {
        computation_.compute(series, {});
        Position last;
        const bytea* state = computation_.state_before(series, cut, &last);
        if (!state) return 0;
        const int64 dropped = count_of("DELETE FROM %s WHERE instrument_id = $1 AND timeframe = $2 AND ts < $3",
                                       "candle_data", series, cut);
        count_of("DELETE FROM %s WHERE instrument_id = $1 AND timeframe = $2 AND ts < $3", "indicator_checkpoint",
                 series, cut);
        if (has_candles_before(series, cut))
            ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("some of them are still there"),
                            errdetail("A trigger, a rule or a policy of the table has kept them.")));
        // A series that ended before goes on where it ended, not where it was cut.
        const ZoneClock clock = trading.clock();
        const TimestampTz end = clock.instant(
            clock.zone, next_bucket_date(require_timeframe(series.timeframe), clock.date(clock.zone, last.ts)), 0);
        dropped_.note(series, std::min(cut, end), dropped, state);
        computation_.store_again(series);
        return dropped;
    }

    Oid schema_;
    bool waits_;
    MemoryContext memory_;
    SeriesComputation computation_;
    ChangeLog for_timeframes_, for_indicators_;
    DroppedCandles dropped_;
    Calendars calendars_;
};

Datum drop_candles(FunctionCallInfo fcinfo) {
    PreventCommandIfReadOnly("drop_candles()");
    const Oid schema = schema_of_function(fcinfo);
    require_argument(fcinfo, 0, "the timeframe");
    const SeriesFilter filter{false, 0, timeframe_argument(fcinfo, 0)};
    const TimestampTz older_than = moment_argument(fcinfo, 1);
    if (TIMESTAMP_NOT_FINITE(older_than) || older_than > market_now())
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("older_than must be a moment that has passed"),
                        errdetail("It is %s.", timestamptz_to_str(older_than)),
                        errhint("To delete all candles of a timeframe with what was made of them: DELETE FROM "
                                "candle_data WHERE timeframe = ...;")));
    const bool commit = may_commit(fcinfo), waits = !commit;

    SPI_connect_ext(commit ? SPI_OPT_NONATOMIC : 0);
    MemoryContext procedure = CurrentMemoryContext;
    MemoryContext each = AllocSetContextCreate(procedure, "drop candles of a series", ALLOCSET_DEFAULT_SIZES);
    int level = TimeframeRefresh::enter(true);
    const SeriesList list = list_series(schema, filter);
    CandleDropper dropper(schema, waits);
    AtEOXact_GUC(true, level);
    level = TimeframeRefresh::enter(waits);
    int64 total = 0;
    int touched = 0;
    for (int i = 0; i < list.count; ++i) {
        CHECK_FOR_INTERRUPTS();
        const Series& series = list.series[i];
        volatile int64 dropped = 0;
        MemoryContextSwitchTo(each);
        ErrorData* error = try_in_subtransaction([&] {
            SPI_connect();
            MemoryContextSwitchTo(each);
            dropped = dropper.drop(series, older_than);
            SPI_finish();
        });
        if (error) {
            dropper.abandon();
            dropped = 0;
            if (!is_held(error) && error->sqlerrcode != ERRCODE_UNDEFINED_OBJECT && !is_of_data(error))
                ReThrowError(error);
            ereport(WARNING, (errmsg("candles of instrument %d, timeframe %s were not dropped", series.instrument_id,
                                     series.timeframe),
                              errdetail("%s", text_of(error))));
        }
        total += dropped;
        touched += dropped > 0 ? 1 : 0;
        MemoryContextSwitchTo(procedure);
        MemoryContextReset(each);
        if (!commit) continue;
        AtEOXact_GUC(true, level);
        SPI_commit();
        MemoryContextSwitchTo(procedure);
        level = TimeframeRefresh::enter(waits);
    }
    AtEOXact_GUC(true, level);
    ereport(NOTICE, (errmsg(INT64_FORMAT " candles of %d series were dropped", total, touched)));
    SPI_finish();
    return Datum{0};
}

}  // namespace
}  // namespace pg_candle

extern "C" {
PG_FUNCTION_INFO_V1(pg_candle_drop_candles);
PGDLLEXPORT Datum pg_candle_drop_candles(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::drop_candles(fcinfo); });
}
}
