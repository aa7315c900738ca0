#include "backend/tables.hpp"

namespace pg_candle {

Oid schema_of_function(FunctionCallInfo fcinfo) { return get_func_namespace(fcinfo->flinfo->fn_oid); }

Oid find_table(Oid schema, const char* name) {
    const Oid table = get_relname_relid(name, schema);
    if (!OidIsValid(table))
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_TABLE),
                 errmsg("table %s does not exist", quote_qualified_identifier(get_namespace_name(schema), name)),
                 errhint("Create the candle tables first: SELECT %s();",
                         quote_qualified_identifier(get_namespace_name(schema), "create_candle_tables"))));
    return table;
}

const char* table_name(Oid schema, const char* name) {
    find_table(schema, name);
    return quote_qualified_identifier(get_namespace_name(schema), name);
}

Timeframe require_timeframe(const char* text) {
    Timeframe timeframe;
    const char* reason = "";
    if (!parse_timeframe(text, timeframe, reason))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("\"%s\" is not a timeframe", text),
                        errdetail("%s", reason),
                        errhint("Timeframes are 1m 3m 5m 15m 30m 1h 4h 1d 1w 1mo and other minutes and hours.")));
    return timeframe;
}

const char* timeframe_argument(FunctionCallInfo fcinfo, int argument) {
    if (PG_ARGISNULL(argument)) return nullptr;
    const char* timeframe = text_to_cstring(PG_GETARG_TEXT_PP(argument));
    require_timeframe(timeframe);
    return timeframe;
}

void require_instrument(Oid schema, int32 instrument_id) {
    const char* query = psprintf("SELECT 1 FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1",
                                 table_name(schema, "instrument_master"));
    Oid types[] = {INT4OID};
    Datum values[] = {Int32GetDatum(instrument_id)};
    SPI_execute_with_args(query, 1, types, values, nullptr, true, 1);
    if (SPI_processed == 0)
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("instrument %d does not exist", instrument_id),
                        errdetail("It has no candles and is not in instrument_master."),
                        errhint("Look it up by name: SELECT instrument_id('RELIANCE');")));
}

}  // namespace pg_candle
