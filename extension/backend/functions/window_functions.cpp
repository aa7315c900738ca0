// The window functions: one entry point for all of them. Which one is called follows from the SQL name
// (kernels/registry); a plan for that one output runs candle by candle, so the numbers are those of the stored columns,
// to the bit.
#include "kernels/column_name.hpp"
#include "kernels/plan.hpp"

#include "backend/postgres/exception_boundary.hpp"

extern "C" {
#include "windowapi.h"
}

namespace pg_candle {
namespace {

/// Kept for the query: what function this is, and the plan of the current partition.
struct WindowCall {
    ColumnName column;
    int inputs;
    bool constant[max_parameters];  ///< the argument cannot change within a query
    MemoryContext memory;           ///< of the plan
    Plan* plan;
    const double* output;
};

void* allocate_in(void* context, std::size_t bytes) {
    return MemoryContextAllocHuge(static_cast<MemoryContext>(context), bytes > 0 ? bytes : 1);
}

WindowCall* start_query(FunctionCallInfo fcinfo) {
    FmgrInfo* function = fcinfo->flinfo;
    auto* call = static_cast<WindowCall*>(MemoryContextAllocZero(function->fn_mcxt, sizeof(WindowCall)));
    const char* name = get_func_name(function->fn_oid);
    if (!name || !find_window_function(name, call->column))
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_FUNCTION), errmsg("pg_candle has no window function %s", name ? name : "?"),
                 errhint("The extension's functions must keep their names.")));
    call->inputs = static_cast<int>(call->column.indicator->inputs.size());
    for (std::size_t i = 0; i < call->column.indicator->parameters.size(); ++i)
        call->constant[i] = get_fn_expr_arg_stable(function, call->inputs + static_cast<int>(i));
    call->memory = AllocSetContextCreate(function->fn_mcxt, "pg_candle window function", ALLOCSET_DEFAULT_SIZES);
    function->fn_extra = call;
    return call;
}

double parameter(FunctionCallInfo fcinfo, const WindowCall* call, int i) {
    const ParameterRule& rule = call->column.indicator->parameters[i];
    bool null;
    const Datum value = WinGetFuncArgCurrent(PG_WINDOW_OBJECT(), call->inputs + i, &null);
    if (null)
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("the parameter %.*s of %s must not be null", static_cast<int>(rule.name.size()),
                               rule.name.data(), get_func_name(fcinfo->flinfo->fn_oid))));
    return rule.decimal ? DatumGetFloat8(value) : DatumGetInt32(value);
}

void start_partition(FunctionCallInfo fcinfo, WindowCall* call) {
    const Indicator& indicator = *call->column.indicator;
    for (std::size_t i = 0; i < indicator.parameters.size(); ++i)
        call->column.parameters.value[i] = parameter(fcinfo, call, static_cast<int>(i));
    Reason reason;
    if (!check_parameters(indicator, call->column.parameters, reason))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("%s cannot be computed with these parameters", get_func_name(fcinfo->flinfo->fn_oid)),
                        errdetail("%s", reason.text)));
    MemoryContextReset(call->memory);
    Arena& arena = *new (allocate_in(call->memory, sizeof(Arena))) Arena(allocate_in, call->memory);
    call->plan = new (allocate_in(call->memory, sizeof(Plan))) Plan(arena, 1);
    call->output = call->plan->column(call->column);
    call->plan->ready();
}

void check_unchanged(FunctionCallInfo fcinfo, const WindowCall* call) {
    for (std::size_t i = 0; i < call->column.indicator->parameters.size(); ++i)
        if (!call->constant[i] && parameter(fcinfo, call, static_cast<int>(i)) != call->column.parameters.value[i])
            ereport(ERROR,
                    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                     errmsg("the parameters of %s change within a partition", get_func_name(fcinfo->flinfo->fn_oid)),
                     errhint("Add what they depend on to PARTITION BY.")));
}

/// Puts the row's arguments where the plan reads them; false if one is NULL or NaN.
bool take_inputs(FunctionCallInfo fcinfo, const WindowCall* call) {
    const Candles& candles = call->plan->candles();
    bool complete = true;
    for (int i = 0; i < call->inputs; ++i) {
        bool null;
        const Datum datum = WinGetFuncArgCurrent(PG_WINDOW_OBJECT(), i, &null);
        const double value = null ? no_value : DatumGetFloat8(datum);
        complete &= value == value;
        if (value == value && !is_value(value))
            ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                            errmsg("%s got an infinite value", get_func_name(fcinfo->flinfo->fn_oid)),
                            errhint("NULL and NaN are skipped; infinity is not.")));
        switch (call->column.indicator->inputs[i]) {
            case 'h':
                candles.high[0] = value + 0.0;
                break;
            case 'l':
                candles.low[0] = value + 0.0;
                break;
            case 'c':
                candles.close[0] = value + 0.0;
                break;
            case 'v':
                candles.volume[0] = value + 0.0;
                break;
            default:
                elog(ERROR, "unknown input of a window function");
        }
    }
    return complete;
}

Datum compute_row(FunctionCallInfo fcinfo) {
    WindowObject window = PG_WINDOW_OBJECT();
    auto* call = static_cast<WindowCall*>(fcinfo->flinfo->fn_extra);
    if (!call) call = start_query(fcinfo);
    auto* started = static_cast<bool*>(WinGetPartitionLocalMemory(window, sizeof(bool)));
    if (!*started) {
        start_partition(fcinfo, call);
        *started = true;
    } else {
        check_unchanged(fcinfo, call);
    }
    WinSetMarkPosition(window, WinGetCurrentPosition(window));  // earlier rows may be forgotten
    if (!take_inputs(fcinfo, call)) PG_RETURN_NULL();
    call->plan->run(1);
    if (!is_value(call->output[0])) PG_RETURN_NULL();
    PG_RETURN_FLOAT8(call->output[0]);
}

}  // namespace
}  // namespace pg_candle

extern "C" {
PG_FUNCTION_INFO_V1(pg_candle_window);
PGDLLEXPORT Datum pg_candle_window(PG_FUNCTION_ARGS) {
    return pg_candle::catch_row_exceptions([&] { return pg_candle::compute_row(fcinfo); });
}
}
