#pragma once
#include "backend/postgres/compat.hpp"
#include "kernels/plan.hpp"

namespace pg_candle {

/// Candles of a block beside what the plan holds: what is stored but not computed with. Arrays of the plan's capacity.
struct CandleColumns {
    int64* ts;
    int64* bars;
    double* oi;  ///< NaN where it is not known
};

/// What goes into one column of a row.
struct ShapeColumn {
    enum class Kind : uint8 { float8, float4, whole, int8, instrument_id, timeframe };
    AttrNumber attno;
    Kind kind;
    /// one double (float8, float4, and whole, which is stored as a bigint) or int64 (int8) per candle of the
    /// block
    const void* source;
};

/// A row type, compiled: which of its columns are filled from where; all others are left alone.
/// Lives, with the plan, in the memory context that was current when it was compiled.
struct RowShape {
    TupleDesc desc;
    const char* name;  ///< of the table or type, for messages
    Plan* plan;
    CandleColumns candles;
    int count;
    ShapeColumn* columns;    ///< in the order of the row type
    const char* indicators;  ///< what the plan was made for, in that order: names of columns, separated by commas
};

enum class ShapeUse {
    stored,     ///< indicator_data: keys, bars and indicators
    on_the_fly  ///< the same, and the candle's own columns where they are named
};

/// The largest block that is computed at once. All default columns of it, and the tuples made from them, stay in the
/// second-level cache: with blocks of 1,024 storing takes a tenth longer.
inline constexpr int block_capacity = 256;

/// Compiles a row type; fails with the column's name if one cannot be filled. `first`: indicators that the plan
/// computes before those of the row type, and whether or not it has them, written as RowShape::indicators; a plan's
/// state depends on what it was made for, and in what order.
RowShape* compile_shape(TupleDesc desc, const char* name, ShapeUse use, const char* first = "");

/// Whether each of `indicators` is among `others`, both written as RowShape::indicators.
bool are_among(const char* indicators, const char* others);

/// RowShape::indicators and where each of them stands in the row type (0: nowhere), to be kept with what was computed:
/// `sma_9,ema_21|12 5 7`, the first number being how many columns there are. palloc'd.
const char* columns_of(const RowShape* shape);

/// The part of it that is RowShape::indicators; palloc'd.
const char* indicators_in(const char* columns);

/// The names (const char*) of indicators of the shape whose column was another one when `columns` was made: rows from
/// then hold other numbers there.
List* renamed_since(const RowShape* shape, const char* columns);

}  // namespace pg_candle
