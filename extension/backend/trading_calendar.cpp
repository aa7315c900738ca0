#include "backend/trading_calendar.hpp"

#include <algorithm>
#include <cstring>

#include "backend/cursor.hpp"
#include "backend/tables.hpp"

extern "C" {
#include "utils/date.h"
#include "utils/datetime.h"
}

namespace pg_candle {
namespace {

constexpr int32 seconds_per_day = 86400;

/// Calendars reach this far; dates beyond cannot be told apart anyway.
constexpr int32 earliest_date = -36525, latest_date = 73049;  // 1900-01-01, 2200-01-01

int64 instant_of(const void* zone, int32 date, int32 second) {
    struct pg_tm tm {};
    const int32 day = date + second / seconds_per_day, rest = second % seconds_per_day;
    j2date(day + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
    tm.tm_hour = rest / 3600;
    tm.tm_min = rest / 60 % 60;
    tm.tm_sec = rest % 60;
    const int west = DetermineTimeZoneOffset(&tm, static_cast<pg_tz*>(const_cast<void*>(zone)));
    return (static_cast<int64>(day) * seconds_per_day + rest + west) * USECS_PER_SEC;
}

int32 date_of(const void* zone, int64 instant) {
    struct pg_tm tm {};
    fsec_t fraction;
    int west;
    const char* name;
    if (timestamp2tm(instant, &west, &tm, &fraction, &name, static_cast<pg_tz*>(const_cast<void*>(zone))) != 0) return 0;
    return date2j(tm.tm_year, tm.tm_mon, tm.tm_mday) - POSTGRES_EPOCH_JDATE;
}

uint64 query(const char* text, const char* name) {
    Oid types[] = {TEXTOID};
    Datum values[] = {CStringGetTextDatum(name)};
    SPI_execute_with_args(text, 1, types, values, nullptr, true, 0);
    return SPI_processed;
}

Datum value(uint64 row, int column, bool* null) {
    return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, null);
}

int32 number(uint64 row, int column, int32 otherwise) {
    bool null;
    const Datum found = value(row, column, &null);
    return null ? otherwise : DatumGetInt32(found);
}

template <class Row>
Row* make_rows(MemoryContext context, uint64 count) {
    return static_cast<Row*>(MemoryContextAlloc(context, sizeof(Row) * std::max<uint64>(count, 1)));
}

[[noreturn]] void no_calendar(Oid schema, const char* name) {
    SPI_execute(psprintf("SELECT pg_catalog.string_agg(DISTINCT calendar, ' ') FROM %s", table_name(schema, "trading_calendar")), true, 1);
    const char* names = SPI_processed > 0 ? SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1) : nullptr;
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("calendar \"%s\" does not exist", name),
                    errdetail("trading_calendar holds %s.", names ? names : "none"), errhint("Add its regular hours to trading_calendar.")));
    pg_unreachable();
}

}  // namespace

ZoneClock TradingCalendar::clock() const { return {zone, instant_of, date_of}; }

