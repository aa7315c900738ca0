#include "backend/catalog/trading_calendar.hpp"

#include <algorithm>
#include <cstring>

#include "backend/catalog/series_list.hpp"
#include "backend/catalog/tables.hpp"
#include "backend/postgres/spi.hpp"

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
    if (timestamp2tm(instant, &west, &tm, &fraction, &name, static_cast<pg_tz*>(const_cast<void*>(zone))) != 0)
        return 0;
    return date2j(tm.tm_year, tm.tm_mon, tm.tm_mday) - POSTGRES_EPOCH_JDATE;
}

/// The rows of one calendar in one of its tables.
class CalendarRows {
public:
    CalendarRows(Oid schema, const char* table, const char* columns, const char* order, const char* calendar)
        : calendar_(CStringGetTextDatum(calendar)) {
        Oid types[] = {TEXTOID};
        plan_ = prepare_query(psprintf("SELECT %s FROM %s WHERE calendar OPERATOR(pg_catalog.=) $1 ORDER BY %s",
                                       columns, table_name(schema, table), order),
                              1, types);
    }

    /// Makes an array of rows, each filled by `read(row, to)`, in the current memory context.
    template <class Row, class Read>
    std::span<Row> read(Read&& read) {
        Row* rows = nullptr;
        int count = 0, room = 0;
        for_each_row(plan_, &calendar_, nullptr, true, 0, [&](const ResultRow& row) {
            Row one{};
            read(row, one);
            append(rows, count, room) = one;
        });
        SPI_freeplan(plan_);
        return {rows, static_cast<std::size_t>(count)};
    }

private:
    Datum calendar_;
    SPIPlanPtr plan_;
};

const char* date_text(int32 date) { return DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(date))); }

bool is_date(int32 date) { return date >= -2'000'000 && date <= 2'000'000; }

/// What is wrong with a period of a day; null if nothing is.
const char* hours_problem(const char* table, int32 date, int64 opens, int64 closes) {
    const char* what = opens == PG_INT64_MIN || closes == PG_INT64_MIN ? "has no opens or closes"
                       : opens >= closes                               ? "closes before it opens"
                       : opens < 0 || closes > seconds_per_day         ? "is not within a day"
                                                                       : nullptr;
    return what ? psprintf("Its row of %s for %s %s.", table, date_text(date), what) : nullptr;
}

/// Seconds since midnight of a time or interval column, as a bigint that is NULL where the column is.
const char* seconds_text(const char* column) {
    return psprintf("pg_catalog.date_part('epoch'::pg_catalog.text, %s)::pg_catalog.int8", column);
}

const char* read_hours(Oid schema, const char* name, TradingCalendar* to) {
    Calendar& calendar = to->calendar;
    const char* problem = nullptr;
    const char* zone = nullptr;
    const auto say = [&](const char* text) {
        if (!problem) problem = text;
    };
    calendar.known_from = PG_INT32_MAX, calendar.known_through = PG_INT32_MIN;
    int32 previous = PG_INT32_MIN;
    // Bit 0 of the days off means that one of them is none.
    CalendarRows rows(
        schema, "trading_calendar",
        psprintf("valid_from::pg_catalog.date, %s, %s, (SELECT coalesce(pg_catalog.bit_or(CASE WHEN d "
                 "OPERATOR(pg_catalog.>=) 1 AND d OPERATOR(pg_catalog.<=) 7"
                 " THEN 1 OPERATOR(pg_catalog.<<) d ELSE 1 END), 0) FROM "
                 "pg_catalog.unnest(weekly_off::pg_catalog.int4[]) AS d),"
                 " known_from::pg_catalog.date, known_through::pg_catalog.date, timezone::pg_catalog.text",
                 seconds_text("opens"), seconds_text("closes")),
        "valid_from", name);
    calendar.hours = rows.read<RegularHours>([&](const ResultRow& row, RegularHours& hours) {
        const int64 opens = row.int8(2, PG_INT64_MIN), closes = row.int8(3, PG_INT64_MIN);
        hours = {row.date(1, PG_INT32_MIN), static_cast<int32>(opens), static_cast<int32>(closes),
                 static_cast<uint32>(row.int4(4))};
        if (!is_date(hours.valid_from)) return say("A row of trading_calendar has no valid_from that is a date.");
        if (const char* wrong = hours_problem("trading_calendar", hours.valid_from, opens, closes)) return say(wrong);
        if (hours.weekly_off & 1)
            say(psprintf("Its row of trading_calendar for %s has a weekly_off that is no weekday from 1 to 7.",
                         date_text(hours.valid_from)));
        if (hours.valid_from == previous)
            say(psprintf("It has two rows of trading_calendar for %s.", date_text(previous)));
        previous = hours.valid_from;
        calendar.known_from = std::min(calendar.known_from, row.date(5, PG_INT32_MAX));
        calendar.known_through = std::max(calendar.known_through, row.date(6, PG_INT32_MIN));
        zone = row.text(7);
    });
    if (problem || calendar.hours.empty()) return problem;
    to->zone = zone ? pg_tzset(zone) : nullptr;
    return to->zone ? nullptr : psprintf("\"%s\" is no time zone; pg_timezone_names lists them.", zone ? zone : "NULL");
}

