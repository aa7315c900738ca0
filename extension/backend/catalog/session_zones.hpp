#pragma once
#include "backend/postgres/compat.hpp"

extern "C" {
#include "pgtime.h"
}

namespace pg_candle {

/// The time zones in which instruments have their sessions: that of the calendar of their segment; Asia/Kolkata for
/// instruments that instrument_master does not know. Whoever may read candles gets them right: the tables are read with
/// their owner's rights, as for a foreign key, since nothing of them is shown. Needs SPI; keeps what it found in one
/// memory context.
class SessionZones {
public:
    /// `read_only`: look at the caller's snapshot instead of a new one.
    SessionZones(Oid schema, MemoryContext memory, bool read_only)
        : schema_(schema), memory_(memory), read_only_(read_only) {}

    /// Fails where the calendar names no zone.
    pg_tz* of_instrument(int32 instrument_id);

    /// Whether of_instrument() would not fail.
    bool knows(int32 instrument_id);

private:
    struct Known {
        const char* calendar;
        const char* name;
        pg_tz* zone;  ///< null if there is none of that name
        Known* next;
    };
    const char* look_up(SPIPlanPtr& plan, const char* table, const char* query, Oid type, Datum value);
    const Known* find_calendar(const char* calendar);
    const Known* find_instrument(int32 instrument_id);

    Oid schema_;
    MemoryContext memory_;
    bool read_only_;
    SPIPlanPtr segment_ = nullptr, zone_ = nullptr;
    Known* known_ = nullptr;
    int32 last_instrument_ = 0;
    const Known* last_ = nullptr;
};

}  // namespace pg_candle
