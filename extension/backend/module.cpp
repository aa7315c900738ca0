// The library: its magic, and what happens when it is loaded.
#include "backend/postgres/compat.hpp"
#include "backend/postgres/settings.hpp"
#include "backend/workers/launcher.hpp"

extern "C" {
PG_CANDLE_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);
PGDLLEXPORT void _PG_init(void) {
    pg_candle::declare_settings();
    pg_candle::register_launcher();
}
}
