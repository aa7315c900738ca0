// indicators(shape, instrument_id, timeframe, from, to): computes a series on the fly.
#include "backend/candles/candle_reader.hpp"
#include "backend/catalog/arguments.hpp"
#include "backend/catalog/tables.hpp"
#include "backend/postgres/exception_boundary.hpp"
#include "backend/postgres/result_set.hpp"
#include "backend/rows/tuple_builder.hpp"

namespace pg_candle {
namespace {

TupleDesc result_shape(FunctionCallInfo fcinfo) {
    TupleDesc desc = nullptr;
    if (get_call_result_type(fcinfo, nullptr, &desc) != TYPEFUNC_COMPOSITE)
        ereport(ERROR,
                (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("the shape must be a row type"),
                 errdetail("The columns of the row type say what is computed."),
                 errhint("Pass a null of a table's or composite type: indicators(NULL::indicator_data, 42, '5m').")));
    return desc;
}

Datum compute_on_the_fly(FunctionCallInfo fcinfo) {
    if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("instrument_id and timeframe must not be null"),
                        errhint("SELECT * FROM indicators(NULL::indicator_data, instrument_id('RELIANCE'), '1d');")));
    const Oid schema = schema_of_function(fcinfo);
    const Series series{PG_GETARG_INT32(1), text_to_cstring(PG_GETARG_TEXT_PP(2))};
    const TimestampTz from = bound_argument(fcinfo, 3, DT_NOBEGIN), to = bound_argument(fcinfo, 4, DT_NOEND);
    require_timeframe(series.timeframe);
    TupleDesc desc = result_shape(fcinfo);
    Tuplestorestate* rows = begin_result_set(fcinfo, desc, "indicators");

    SPI_connect();
    RowShape* shape = compile_shape(desc, format_type_be(desc->tdtypeid), ShapeUse::on_the_fly);
    CandleReader reader(schema, CurrentMemoryContext, true);
    TupleBuilder former(shape);
    former.start(series);
    HeapTupleData tuple;
    char* space = static_cast<char*>(palloc(former.room()));
    reader.open(series, {}, DT_NOBEGIN, to, shape);
    while (const int size = reader.read()) {
        shape->plan->run(size);
        for (int i = 0; i < size; ++i) {
            if (shape->candles.ts[i] < from) continue;
            former.form(i, &tuple, space);
            tuplestore_puttuple(rows, &tuple);
        }
    }
    reader.close();
    if (shape->plan->next() == 0) require_instrument(schema, series.instrument_id);
    SPI_finish();
    return Datum{0};
}

}  // namespace
}  // namespace pg_candle

extern "C" {
PG_FUNCTION_INFO_V1(pg_candle_indicators);
PGDLLEXPORT Datum pg_candle_indicators(PG_FUNCTION_ARGS) {
    return pg_candle::catch_exceptions([&] { return pg_candle::compute_on_the_fly(fcinfo); });
}
}
