// Times the kernels of TA-Lib's share of the default columns against TA-Lib itself, one call per indicator, over the
// same candles in one process. Reads candles as CSV (ts,open,high,low,close,volume) from standard input. Prints:
// nanoseconds per candle of pg_candle, of TA-Lib (0 without it), and their ratio; medians of several runs.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "kernels/column_name.hpp"
#include "kernels/plan.hpp"
#include "unit/heap_arena.hpp"

#ifdef HAVE_TALIB
extern "C" {
#include "ta_libc.h"
}
#endif

namespace {

using namespace pg_candle;

struct Series {
    std::vector<double> open, high, low, close, volume;
};

constexpr std::string_view columns[] = {"sma_9",
                                        "sma_20",
                                        "sma_50",
                                        "sma_200",
                                        "ema_9",
                                        "ema_21",
                                        "ema_50",
                                        "ema_200",
                                        "rsi_14",
                                        "macd_12_26_9",
                                        "macd_signal_12_26_9",
                                        "macd_hist_12_26_9",
                                        "bb_upper_20_2",
                                        "bb_middle_20_2",
                                        "bb_lower_20_2",
                                        "atr_14",
                                        "adx_14",
                                        "plus_di_14",
                                        "minus_di_14",
                                        "obv"};

double sink = 0;

double run_kernels(const Series& series) {
    constexpr int capacity = 1024;
    HeapArena memory;
    Plan plan(memory.arena(), capacity);
    std::vector<const double*> outputs;
    for (std::string_view name : columns) {
        ColumnName column;
        Reason reason;
        if (parse_column_name(name, column, reason) != NameKind::indicator) std::abort();
        outputs.push_back(plan.column(column));
    }
    plan.ready();
    const auto begin = std::chrono::steady_clock::now();
    const int total = static_cast<int>(series.close.size());
    for (int done = 0; done < total; done += capacity) {
        const int size = std::min(capacity, total - done);
        const Candles& candles = plan.candles();
        std::copy_n(&series.open[done], size, candles.open);
        std::copy_n(&series.high[done], size, candles.high);
        std::copy_n(&series.low[done], size, candles.low);
        std::copy_n(&series.close[done], size, candles.close);
        std::copy_n(&series.volume[done], size, candles.volume);
        plan.run(size);
        for (const double* output : outputs) sink += output[size - 1];
    }
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() / total;
}

double run_talib([[maybe_unused]] const Series& s) {
#ifdef HAVE_TALIB
    const int total = static_cast<int>(s.close.size());
    std::vector<std::vector<double>> out(20, std::vector<double>(total));
    const double *c = s.close.data(), *h = s.high.data(), *l = s.low.data(), *v = s.volume.data();
    int begin, count;
    const auto start = std::chrono::steady_clock::now();
    const int sma[] = {9, 20, 50, 200}, ema[] = {9, 21, 50, 200};
    for (int i = 0; i < 4; ++i) TA_MA(0, total - 1, c, sma[i], TA_MAType_SMA, &begin, &count, out[i].data());
    for (int i = 0; i < 4; ++i) TA_EMA(0, total - 1, c, ema[i], &begin, &count, out[4 + i].data());
    TA_RSI(0, total - 1, c, 14, &begin, &count, out[8].data());
    TA_MACD(0, total - 1, c, 12, 26, 9, &begin, &count, out[9].data(), out[10].data(), out[11].data());
    TA_BBANDS(0, total - 1, c, 20, 2, 2, TA_MAType_SMA, &begin, &count, out[12].data(), out[13].data(), out[14].data());
    TA_ATR(0, total - 1, h, l, c, 14, &begin, &count, out[15].data());
    TA_ADX(0, total - 1, h, l, c, 14, &begin, &count, out[16].data());
    TA_PLUS_DI(0, total - 1, h, l, c, 14, &begin, &count, out[17].data());
    TA_MINUS_DI(0, total - 1, h, l, c, 14, &begin, &count, out[18].data());
    TA_OBV(0, total - 1, c, v, &begin, &count, out[19].data());
    const double spent = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
    for (const auto& column : out) sink += column[count / 2];
    return spent / total;
#else
    return 0;
#endif
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values[values.size() / 2];
}

}  // namespace

int main() {
    Series series;
    char line[256];
    while (fgets(line, sizeof line, stdin)) {
        double open, high, low, close, volume = 0;
        if (sscanf(line, "%*[^,],%lf,%lf,%lf,%lf,%lf", &open, &high, &low, &close, &volume) < 4) continue;
        series.open.push_back(open);
        series.high.push_back(high);
        series.low.push_back(low);
        series.close.push_back(close);
        series.volume.push_back(volume);
    }
    if (series.close.size() < 1000) return fprintf(stderr, "needs at least 1000 candles on standard input\n"), 2;
#ifdef HAVE_TALIB
    TA_Initialize();
#endif
    std::vector<double> ours, theirs;
    for (int round = 0; round < 9; ++round) {
        ours.push_back(run_kernels(series));
        theirs.push_back(run_talib(series));
    }
    const double a = median(ours), b = median(theirs);
    printf("%.2f %.2f %.3f\n", a, b, b > 0 ? a / b : 0.0);
    return sink == 0.123;  // keeps every output alive
}