const char* read_holidays(Oid schema, const char* name, TradingCalendar* to) {
    const char* problem = nullptr;
    CalendarRows rows(schema, "trading_holiday", "holiday::pg_catalog.date", "1", name);
    to->calendar.holidays = rows.read<int32>([&](const ResultRow& row, int32& holiday) {
        holiday = row.date(1, PG_INT32_MIN);
        if (!is_date(holiday)) problem = "A row of trading_holiday has no holiday that is a date.";
    });
    return problem;
}

const char* read_specials(Oid schema, const char* name, TradingCalendar* to) {
    const char* problem = nullptr;
    const char** kinds = nullptr;
    int count = 0, room = 0;
    SpecialPeriod previous{PG_INT32_MIN, 0, 0};
    CalendarRows rows(schema, "special_session",
                      psprintf("session_date::pg_catalog.date, %s, %s, kind::pg_catalog.text", seconds_text("opens"),
                               seconds_text("closes")),
                      "1, 2", name);
    to->calendar.specials = rows.read<SpecialPeriod>([&](const ResultRow& row, SpecialPeriod& special) {
        const int64 opens = row.int8(2, PG_INT64_MIN), closes = row.int8(3, PG_INT64_MIN);
        special = {row.date(1, PG_INT32_MIN), static_cast<int32>(opens), static_cast<int32>(closes)};
        append(kinds, count, room) = row.text(4);
        if (problem) return;
        if (!is_date(special.date))
            problem = "A row of special_session has no session_date that is a date.";
        else if (const char* wrong = hours_problem("special_session", special.date, opens, closes))
            problem = wrong;
        else if (special.date == previous.date && special.opens < previous.closes)
            problem = psprintf("Two periods of special_session overlap on %s.", date_text(special.date));
        previous = special;
    });
    to->special_kinds = kinds;
    return problem;
}

const char* names_of_calendars(Oid schema) {
    const char* names = nullptr;
    SPIPlanPtr plan =
        prepare_query(psprintf("SELECT pg_catalog.string_agg(DISTINCT calendar::pg_catalog.text, ' ') FROM %s",
                               table_name(schema, "trading_calendar")),
                      0, nullptr);
    for_each_row(plan, nullptr, nullptr, true, 1, [&](const ResultRow& row) { names = row.text(1); });
    return names ? names : "none";
}

}  // namespace

ZoneClock TradingCalendar::clock() const { return {zone, instant_of, date_of}; }

TradingCalendar* read_calendar(Oid schema, const char* name, const char** problem) {
    auto* result = static_cast<TradingCalendar*>(palloc0(sizeof(TradingCalendar)));
    for (const auto read : {read_hours, read_holidays, read_specials})
        if ((*problem = read(schema, name, result))) return nullptr;
    if (!result->calendar.hours.empty()) return result;
    *problem = psprintf("There is none of that name; trading_calendar holds %s.", names_of_calendars(schema));
    return nullptr;
}

namespace {

bool has_hours(Oid schema, const char* name) {
    Oid types[] = {TEXTOID};
    Datum values[] = {CStringGetTextDatum(name)};
    SPIPlanPtr plan = prepare_query(
        psprintf("SELECT 1 FROM %s WHERE calendar OPERATOR(pg_catalog.=) $1", table_name(schema, "trading_calendar")),
        1, types);
    return for_each_row(plan, values, nullptr, true, 1, [](const ResultRow&) {}) > 0;
}

}  // namespace

