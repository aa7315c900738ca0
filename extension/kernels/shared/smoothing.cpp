#include "kernels/shared/smoothing.hpp"

#include <algorithm>
#include <cmath>

#include <Eigen/Core>

namespace pg_candle {
namespace {

constexpr double scale_below = 1e-150;
constexpr double scale_by = 0x1p400;
constexpr double smallest = 1e-250;

constexpr int stride_zeros = 64;
constexpr double zeros[stride_zeros] = {};

/// `count` steps of W lanes. Offsets are added to what is put out only.
template <int W>
void step(double* average, const double* alpha, const double* offset, const double* const* input, double* const* output,
          int count) noexcept {
    using Lanes = Eigen::Array<double, W, 1>;
    Lanes y = Eigen::Map<const Lanes>(average);
    const Lanes a = Eigen::Map<const Lanes>(alpha);
    const Lanes up = Eigen::Map<const Lanes>(offset);
    for (int i = 0; i < count; ++i) {
        Lanes x;
        for (int lane = 0; lane < W; ++lane) x[lane] = input[lane][i];
        y += a * (x - y);
        const Lanes out = y + up;
        for (int lane = 0; lane < W; ++lane) output[lane][i] = out[lane];
    }
    Eigen::Map<Lanes> kept(average);
    kept = y;
}

}  // namespace

Smoothing& Smoothing::over(Plan& plan, const Kernel* input) {
    // Banks stand on even levels, so that averages of closes and of true ranges share one.
    const int level = input ? (input->level() / 2 + 1) * 2 : 2;
    Smoothing& bank = plan.share<Smoothing>(Parameters{{static_cast<double>(level)}});
    bank.close_ = plan.candles().close;
    return bank;
}

double* Smoothing::add(Plan& plan, const Lane& lane) {
    Slot** last = &slots_;
    for (; *last; last = &(*last)->next)
        if ((*last)->lane == lane) return (*last)->output;
    *last = plan.arena().make<Slot>(lane, plan.buffer(), nullptr);
    ++lanes_;
    return (*last)->output;
}

void Smoothing::prepare(Arena& arena, int) {
    const int padded = (lanes_ + width - 1) / width * width;
    average_ = arena.array<double>(padded);
    alpha_ = arena.array<double>(padded);
    seed_ = arena.array<double>(padded);
    lane_ = arena.array<Lane>(padded);
    output_ = arena.array<double*>(padded);
    double* unused = arena.array<double>(stride);
    int at = 0;
    for (Slot* slot = slots_; slot; slot = slot->next, ++at) {
        lane_[at] = slot->lane;
        alpha_[at] = slot->lane.alpha;
        output_[at] = slot->output;
        seeded_from_ = std::max(seeded_from_, slot->lane.first + slot->lane.seed_inputs);
    }
    for (; at < padded; ++at) {
        lane_[at] = Lane{zeros, 0};
        output_[at] = unused;
    }
}

void Smoothing::carry(State& state) noexcept {
    state.carry(base_);
    state.carry_array(average_, lanes_);
    state.carry_array(seed_, lanes_);
}

void Smoothing::correct(std::int64_t candle, double close) noexcept {
    // A float has room below it for every digit of a price of the same size: close - base is exact.
    double base = static_cast<float>(close);
    if (!is_value(base)) base = 0;
    const double shift = base_ - base;
    base_ = base;
    for (int l = 0; l < lanes_; ++l) {
        const Lane& lane = lane_[l];
        if (!lane.input) {
            average_[l] += shift;
            const std::int64_t inputs = std::clamp<std::int64_t>(candle - lane.first, 0, lane.seed_inputs);
            seed_[l] += static_cast<double>(inputs) * shift;
        } else if (lane.ratio_group == 0 && average_[l] != 0 && std::fabs(average_[l]) < smallest) {
            average_[l] = std::copysign(smallest, average_[l]);
        }
    }
    for (int group = 1; group <= ratio_groups_; ++group) {
        double largest = 0;
        for (int l = 0; l < lanes_; ++l)
            if (lane_[l].ratio_group == group) largest = std::max(largest, std::fabs(average_[l]));
        if (largest >= scale_below) continue;
        for (int l = 0; l < lanes_; ++l)
            if (lane_[l].ratio_group == group) average_[l] *= scale_by;
    }
}

void Smoothing::run_singly(std::int64_t candle, int offset, int count, const double* distances) noexcept {
    for (int l = 0; l < lanes_; ++l) {
        const Lane& lane = lane_[l];
        const double* input = lane.input ? lane.input + offset : distances;
        const double up = lane.input || lane.distance ? 0 : base_;
        for (int i = 0; i < count; ++i) {
            const std::int64_t inputs = candle + i - lane.first + 1;
            double& out = output_[l][offset + i];
            out = no_value;
            if (inputs < 1) continue;
            const bool gap = lane.gaps && input[i] != input[i];
            if (inputs > lane.seed_inputs) {
                if (!gap) average_[l] += lane.alpha * (input[i] - average_[l]);
                out = average_[l] + up;
                continue;
            }
            seed_[l] += gap ? 0 : input[i];
            if (inputs < lane.seed_inputs) continue;
            average_[l] = seed_[l] / lane.seed_divisor;
            out = average_[l] + up;
        }
    }
}

void Smoothing::run_together(int offset, int count, const double* distances) noexcept {
    for (int from = 0; from < lanes_; from += width) {
        const double* input[width];
        double* output[width];
        double up[width];
        for (int l = 0; l < width; ++l) {
            const Lane& lane = lane_[from + l];
            const bool padding = from + l >= lanes_;
            input[l] = padding ? zeros : lane.input ? lane.input + offset : distances;
            output[l] = padding ? output_[from + l] : output_[from + l] + offset;
            up[l] = lane.input || lane.distance ? 0 : base_;
        }
        const int lanes = lanes_ - from;
        const auto run = lanes > 12  ? step<16>
                         : lanes > 8 ? step<12>
                         : lanes > 4 ? step<8>
                         : lanes > 2 ? step<4>
                                     : step<2>;
        run(average_ + from, alpha_ + from, up, input, output, count);
    }
}

bool Smoothing::has_gap(int offset, int count) const noexcept {
    bool gap = false;
    for (int l = 0; l < lanes_; ++l)
        if (lane_[l].gaps)
            for (int i = offset; i < offset + count; ++i) gap |= lane_[l].input[i] != lane_[l].input[i];
    return gap;
}

void Smoothing::run(const Block& block) noexcept {
    double distances[stride];
    for (int done = 0; done < block.size;) {
        const std::int64_t candle = block.first + done;
        const int place = static_cast<int>(candle % stride);
        if (place == 0) correct(candle, close_[done]);
        const int count = std::min(stride - place, block.size - done);
        for (int i = 0; i < count; ++i) distances[i] = close_[done + i] - base_;
        if (candle >= seeded_from_ && !has_gap(done, count))
            run_together(done, count, distances);
        else
            run_singly(candle, done, count, distances);
        done += count;
    }
}

}  // namespace pg_candle
