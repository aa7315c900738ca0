#pragma once
#include "kernels/shared/previous_session.hpp"

namespace pg_candle {

/// Fibonacci pivots: P +- 0.382, 0.618, 1.000 (H - L) of the previous session, P = (H + L + C) / 3. Outputs R1, R2, R3,
/// S1, S2, S3. First value with the second session.
class FibPivot final : public Kernel {
public:
    FibPivot(Plan& plan, const Parameters&) : session_(plan.share<PreviousSession>()) {
        reads(session_);
        for (int i = 0; i < 6; ++i) outputs_[i] = plan.buffer();
    }

    void run(const Block& block) noexcept override {
        static constexpr double ratios[] = {0.382, 0.618, 1};
        for (int i = 0; i < block.size; ++i) {
            const double high = session_.output(0)[i], low = session_.output(1)[i], close = session_.output(2)[i];
            const double p = (high + low + close) / 3;
            for (int r = 0; r < 3; ++r) {
                outputs_[r][i] = p + ratios[r] * (high - low);
                outputs_[3 + r][i] = p - ratios[r] * (high - low);
            }
        }
    }

private:
    PreviousSession& session_;
};

}  // namespace pg_candle
