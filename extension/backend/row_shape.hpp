#pragma once
#include "backend/compat.hpp"
#include "kernels/plan.hpp"

namespace pg_candle {

/// Candles of a block beside what the plan holds: what is stored but not computed with. Arrays of the plan's capacity.
/// An absent integer is PG_INT64_MIN, an absent number NaN.
struct CandleColumns {
    int64* ts;
    int64* bars;
    int64* volume;
    int64* oi;
    double* oi_number;
};

/// What goes into one column of a row.
struct ShapeColumn {
    enum class Kind : uint8 { float8, float4, int8, instrument_id, timeframe };
    AttrNumber attno;
    Kind kind;
    const void* source;  ///< one double (float8, float4) or int64 (int8) per candle of the block
};

/// A row type, compiled: which of its columns are filled from where; all others are left alone.
/// Lives, with the plan, in the memory context that was current when it was compiled.
struct RowShape {
    TupleDesc desc;
    const char* name;  ///< of the table or type, for messages
    Plan* plan;
    CandleColumns candles;
    int count;
    ShapeColumn* columns;  ///< in the order of the row type
};

/// Which part of the key instrument_id, timeframe, ts the column is: 0, 1 or 2, or -1.
int key_part(const char* column);

enum class ShapeUse {
    stored,     ///< indicator_data: keys, bars and indicators
    on_the_fly  ///< the same, and the candle's own columns where they are named
};

/// The largest block that is computed at once. All default columns of it, and the tuples made from them, stay in the
/// second-level cache: with blocks of 1,024 storing takes a tenth longer.
inline constexpr int block_capacity = 256;

/// Compiles a row type; fails with the column's name if one cannot be filled.
RowShape* compile_shape(TupleDesc desc, const char* name, ShapeUse use);

}  // namespace pg_candle
