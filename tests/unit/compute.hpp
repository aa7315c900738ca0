#pragma once
#include <algorithm>
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
        open.push_back(o), high.push_back(h), low.push_back(l), close.push_back(c), volume.push_back(v),
            session.push_back(s);
    }
};

/// How many candles the next block takes.
using Cut = std::function<int(std::size_t done)>;

/// A plan for some columns, on the heap.
class TestPlan {
public:
    TestPlan(const std::vector<std::string>& columns, int capacity) : plan(memory_.arena(), capacity) {
        for (const std::string& name : columns) {
            ColumnName column;
            Reason reason;
            if (parse_column_name(name, column, reason) != NameKind::indicator)
                throw std::invalid_argument(name + " is no indicator");
            outputs_.push_back(plan.column(column));
        }
        plan.ready();
    }

    /// Computes the next `size` candles of the series and appends what comes out to results[column].
    void run(const TestSeries& series, int size, std::vector<std::vector<double>>& results) {
        const auto done = static_cast<std::size_t>(plan.next());
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
        for (std::size_t c = 0; c < outputs_.size(); ++c)
            results[c].insert(results[c].end(), outputs_[c], outputs_[c] + size);
    }

private:
    HeapArena memory_;
    std::vector<const double*> outputs_;

public:
    Plan plan;
};

/// Computes columns over a series in blocks of at most `capacity`; result[column][candle], NaN for no value.
inline std::vector<std::vector<double>> compute(const TestSeries& series, const std::vector<std::string>& columns,
                                                int capacity = 256, const Cut& cut = {}) {
    TestPlan test(columns, capacity);
    std::vector<std::vector<double>> results(columns.size());
    for (std::size_t done = 0; done < series.size(); done = static_cast<std::size_t>(test.plan.next()))
        test.run(series, std::min<int>(cut ? cut(done) : capacity, series.size() - done), results);
    return results;
}

}  // namespace pg_candle