TradingCalendar* require_calendar(Oid schema, const char* name) {
    const char* problem = nullptr;
    TradingCalendar* calendar = read_calendar(schema, name, &problem);
    if (!calendar)
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        has_hours(schema, name) ? errmsg("calendar \"%s\" cannot be used", name)
                                                : errmsg("calendar \"%s\" does not exist", name),
                        errdetail("%s", problem),
                        errhint("Correct or add its rows of trading_calendar, trading_holiday and special_session.")));
    return calendar;
}

const char* calendar_of_segment(const char* segment) {
    static constexpr const char* known[][2] = {
        {"NSE_EQ", "NSE"}, {"NSE_INDEX", "NSE"}, {"BSE_EQ", "BSE"}, {"BSE_INDEX", "BSE"}, {"NSE_FO", "NFO"},
        {"BSE_FO", "BFO"}, {"NCD_FO", "CDS"},    {"BCD_FO", "BCD"}, {"MCX_FO", "MCX"},    {"NSE_COM", "NSCOM"}};
    for (const auto& [name, calendar] : known)
        if (strcmp(segment, name) == 0) return calendar;
    return "24x7";
}

TradingCalendar* Calendars::named(const char* name, const char** problem, bool* is_new) {
    *is_new = false;
    for (const Known* one = known_; one; one = one->next)
        if (strcmp(one->name, name) == 0) {
            *problem = one->problem;
            return one->calendar;
        }
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    auto* added = static_cast<Known*>(palloc(sizeof(Known)));
    *added = {pstrdup(name), nullptr, nullptr, known_};
    added->calendar = read_calendar(schema_, name, &added->problem);
    known_ = added;
    MemoryContextSwitchTo(caller);
    *is_new = true;
    *problem = added->problem;
    return added->calendar;
}

InstrumentCalendar Calendars::of_instrument(int32 instrument_id) {
    InstrumentCalendar found;
    if (const char* problem = find_instrument(instrument_id, found))
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("instrument %d has no sessions", instrument_id),
                        errdetail("%s", problem),
                        errhint("SELECT instrument_id('RELIANCE'); looks an instrument up by name.")));
    return found;
}

const char* Calendars::find_instrument(int32 instrument_id, InstrumentCalendar& found) {
    if (!instrument_) {
        Oid types[] = {INT4OID};
        instrument_ =
            prepare_query(psprintf("SELECT segment::pg_catalog.text, listed_on::pg_catalog.date, "
                                   "expiry_date::pg_catalog.date FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1",
                                   table_name(schema_, "instrument_master")),
                          1, types, memory_);
    }
    Datum values[] = {Int32GetDatum(instrument_id)};
    const char* segment = nullptr;
    const uint64 rows = for_each_row(instrument_, values, nullptr, true, 1, [&](const ResultRow& row) {
        segment = row.text(1);
        found = {nullptr, row.date(2, earliest_date), row.date(3, latest_date)};
    });
    if (rows == 0) return "It is not in instrument_master.";
    if (!segment) return "It has no segment in instrument_master, which says when it trades.";
    const char* problem = nullptr;
    bool is_new;
    const char* name = calendar_of_segment(segment);
    found.trading = named(name, &problem, &is_new);
    return found.trading ? nullptr : psprintf("Its calendar \"%s\" cannot be used: %s", name, problem);
}

ExpectedRange expected_range(const InstrumentCalendar& instrument, TimestampTz from, TimestampTz to, TimestampTz now) {
    const ZoneClock clock = instrument.trading->clock();
    const TimestampTz earliest = clock.instant(clock.zone, earliest_date, 0);
    const TimestampTz latest = std::min(now, clock.instant(clock.zone, latest_date, 0));
    return {std::max(from, earliest), std::min(to, latest), now, std::max(instrument.first_date, earliest_date),
            std::min(instrument.last_date, latest_date)};
}

TimestampTz first_whole_candle(const Timeframe& timeframe, const TradingCalendar& trading, TimestampTz kept_from) {
    if (kept_from == DT_NOBEGIN || timeframe.intraday()) return kept_from;
    const ZoneClock clock = trading.clock();
    const int32 start = bucket_date(timeframe, clock.date(clock.zone, kept_from));
    return clock.instant(
        clock.zone, clock.instant(clock.zone, start, 0) >= kept_from ? start : next_bucket_date(timeframe, start), 0);
}

}  // namespace pg_candle
