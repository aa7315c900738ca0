#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "daemon/alert_news.hpp"
#include "daemon/token_gate.hpp"
#include "ingest/settings.hpp"

namespace pg_candle::daemon {

/// Keeps the timetable of a database and works off its queue.
class Daemon {
public:
    explicit Daemon(const ingest::Settings& settings) : settings_(settings), gate_(settings) {}

    /// Until Settings::stop() is set. What fails is logged and begun again; throws only where nothing can work.
    void run();

private:
    static constexpr std::chrono::milliseconds tick{200};

    void keep_timetable();

    /// Leaves a twentieth of each limit to last prices and other short tasks, which must not wait behind a long
    /// backfill.
    std::vector<RateLimit> bulk_limits() const;

    void work_on_candles();

    void work_on_tasks(const std::vector<std::string>& kinds);

    const ingest::Settings& settings_;
    TokenGate gate_;
    AlertNews alert_news_;
};

}  // namespace pg_candle::daemon
