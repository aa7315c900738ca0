#pragma once
#include <algorithm>

#include "kernels/plan.hpp"

namespace pg_candle {

/// Least squares of the close on the candle number over the last n closes, for slope_N and r2_N.
/// Output 0: sum of (x - mean x)(close - mean close); output 1: sum of (close - mean close)^2. x counts candles, so
/// that the sum of (x - mean x)^2 is n (n^2 - 1) / 12. Garbage before n closes are there.
///
/// Chunks and distances from a close inside the window, as in moments.hpp and for the same reasons; here the sums are
/// also weighted with the place of the close in its chunk. Memory: 32 bytes per candle of n.
class Regression final : public Kernel {
public:
    Regression(Plan& plan, const Parameters& p) : n_(p.integer(0)), close_(plan.candles().close) {
        outputs_ = {plan.buffer(), plan.buffer()};
    }

    void prepare(Arena& arena, int) override {
        values_ = arena.array<double>(n_);
        older_ = arena.array<Sums>(n_ + 1);
    }

    void run(const Block& block) noexcept override {
        for (int i = 0; i < block.size; ++i) {
            if (place_ == 0) start_chunk(close_[i]);
            const double d = close_[i] - origin_;
            values_[place_] = close_[i];
            newer_.d += d;
            newer_.dd += d * d;
            newer_.xd += place_ * d;

            // The window: places place_ + 1 .. n - 1 of the older chunk, then 0 .. place_ of the newer one.
            const Sums& older = older_[place_ + 1];
            const double n = n_, before = place_ + 1;
            const double sum = older.d + newer_.d;
            const double weighted = (older.xd - before * older.d) + (newer_.xd + (n - before) * newer_.d);
            outputs_[0][i] = weighted - (n - 1) / 2 * sum;
            const double square = older.dd + newer_.dd - sum * sum / n;
            outputs_[1][i] = square > 0 ? square : 0;
            if (++place_ == n_) place_ = 0;
        }
    }

    void carry(State& state) noexcept override {
        state.carry(origin_, newer_.d, newer_.dd, newer_.xd);
        state.carry_array(values_, n_);
        if (!state.restoring()) return;
        place_ = static_cast<int>(state.candles() % n_);
        sum_older(place_ + 1);
    }

private:
    struct Sums {
        double d, dd, xd;
    };

    void start_chunk(double origin) noexcept {
        origin_ = origin;
        newer_ = {0, 0, 0};
        sum_older(1);
    }

    /// Fills older_ from `first` on; values_ still holds the older chunk there.
    void sum_older(int first) noexcept {
        Sums sums{0, 0, 0};
        for (int i = n_ - 1; i >= first; --i) {
            const double d = values_[i] - origin_;
            sums.d += d;
            sums.dd += d * d;
            sums.xd += i * d;
            older_[i] = sums;
        }
    }

    int n_;
    int place_ = 0;
    const double* close_;
    double origin_ = 0;
    Sums newer_{};
    double* values_ = nullptr;
    Sums* older_ = nullptr;
};

}  // namespace pg_candle
