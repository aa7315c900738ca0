#include "backend/compat.hpp"

extern "C" {
PG_CANDLE_MODULE_MAGIC;
}