TradingCalendar* read_calendar(Oid schema, const char* name) {
    MemoryContext context = CurrentMemoryContext;
    auto* result = static_cast<TradingCalendar*>(MemoryContextAllocZero(context, sizeof(TradingCalendar)));
    Calendar& calendar = result->calendar;

    uint64 count = query(psprintf("SELECT valid_from, EXTRACT(epoch FROM opens)::pg_catalog.int4, EXTRACT(epoch FROM closes)::pg_catalog.int4, "
                                  "(SELECT coalesce(pg_catalog.bit_or(1 OPERATOR(pg_catalog.<<) d), 0) FROM pg_catalog.unnest(weekly_off) AS d), "
                                  "known_from, known_through, timezone FROM %s WHERE calendar OPERATOR(pg_catalog.=) $1 ORDER BY valid_from",
                                  table_name(schema, "trading_calendar")), name);
    if (count == 0) no_calendar(schema, name);
    auto* hours = make_rows<RegularHours>(context, count);
    calendar.known_from = PG_INT32_MAX, calendar.known_through = PG_INT32_MIN;
    for (uint64 i = 0; i < count; ++i) {
        hours[i] = {number(i, 1, 0), number(i, 2, 0), number(i, 3, 0), static_cast<uint32>(number(i, 4, 0))};
        calendar.known_from = std::min(calendar.known_from, number(i, 5, PG_INT32_MAX));
        calendar.known_through = std::max(calendar.known_through, number(i, 6, PG_INT32_MIN));
    }
    const char* zone = SPI_getvalue(SPI_tuptable->vals[count - 1], SPI_tuptable->tupdesc, 7);
    result->zone = zone ? pg_tzset(zone) : nullptr;
    if (!result->zone)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("calendar \"%s\" has no known time zone", name),
                        errhint("Correct trading_calendar.timezone; pg_timezone_names lists the zones.")));
    calendar.hours = {hours, count};

    count = query(psprintf("SELECT holiday FROM %s WHERE calendar OPERATOR(pg_catalog.=) $1 ORDER BY 1", table_name(schema, "trading_holiday")), name);
    auto* holidays = make_rows<int32>(context, count);
    for (uint64 i = 0; i < count; ++i) holidays[i] = number(i, 1, 0);
    calendar.holidays = {holidays, count};

    count = query(psprintf("SELECT session_date, EXTRACT(epoch FROM opens)::pg_catalog.int4, EXTRACT(epoch FROM closes)::pg_catalog.int4, kind "
                           "FROM %s WHERE calendar OPERATOR(pg_catalog.=) $1 ORDER BY 1, 2", table_name(schema, "special_session")), name);
    auto* specials = make_rows<SpecialPeriod>(context, count);
    result->special_kinds = make_rows<const char*>(context, count);
    for (uint64 i = 0; i < count; ++i) {
        specials[i] = {number(i, 1, 0), number(i, 2, 0), number(i, 3, 0)};
        result->special_kinds[i] = MemoryContextStrdup(context, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 4));
    }
    calendar.specials = {specials, count};
    return result;
}

const char* calendar_of_segment(const char* segment) {
    static constexpr const char* known[][2] = {{"NSE_EQ", "NSE"}, {"NSE_INDEX", "NSE"}, {"BSE_EQ", "BSE"}, {"BSE_INDEX", "BSE"}, {"NSE_FO", "NFO"},
                                               {"BSE_FO", "BFO"}, {"NCD_FO", "CDS"}, {"BCD_FO", "BCD"}, {"MCX_FO", "MCX"}, {"NSE_COM", "NSCOM"}};
    for (const auto& [name, calendar] : known)
        if (strcmp(segment, name) == 0) return calendar;
    return "24x7";
}

TradingCalendar* Calendars::named(const char* name) {
    for (const Known* one = known_; one; one = one->next)
        if (strcmp(one->name, name) == 0) return one->calendar;
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    auto* added = static_cast<Known*>(palloc(sizeof(Known)));
    *added = {pstrdup(name), read_calendar(schema_, name), known_};
    known_ = added;
    MemoryContextSwitchTo(caller);
    return added->calendar;
}

InstrumentCalendar Calendars::of_instrument(int32 instrument_id) {
    InstrumentCalendar found;
    if (!find_instrument(instrument_id, found))
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("instrument %d does not exist", instrument_id),
                        errhint("Look it up by name: SELECT instrument_id('RELIANCE');")));
    return found;
}

bool Calendars::find_instrument(int32 instrument_id, InstrumentCalendar& found) {
    if (!instrument_) {
        Oid types[] = {INT4OID};
        instrument_ = prepare_query(psprintf("SELECT segment, listed_on, expiry_date FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1",
                                             table_name(schema_, "instrument_master")), 1, types, memory_);
    }
    Datum values[] = {Int32GetDatum(instrument_id)};
    const char* calendar = nullptr;
    for_each_row(instrument_, values, nullptr, true, 1, [&](const ResultRow& row) {
        calendar = calendar_of_segment(row.text(1));
        found = {nullptr, row[2].isnull ? earliest_date : DatumGetInt32(row[2].value), row[3].isnull ? latest_date : DatumGetInt32(row[3].value)};
    });
    if (!calendar) return false;
    found.trading = named(calendar);
    return true;
}

ExpectedRange expected_range(const InstrumentCalendar& instrument, TimestampTz from, TimestampTz to, TimestampTz now) {
    const ZoneClock clock = instrument.trading->clock();
    const TimestampTz earliest = clock.instant(clock.zone, earliest_date, 0);
    const TimestampTz latest = std::min(now, clock.instant(clock.zone, latest_date, 0));
    return {std::max(from, earliest), std::min(to, latest), now, std::max(instrument.first_date, earliest_date),
            std::min(instrument.last_date, latest_date)};
}

}  // namespace pg_candle
