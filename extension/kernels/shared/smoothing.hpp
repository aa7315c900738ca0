#pragma once
#include "kernels/plan.hpp"

namespace pg_candle {

/// All averages of the form y += alpha * (x - y) of a plan, side by side: EMAs, Wilder's averages, whatever their
/// input. One such average waits for its own last value at every candle; sixteen of them wait together. Each average is
/// a lane.
///
/// Two things keep them exact at fixed candle numbers (multiples of 64, whatever the blocks):
/// * Lanes over closes hold their distance from a base near the current close, so that differences of such lanes
///   (MACD) are not lost in the digits of the price level.
/// * What decays towards 0 (on a flat stretch) never reaches denormal numbers, nor 0: lanes that only matter as ratios
/// to each
///   other are scaled up together, others stop at 1e-250.
///
/// Parameter 0: the level; lanes may only read what lies below it. Use `Smoothing::over()`.
class Smoothing final : public Kernel {
public:
    Smoothing(Plan&, const Parameters& level) { level_ = level.integer(0); }

    struct Lane {
        const double* input;  ///< a kernel's output; null: the close
        double alpha;
        std::int64_t first = 0;   ///< candle of the first input
        int seed_inputs = 0;      ///< the average starts with the sum of so many inputs ...
        double seed_divisor = 1;  ///< ... divided by this
        bool distance = false;    ///< of closes: give the distance from base(), not the price
        bool gaps = false;        ///< an input may be NaN: 0 for the seed, and later the average stays as it is
        int ratio_group = 0;      ///< lanes of one group other than 0 matter only as ratios to each other
        bool operator==(const Lane&) const = default;
    };

    /// The bank for lanes that read from `input` or, without it, from candles.
    static Smoothing& over(Plan& plan, const Kernel* input);

    /// Adds the lane, or finds it, and returns where its values will be: NaN until the seed is complete.
    double* add(Plan& plan, const Lane& lane);

    /// A new number for Lane::ratio_group.
    int new_ratio_group() noexcept { return ++ratio_groups_; }

    void prepare(Arena& arena, int capacity) override;
    void carry(State& state) noexcept override;
    void run(const Block& block) noexcept override;

private:
    static constexpr int stride = 64;  // candles between two corrections
    static constexpr int width = 16;   // lanes that run together at most

    struct Slot {
        Lane lane;
        double* output;
        Slot* next;
    };

    bool has_gap(int offset, int count) const noexcept;
    void correct(std::int64_t candle, double close) noexcept;
    void run_singly(std::int64_t candle, int offset, int count, const double* distances) noexcept;
    void run_together(int offset, int count, const double* distances) noexcept;

    Slot* slots_ = nullptr;  // in the order of the arrays below, which are padded to a multiple of `width`
    int lanes_ = 0;
    int ratio_groups_ = 0;
    std::int64_t seeded_from_ = 0;  // from this candle on every lane has its seed
    const double* close_ = nullptr;
    double base_ = 0;
    double* average_ = nullptr;
    double* alpha_ = nullptr;
    double* seed_ = nullptr;
    Lane* lane_ = nullptr;
    double** output_ = nullptr;
};

}  // namespace pg_candle
