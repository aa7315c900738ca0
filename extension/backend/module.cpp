#include "backend/compat.hpp"

extern "C" {
#ifdef PG_MODULE_MAGIC_EXT
PG_MODULE_MAGIC_EXT(.name = "pg_candle", .version = PG_CANDLE_VERSION);
#else
PG_MODULE_MAGIC;
#endif
}
