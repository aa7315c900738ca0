#include "market/gap_scan.hpp"

namespace pg_candle {

std::int32_t GapScan::span_at(std::int64_t start) noexcept {
    while (span_ < span_count_ && spans_[span_].to <= start) ++span_;
    return span_ < span_count_ && spans_[span_].from <= start ? span_ : -1;
}

void GapScan::miss() {
    const std::int32_t span = span_at(next_.start);
    const bool same_period = !intraday_ || next_.period_end == period_end_;
    if (open_ && (span != gap_.span || !same_period)) flush();
    if (!open_) {
        gap_ = {next_.start, next_.start, 0, span, joined_ && same_period};
        open_ = true;
    }
    period_end_ = next_.period_end;
    gap_.last = next_.start;
    ++gap_.missing;
    ++missing_;
    more_ = expected_.next(next_);
}

void GapScan::flush() {
    if (!open_) return;
    open_ = false;
    joined_ = true;
    emit_(context_, gap_);
}

}  // namespace pg_candle
