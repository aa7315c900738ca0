#pragma once
#include "backend/compat.hpp"
#include "market/expected.hpp"

extern "C" {
#include "pgtime.h"
}

namespace pg_candle {

/// A calendar as the tables trading_calendar, trading_holiday and special_session have it.
struct TradingCalendar {
    Calendar calendar;
    const char** special_kinds;  ///< by the index of the special period: muhurat, ...
    pg_tz* zone;

    /// Its clock for market/; valid as long as this is.
    ZoneClock clock() const;
};

/// Reads a calendar by name; an error that lists the names if there is none. Needs SPI; what it returns lives in the current
/// memory context.
TradingCalendar* read_calendar(Oid schema, const char* name);

/// The calendar of an instrument's segment (docs/calendars.md); everything unknown trades around the clock.
const char* calendar_of_segment(const char* segment);

/// The instrument's calendar, and its life from listed_on to expiry_date.
struct InstrumentCalendar {
    TradingCalendar* trading;
    int32 first_date, last_date;
};

/// Calendars that are read once and kept, with all else, in one memory context: a statement's, for what one statement says
/// looks at one state of the tables. Needs SPI.
class Calendars {
public:
    Calendars(Oid schema, MemoryContext memory) : schema_(schema), memory_(memory) {}

    /// As read_calendar().
    TradingCalendar* named(const char* name);

    /// An error if there is no such instrument.
    InstrumentCalendar of_instrument(int32 instrument_id);

    /// False if there is no such instrument.
    bool find_instrument(int32 instrument_id, InstrumentCalendar& found);

private:
    struct Known {
        const char* name;
        TradingCalendar* calendar;
        Known* next;
    };
    Oid schema_;
    MemoryContext memory_;
    Known* known_ = nullptr;
    SPIPlanPtr instrument_ = nullptr;
};

/// The range as market/ wants it, within what dates can express and no further than now.
ExpectedRange expected_range(const InstrumentCalendar& instrument, TimestampTz from, TimestampTz to, TimestampTz now);

}  // namespace pg_candle
