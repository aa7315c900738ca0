#include "commands/run_totals.hpp"

#include <cstdio>

namespace pg_candle::commands {

void print(const ingest::RunReport& report) {
    const auto number = [](std::int64_t value) { return static_cast<long long>(value); };
    printf(
        "%lld requests done, %lld failed; candles: %lld inserted, %lld updated, %lld equal, %lld rejected; gaps: %lld "
        "filled, %lld confirmed empty; %.1f s\n",
        number(report.done), number(report.failed), number(report.stored.inserted), number(report.stored.updated),
        number(report.stored.unchanged), number(report.rejected), number(report.gaps.filled),
        number(report.gaps.confirmed), report.seconds);
    if (report.interrupted) printf("Interrupted: what was stored stays; run it again for the rest.\n");
}

}  // namespace pg_candle::commands
