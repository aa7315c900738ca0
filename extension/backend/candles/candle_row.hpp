#pragma once
#include "backend/catalog/tables.hpp"
#include "backend/postgres/compat.hpp"

namespace pg_candle {

/// A candle as it is stored. A volume or open interest that is not known is NaN.
struct CandleRow {
    TimestampTz ts;
    double open, high, low, close, volume, oi;
};

/// What to select, in this order, for CandleRowReader.
inline constexpr const char* candle_row_columns = "ts, open, high, low, close, volume, oi";

/// Turns rows of candle_data into candles, whatever numeric types their columns have: the one place where that is done.
/// What is no candle (a price that is NULL or not finite, a ts that is, two of one ts, a negative volume) is an error
/// that names the row: nothing right could be computed from it.
class CandleRowReader {
public:
    /// What conversions need for a moment lives below `memory`.
    explicit CandleRowReader(MemoryContext memory) : memory_(memory) {}

    /// Starts a series.
    void open(const Series& series);

    /// The candle of the next row, in ascending order of ts.
    CandleRow read(TupleTableSlot* slot);

    /// Of the row that was read last; DT_NOBEGIN before the first.
    TimestampTz previous() const { return previous_; }

private:
    enum class Number : uint8 { float8, float4, int8, int4, int2, numeric };

    void look_at_types(TupleDesc desc);
    double number(TupleTableSlot* slot, int column) const;
    double price(TupleTableSlot* slot, int column, TimestampTz ts) const;
    double count(TupleTableSlot* slot, int column, TimestampTz ts, const char* wrong) const;
    [[noreturn]] void bad_candle(TimestampTz ts, const char* what) const;

    Series series_{};
    TupleDesc desc_ = nullptr;  // that numbers_ are of
    Number numbers_[7] = {};
    bool plain_ = true;  // all of them are float8
    TimestampTz previous_ = DT_NOBEGIN;
    MemoryContext memory_;
    MemoryContext scratch_ = nullptr;  // for a row
};

}  // namespace pg_candle
