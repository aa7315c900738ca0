#include "backend/postgres/result_set.hpp"

namespace pg_candle {

Tuplestorestate* begin_result_set(FunctionCallInfo fcinfo, TupleDesc desc, const char* name) {
    auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
    if (!result || !IsA(result, ReturnSetInfo) || !(result->allowedModes & SFRM_Materialize))
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("%s() returns rows, which nothing here accepts", name),
                 errhint("Call it in FROM: SELECT * FROM %s(...).", name)));
    MemoryContext caller = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
    Tuplestorestate* rows = tuplestore_begin_heap(result->allowedModes & SFRM_Materialize_Random, false, work_mem);
    result->returnMode = SFRM_Materialize;
    result->setResult = rows;
    result->setDesc = CreateTupleDescCopy(desc);
    MemoryContextSwitchTo(caller);
    return rows;
}

TupleDesc declared_result(FunctionCallInfo fcinfo) {
    TupleDesc desc = nullptr;
    if (get_call_result_type(fcinfo, nullptr, &desc) != TYPEFUNC_COMPOSITE)
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("the function must return rows")));
    return desc;
}

}  // namespace pg_candle
