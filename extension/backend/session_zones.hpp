#pragma once
#include "backend/compat.hpp"

extern "C" {
#include "pgtime.h"
}

namespace pg_candle {

/// The time zones in which instruments have their sessions: that of the calendar of their segment; Asia/Kolkata for instruments
/// that instrument_master does not know. Whoever may read candles gets them right: the tables are read with their owner's
/// rights, as for a foreign key, since nothing of them is shown. Needs SPI; keeps what it found in one memory context.
class SessionZones {
public:
    /// `read_only`: look at the caller's snapshot instead of a new one.
    SessionZones(Oid schema, MemoryContext memory, bool read_only) : schema_(schema), memory_(memory), read_only_(read_only) {}

    pg_tz* of_instrument(int32 instrument_id);

private:
    struct Known {
        const char* calendar;
        pg_tz* zone;
        Known* next;
    };
    const char* look_up(SPIPlanPtr& plan, const char* table, const char* query, Oid type, Datum value);
    pg_tz* of_calendar(const char* calendar);

    Oid schema_;
    MemoryContext memory_;
    bool read_only_;
    SPIPlanPtr segment_ = nullptr, zone_ = nullptr;
    Known* known_ = nullptr;
    int32 last_instrument_ = 0;
    pg_tz* last_zone_ = nullptr;
};

}  // namespace pg_candle
