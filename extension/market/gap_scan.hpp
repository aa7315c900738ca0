#pragma once
#include "market/expected.hpp"

namespace pg_candle {

/// What is known about a range [from, to) of a series; ranges ascend and do not overlap.
struct CoveredSpan {
    std::int64_t from, to;
    std::int32_t state;  ///< the caller's, above 0
};

/// A run of expected but absent candles; both ends are starts of candles, inclusive.
struct Gap {
    std::int64_t first, last;
    std::int64_t missing;
    std::int32_t span;  ///< index of the covered span that holds it, or -1
    bool continues;     ///< nothing but the change of span parts it from the gap before
};

/// Compares the candles of a series, fed in ascending order, with those that are expected, and takes what is absent
/// together into runs. An intraday run never crosses the end of a period, no run crosses the edge of a covered span.
/// Candles that are not expected (outside periods, off the grid) do not matter. One pass, constant memory.
class GapScan {
public:
    using Emit = void (*)(void* context, const Gap& gap);

    GapScan(ExpectedCandles& expected, bool intraday, const CoveredSpan* spans, std::int32_t span_count, Emit emit,
            void* context) noexcept
        : expected_(expected),
          intraday_(intraday),
          spans_(spans),
          span_count_(span_count),
          emit_(emit),
          context_(context) {
        more_ = expected_.next(next_);
    }

    /// A stored candle that starts at `start`, not before the one fed last.
    void candle(std::int64_t start) {
        while (more_ && next_.start < start) miss();
        if (!more_ || next_.start != start) return;
        flush();
        joined_ = false;
        ++present_;
        more_ = expected_.next(next_);
    }

    /// After the last candle.
    void finish() {
        while (more_) miss();
        flush();
    }

    std::int64_t present() const noexcept { return present_; }
    std::int64_t missing() const noexcept { return missing_; }

private:
    void miss();
    void flush();
    std::int32_t span_at(std::int64_t start) noexcept;

    ExpectedCandles& expected_;
    bool intraday_;
    const CoveredSpan* spans_;
    std::int32_t span_count_, span_ = 0;
    Emit emit_;
    void* context_;
    ExpectedCandle next_{};
    bool more_, open_ = false, joined_ = false;
    Gap gap_{};
    std::int64_t period_end_ = 0, present_ = 0, missing_ = 0;
};

}  // namespace pg_candle
