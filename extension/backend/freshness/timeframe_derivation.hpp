#pragma once
#include "backend/catalog/series_list.hpp"
#include "backend/catalog/trading_calendar.hpp"
#include "backend/freshness/dropped_candles.hpp"
#include "backend/freshness/state_store.hpp"

namespace pg_candle {

/// A few names of timeframes.
struct TimeframeNames {
    const char** list;
    int count;
    bool contains(const char* name) const;
    void add(const char* name) { list[count++] = name; }
};

/// Room for so many, in the current memory context.
TimeframeNames make_names(int room);

/// The timeframes that are derived unless others are asked for.
TimeframeNames standard_targets();

/// The timeframe that candles of the target are made of.
const char* source_of(const Timeframe& target);

/// Whether candles of this timeframe are made of others.
bool can_be_derived(const char* target);

/// The series of one instrument, as list_series() gave them.
struct Instrument {
    int32 id;
    const Series* series;
    int count;
    bool has(const char* timeframe) const;
};

/// Keeps derived candles in step with what they are made of, one instrument after the other.
///
/// Whoever changes candles leaves a row in candle_change for the consumer "timeframes". A refresh locks the sources
/// that an instrument has, or had; takes the rows of those and of what is made of them; and only then reads candles: a
/// change that is committed later has left a row that this refresh does not see, and the next one takes. Rolling back
/// gives the rows back. Changes of calendars are logged as those of all series.
///
/// Its statements mean PostgreSQL's own operators, log themselves what they change, and take rows of the log: they
/// stand between enter() and AtEOXact_GUC(). Lives in the memory context in which it was made; needs SPI.
class TimeframeRefresh {
public:
    /// `force`: everything is derived, whatever the log says. Unless it `waits`, an instrument that somebody holds is
    /// an error. Fails if the caller does not see all of the calendars: then no candle can be told from a gap.
    TimeframeRefresh(Oid schema, TimeframeNames wanted, bool force, bool waits);

    /// The settings under which it works; returns the level for AtEOXact_GUC(). An error undoes them, too.
    static int enter(bool waits);

    /// Returns how many candles were inserted, changed and deleted.
    int64 refresh(int32 instrument_id, const TradingCalendar& trading);

    /// Whether a change of this timeframe matters: it is wanted, or something wanted is made of it.
    bool watches(const char* timeframe) const;

    /// Whether the instrument has something that is wanted and not there, or is to be looked at in any case.
    bool lacks_something(const Instrument& instrument) const;

private:
    class Changes;
    bool consumes(const char* source) const;
    Instrument look_at(int32 instrument_id, SPIPlanPtr query);
    bool concerns(const char* source, const Instrument& instrument) const;
    Changes take(int32 instrument_id, const TimeframeNames& locked);
    int64 derive(int32 instrument_id, const char* source, const char* target, TimestampTz from, Changes& changes);

    TimeframeNames wanted_;
    bool force_, waits_;
    Oid log_;
    StateStore locks_;
    DroppedCandles dropped_;
    SPIPlanPtr series_, logged_, take_, leave_, derive_;
};

}  // namespace pg_candle
