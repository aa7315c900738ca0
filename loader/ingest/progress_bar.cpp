#include "ingest/progress_bar.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace pg_candle::ingest {

using namespace std::chrono;

Progress::Progress(std::string what, std::int64_t total, bool quiet)
    : what_(std::move(what)), total_(total), quiet_(quiet), terminal_(isatty(STDERR_FILENO) != 0) {
    if (!terminal_) shown_ = began_;
}

void Progress::update(std::int64_t done, std::int64_t rows) {
    if (quiet_) return;
    total_ = std::max(total_, done);  // what is found on the way adds to it
    const auto now = Clock::now();
    if (done < total_ && now - shown_ < (terminal_ ? milliseconds{100} : milliseconds{10'000})) return;
    shown_ = now;
    const double seconds = duration<double>(now - began_).count();
    const auto left =
        done > 0 ? static_cast<std::int64_t>(seconds / static_cast<double>(done) * static_cast<double>(total_ - done))
                 : 0;
    if (!terminal_) {
        spdlog::info("progress {}={}/{} candles={} seconds={:.0f} left_seconds={}", what_, done, total_, rows, seconds,
                     left);
        return;
    }
    constexpr int width = 30;
    const int filled = total_ > 0 ? static_cast<int>(width * done / total_) : width;
    char bar[width + 1];
    std::fill_n(bar, width, '-');
    std::fill_n(bar, std::clamp(filled, 0, width), '#');
    bar[width] = '\0';
    fprintf(stderr, "\r[%s] %lld/%lld %s, %lld candles, %02lld:%02lld:%02lld left \033[K", bar,
            static_cast<long long>(done), static_cast<long long>(total_), what_.c_str(), static_cast<long long>(rows),
            static_cast<long long>(left / 3600), static_cast<long long>(left / 60 % 60),
            static_cast<long long>(left % 60));
    fflush(stderr);
    drawn_ = true;
}

void Progress::finish() {
    if (drawn_) fputc('\n', stderr);
    drawn_ = false;
}

}  // namespace pg_candle::ingest
