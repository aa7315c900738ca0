#pragma once
#include "backend/postgres/compat.hpp"
#include "market/expected.hpp"

extern "C" {
#include "pgtime.h"
}

namespace pg_candle {

/// A calendar as the tables trading_calendar, trading_holiday and special_session have it.
struct TradingCalendar {
    Calendar calendar;
    const char** special_kinds;  ///< by the index of the special period: muhurat, ...; null where it has none
    pg_tz* zone;

    /// Its clock for market/; valid as long as this is.
    ZoneClock clock() const;
};

/// Reads a calendar by name. If there is none of that name, or its rows say nothing that can be right (hours that are
/// missing or end before they begin, overlapping periods, no such time zone), returns null and says why in `problem`, a
/// full sentence. Needs SPI; what it returns lives in the current memory context.
TradingCalendar* read_calendar(Oid schema, const char* name, const char** problem);

/// The same, but a problem is an error.
TradingCalendar* require_calendar(Oid schema, const char* name);

/// The calendar of an instrument's segment (docs/guides/calendars.md); everything unknown trades around the clock.
const char* calendar_of_segment(const char* segment);

/// The instrument's calendar, and its life from listed_on to expiry_date.
struct InstrumentCalendar {
    TradingCalendar* trading;
    int32 first_date, last_date;
};

/// Calendars that are read once and kept, with all else, in one memory context: a statement's, for what one statement
/// says looks at one state of the tables. Needs SPI.
class Calendars {
public:
    Calendars(Oid schema, MemoryContext memory) : schema_(schema), memory_(memory) {}

    /// As read_calendar(); `is_new` tells whether nobody has asked for it before, so that a problem is said once.
    TradingCalendar* named(const char* name, const char** problem, bool* is_new);

    /// An error if there is no such instrument, or if its calendar cannot be used.
    InstrumentCalendar of_instrument(int32 instrument_id);

    /// Null; or what is wrong, a full sentence, if there is no such instrument or its calendar cannot be used.
    const char* find_instrument(int32 instrument_id, InstrumentCalendar& found);

private:
    struct Known {
        const char* name;
        TradingCalendar* calendar;
        const char* problem;
        Known* next;
    };
    Oid schema_;
    MemoryContext memory_;
    Known* known_ = nullptr;
    SPIPlanPtr instrument_ = nullptr;
};

/// The range as market/ wants it, within what dates can express and no further than now.
ExpectedRange expected_range(const InstrumentCalendar& instrument, TimestampTz from, TimestampTz to, TimestampTz now);

/// The first start of a candle all of whose candles of a shorter timeframe may be there, where those before `kept_from`
/// were dropped; DT_NOBEGIN where none were.
TimestampTz first_whole_candle(const Timeframe& timeframe, const TradingCalendar& trading, TimestampTz kept_from);

}  // namespace pg_candle
