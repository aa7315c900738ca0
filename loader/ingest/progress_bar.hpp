#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace pg_candle::ingest {

/// How far long work is, on standard error: a bar that is redrawn on a terminal, otherwise a log line every ten
/// seconds.
class Progress {
public:
    /// `what` is counted, like "requests". `quiet` shows nothing.
    Progress(std::string what, std::int64_t total, bool quiet);
    ~Progress() { finish(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void update(std::int64_t done, std::int64_t rows);

    /// Ends the line of the bar.
    void finish();

private:
    using Clock = std::chrono::steady_clock;
    std::string what_;
    std::int64_t total_;
    bool quiet_, terminal_, drawn_ = false;
    Clock::time_point began_ = Clock::now(), shown_{};
};

}  // namespace pg_candle::ingest
