#pragma once
#include <algorithm>

#include "kernels/plan.hpp"

namespace pg_candle {

/// Sum of squared distances from the mean over the last n values of a column, for every n-th and later value.
///
/// The series is cut into chunks of n values, at fixed places. A window is then the end of one chunk and the beginning
/// of the next; for both, sums of d and d*d are kept, d being the distance from the first value of the newer chunk.
/// Nothing is ever subtracted from a sum, so nothing drifts; and as that first value lies in the window itself, d is
/// never much larger than the spread, so squares do not cancel: a flat window gives exactly 0. (Sums of squares and
/// sliding sums lose the result after a jump or a flat stretch.)
///
/// Memory: 24 bytes per candle of n. Output 0: the sum of squares, garbage before n values are there.
class Moments {
public:
    void prepare(Arena& arena, int n, int capacity) {
        n_ = n;
        totals_ = arena.array<double>(capacity);
        values_ = arena.array<double>(n);
        older_ = arena.array<Sums>(n + 1);
    }

    /// Takes `size` values and writes a sum of squares for each.
    void run(const double* values, int size, double* squares) noexcept {
        for (int done = 0; done < size;) {
            if (place_ == 0) start_chunk(values[done]);
            const int count = std::min(n_ - place_, size - done);
            run_in_chunk(values + done, count, totals_ + done, squares + done);
            done += count;
            place_ += count;
            if (place_ == n_) place_ = 0;
        }
        const double n = n_;
        for (int i = 0; i < size; ++i) {
            const double square = squares[i] - totals_[i] * totals_[i] / n;
            squares[i] = square > 0 ? square : 0;
        }
    }

    /// One value for each candle of the series must have been taken. The older chunk's sums are made again from its
    /// values.
    void carry(State& state) noexcept {
        state.carry(origin_, newer_.d, newer_.dd);
        state.carry_array(values_, n_);
        if (!state.restoring()) return;
        place_ = static_cast<int>(state.candles() % n_);
        sum_older(place_ + 1);
    }

private:
    struct Sums {
        double d, dd;
    };

    void start_chunk(double origin) noexcept {
        origin_ = origin;
        newer_ = {0, 0};
        sum_older(1);
    }

    /// Fills older_ from `first` on; values_ still holds the older chunk there.
    void sum_older(int first) noexcept {
        Sums sums{0, 0};
        for (int i = n_ - 1; i >= first; --i) {
            const double d = values_[i] - origin_;
            sums.d += d;
            sums.dd += d * d;
            older_[i] = sums;
        }
    }

    void run_in_chunk(const double* values, int count, double* totals, double* squares) noexcept {
        Sums sums = newer_;
        const Sums* older = older_ + place_ + 1;
        for (int i = 0; i < count; ++i) {
            const double d = values[i] - origin_;
            values_[place_ + i] = values[i];
            sums.d += d;
            sums.dd += d * d;
            totals[i] = sums.d + older[i].d;
            squares[i] = sums.dd + older[i].dd;
        }
        newer_ = sums;
    }

    int n_ = 0;
    int place_ = 0;  // in the newer chunk, of the value to come
    double origin_ = 0;
    double* totals_ = nullptr;  // of d over the window, for the values of one run()
    Sums newer_{};              // of the newer chunk, so far
    double* values_ = nullptr;  // of the newer chunk up to place_, then of the older one
    Sums* older_ = nullptr;     // [i]: of the older chunk from i to its end; [n] stays 0
};

}  // namespace pg_candle
