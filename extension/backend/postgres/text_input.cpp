#include "backend/postgres/text_input.hpp"

namespace pg_candle {

bool is_taken_by(PGFunction input, const char* text) {
    MemoryContext caller = CurrentMemoryContext;
    volatile bool taken = false;
    PG_TRY();
    {
        DirectFunctionCall3(input, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
        taken = true;
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(caller);
        FlushErrorState();
    }
    PG_END_TRY();
    return taken;
}

}  // namespace pg_candle
