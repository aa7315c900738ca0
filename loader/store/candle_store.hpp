#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/candle.hpp"
#include "store/connection.hpp"
#include "store/coverage.hpp"

namespace pg_candle::store {

/// A series of candles: of one instrument and timeframe.
struct SeriesKey {
    int instrument_id;
    std::string timeframe;
};

/// What became of candles.
struct Stored {
    std::int64_t inserted = 0, updated = 0, unchanged = 0;
    std::int64_t kept = 0;  ///< left as they are because what is stored ranks above the new source

    Stored& operator+=(const Stored& other) {
        inserted += other.inserted, updated += other.updated, unchanged += other.unchanged, kept += other.kept;
        return *this;
    }
};

/// Holes that a second answer about a range met.
struct GapCounts {
    std::int64_t filled = 0;     ///< candles are there now
    std::int64_t confirmed = 0;  ///< the provider has none; not asked for again
    std::int64_t open = 0;       ///< left by a first answer, to be asked for once more

    GapCounts& operator+=(const GapCounts& other) {
        filled += other.filled, confirmed += other.confirmed, open += other.open;
        return *this;
    }
};

/// Writes candles of a series. Ranges that hold nothing yet are filled by plain COPY, others by an upsert that leaves
/// equal rows alone, and so is a table whose columns have other types than the project's: PostgreSQL converts. What it
/// changes it notes in candle_change. Which source replaces which: historical all; file all but historical; intraday
/// only intraday and derived.
class CandleStore {
public:
    explicit CandleStore(Connection& connection);

    /// In one transaction: the candles (ascending, one per start), what is now known about the range, if anything, and
    /// `also`. What the provider leaves out for the second time becomes `no_data`. Candles with a range that `failed`
    /// are what was understood of a doubtful answer: its dates that are complete with them are filled, only the others
    /// failed. Repeats itself by upsert when somebody who does not take the series lock wrote into the range meanwhile.
    Stored store(const SeriesKey& series, Source source, const std::vector<Candle>& candles,
                 const std::optional<CoveredRange>& learned, const std::function<void(const Stored&)>& also = {},
                 GapCounts* gaps = nullptr);

    /// The same without coverage and within the caller's transaction, which fails when somebody else writes the same
    /// candles. `replace_all`: even historical candles are replaced.
    Stored write(const SeriesKey& series, Source source, const std::vector<Candle>& candles, bool replace_all = false);

    /// By how much the candles differ from those that are stored of the same starts: the factor of all prices, as after
    /// a split, or nothing where they agree within a percent, or differ without a common factor.
    std::optional<double> price_adjusted_by(const SeriesKey& series, const std::vector<Candle>& candles);

private:
    void lock(const SeriesKey& series);
    bool takes_copy(const SeriesKey& series, Instant from, Instant last);
    void copy(const SeriesKey& series, Source source, const std::vector<Candle>& candles, const char* into);
    /// `earliest`: of the rows that were inserted or updated, if any were.
    Stored upsert(const SeriesKey& series, Source source, const std::vector<Candle>& candles, bool replace_all,
                  Instant& earliest);
    Stored put(const SeriesKey& series, Source source, const std::vector<Candle>& candles, bool replace_all,
               bool may_copy);
    Stored attempt(const SeriesKey& series, Source source, const std::vector<Candle>& candles,
                   const std::optional<CoveredRange>& learned, const std::function<void(const Stored&)>& also,
                   GapCounts& gaps, bool may_copy);
    void cover(const SeriesKey& series, const std::vector<StoredRange>& old, CoveredRange fresh);
    void cover_doubtful(const SeriesKey& series, const CoveredRange& fresh, GapCounts& gaps);
    void confirm_gaps(const SeriesKey& series, const std::vector<StoredRange>& asked, const CoveredRange& range,
                      std::int64_t before, GapCounts& gaps);

    Connection& connection_;
};

}  // namespace pg_candle::store
