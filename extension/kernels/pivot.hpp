#pragma once
#include "kernels/shared/previous_session.hpp"

namespace pg_candle {

/// Floor pivots of the previous session's H, L, C. Outputs P, R1, R2, R3, S1, S2, S3:
/// P = (H + L + C) / 3; R1 = 2P - L; S1 = 2P - H; R2 = P + (H - L); S2 = P - (H - L); R3 = H + 2(P - L); S3 = L - 2(H -
/// P). First value with the second session.
class Pivot final : public Kernel {
public:
    Pivot(Plan& plan, const Parameters&) : session_(plan.share<PreviousSession>()) {
        reads(session_);
        for (int i = 0; i < 7; ++i) outputs_[i] = plan.buffer();
    }

    void run(const Block& block) noexcept override {
        for (int i = 0; i < block.size; ++i) {
            const double high = session_.output(0)[i], low = session_.output(1)[i], close = session_.output(2)[i];
            const double p = (high + low + close) / 3;
            outputs_[0][i] = p;
            outputs_[1][i] = 2 * p - low;
            outputs_[2][i] = p + (high - low);
            outputs_[3][i] = high + 2 * (p - low);
            outputs_[4][i] = 2 * p - high;
            outputs_[5][i] = p - (high - low);
            outputs_[6][i] = low - 2 * (high - p);
        }
    }

private:
    PreviousSession& session_;
};

}  // namespace pg_candle
