#include "backend/candles/position.hpp"

namespace pg_candle {

uint64 fingerprint_of(TimestampTz ts, double open, double high, double low, double close, double volume) {
    struct {
        int64 ts;
        double numbers[5];
    } const candle{ts, {open, high, low, close, volume}};
    return hash(&candle, sizeof candle, 0);
}

}  // namespace pg_candle
