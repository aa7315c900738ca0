#pragma once
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/column_name.hpp"
#include "kernels/plan.hpp"
#include "unit/heap_arena.hpp"

namespace pg_candle {

/// A series of candles in memory; volume NaN where unknown.
struct TestSeries {
    std::vector<double> open, high, low, close, volume;
    std::vector<std::int64_t> session;

    std::size_t size() const { return close.size(); }
    void add(double o, double h, double l, double c, double v, std::int64_t s) {
        open.push_back(o), high.push_back(h), low.push_back(l), close.push_back(c), volume.push_back(v), session.push_back(s);
    }
};

/// How many candles the next block takes.
using Cut = std::function<int(std::size_t done)>;

/// Computes columns over a series in blocks of at most `capacity`; result[column][candle], NaN for no value.
inline std::vector<std::vector<double>> compute(const TestSeries& series, const std::vector<std::string>& columns,
                                                int capacity = 256, const Cut& cut = {}) {
    HeapArena memory;
    Plan plan(memory.arena(), capacity);
    std::vector<const double*> outputs;
    for (const std::string& name : columns) {
        ColumnName column;
        Reason reason;
        if (parse_column_name(name, column, reason) != NameKind::indicator)
            throw std::invalid_argument(name + " is no indicator");
        outputs.push_back(plan.column(column));
    }
    plan.ready();
    std::vector<std::vector<double>> results(columns.size());
    for (std::size_t done = 0; done < series.size();) {
        int size = cut ? cut(done) : capacity;
        size = std::min<int>(size, series.size() - done);
        const Candles& candles = plan.candles();
        for (int i = 0; i < size; ++i) {
            candles.open[i] = series.open[done + i];
            candles.high[i] = series.high[done + i];
            candles.low[i] = series.low[done + i];
            candles.close[i] = series.close[done + i];
            candles.volume[i] = series.volume[done + i];
            candles.session[i] = series.session[done + i];
        }
        plan.run(size);
        for (std::size_t c = 0; c < columns.size(); ++c)
            results[c].insert(results[c].end(), outputs[c], outputs[c] + size);
        done += size;
    }
    return results;
}

}  // namespace pg_candle
