#pragma once

// PG_CANDLE_VERSION comes from extension/pg_candle.control, by CMake.
#ifndef PG_CANDLE_VERSION
#error "PG_CANDLE_VERSION is set by CMakeLists.txt"
#endif
