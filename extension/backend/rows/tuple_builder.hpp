#pragma once
#include "backend/catalog/tables.hpp"
#include "backend/rows/row_shape.hpp"

namespace pg_candle {

/// Makes tuples of a row shape from the candles of its block.
///
/// heap_form_tuple() walks the row type twice for every row. Here PostgreSQL forms one sample for each pattern of NULLs
/// that occurs, and rows of the same pattern are copies of it with their numbers written over: a series has few
/// patterns (they change while indicators warm up), so nearly every row takes the short way.
class TupleBuilder {
public:
    explicit TupleBuilder(RowShape* shape);

    /// Says of which series the following rows are.
    void start(const Series& series);

    /// Bytes that any tuple needs at most, aligned.
    Size room() const { return room_; }

    /// Forms the tuple of candle i of the block; its data go to `space` (room() bytes).
    void form(int i, HeapTuple tuple, char* space);

    /// The same row as values for the shape's columns in their order.
    void values(int i, Datum* values, bool* nulls) const;

    /// Whether the row is bit for bit what these values say.
    bool equals(int i, const Datum* values, const bool* nulls) const;

private:
    struct Field {
        const void* source;
        uint32 offset;  ///< in the tuple
        ShapeColumn::Kind kind;
    };

    int64 whole(const void* source, int i) const;
    Datum value(const ShapeColumn& column, int i, bool* null) const;
    void take_sample(int i);

    RowShape* shape_;
    MemoryContext memory_;
    Datum instrument_id_ = 0;
    Datum timeframe_ = 0;
    Size room_;
    HeapTuple sample_ = nullptr;
    int present_ = 0, absent_ = 0;  // fields of the sample's pattern
    Field* fields_;                 // the present ones from the front, the absent ones from the back
    Datum* row_values_;             // for the whole row type
    bool* row_nulls_;
};

}  // namespace pg_candle
