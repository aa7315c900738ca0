#pragma once
#include "kernels/shared/previous_session.hpp"

namespace pg_candle {

/// Fibonacci retracements of the previous session's range, H - r (H - L) for r = 0.236, 0.382, 0.5, 0.618, 0.786.
/// First value with the second session.
class Fib final : public Kernel {
public:
    Fib(Plan& plan, const Parameters&) : session_(plan.share<PreviousSession>()) {
        reads(session_);
        for (int i = 0; i < 5; ++i) outputs_[i] = plan.buffer();
    }

    void run(const Block& block) noexcept override {
        static constexpr double ratios[] = {0.236, 0.382, 0.5, 0.618, 0.786};
        const double* high = session_.output(0);
        const double* low = session_.output(1);
        for (int r = 0; r < 5; ++r)
            for (int i = 0; i < block.size; ++i) outputs_[r][i] = high[i] - ratios[r] * (high[i] - low[i]);
    }

private:
    PreviousSession& session_;
};

}  // namespace pg_candle
