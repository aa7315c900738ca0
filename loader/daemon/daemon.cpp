#include "daemon/daemon.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "daemon/outage.hpp"
#include "daemon/pause.hpp"
#include "ingest/candle_pipeline.hpp"
#include "ingest/fetch_session.hpp"
#include "ingest/task.hpp"
#include "model/failure.hpp"

namespace pg_candle::daemon {

using namespace std::chrono;

namespace {

/// Keeps a part of the daemon going: what fails is logged and begun again, a little later each time.
void keep_going(const char* part, const std::function<void()>& round) {
    auto delay = milliseconds{1000};
    while (!ingest::Settings::stop()) {
        try {
            round();
            delay = milliseconds{1000};
        } catch (const std::exception& error) {
            spdlog::error("run part={} error=\"{}\" again_in_ms={}", part, error.what(), delay.count());
            pause(delay);
            delay = std::min(2 * delay, milliseconds{60'000});
        }
    }
}

}  // namespace

void Daemon::run() {
    store::Connection check = settings_.connect();  // fails at once where nothing can work
    spdlog::info("run begins database=\"{}\"", check.run("SELECT current_database()").str(0, 0));
    std::jthread candles([this] { keep_going("candles", [this] { work_on_candles(); }); });
    std::jthread tasks([this] {
        keep_going("tasks", [this] { work_on_tasks({"instruments", "calendar", "indicators"}); });
    });
    std::jthread prices([this] { keep_going("ltp", [this] { work_on_tasks({"ltp"}); }); });
    keep_going("timetable", [this] { keep_timetable(); });
}

void Daemon::keep_timetable() {
    store::Connection connection = settings_.connect();
    while (!ingest::Settings::stop()) {
        const Instant moment = now();
        connection.follow_clock();
        alert_news_.tell(connection);
        const store::Rows rows = connection.run(
            "SELECT name, to_char(due_at AT TIME ZONE 'Asia/Kolkata', 'YYYY-MM-DD\"T\"HH24:MI:SS'), planned FROM "
            "run_due_sync_tasks()");
        for (int i = 0; i < rows.size(); ++i)
            spdlog::info("task name={} due={} planned={}", rows.str(i, 0), rows.str(i, 1), rows.str(i, 2));
        pause(5 * tick, moment);
    }
}

std::vector<RateLimit> Daemon::bulk_limits() const {
    std::vector<RateLimit> limits = settings_.limits();
    for (RateLimit& limit : limits) limit.most = std::max(1, limit.most - (limit.most + 19) / 20);
    return limits;
}

void Daemon::work_on_candles() {
    store::Connection queue_connection = settings_.connect(), writer_connection = settings_.connect();
    store::JobQueue queue(queue_connection);
    ingest::FetchSession session(settings_, bulk_limits());
    Outage outage(settings_);
    while (!ingest::Settings::stop()) {
        const auto token = gate_.pass();
        if (!token) return;
        upstox::Client client = session.client(*token);
        try {
            const ingest::RunReport report = ingest::run_candles(
                queue, client, writer_connection, {settings_.api_url, {}, false, true}, ingest::Settings::stop());
            if (report.done > report.failed) {
                gate_.accept(*token);
                outage.end();
            }
            if (report.done > 0)
                spdlog::info(
                    "fetched requests={} failed={} inserted={} updated={} gaps_filled={} gaps_confirmed={} "
                    "seconds={:.1f}",
                    report.done, report.failed, report.stored.inserted, report.stored.updated, report.gaps.filled,
                    report.gaps.confirmed, report.seconds);
        } catch (const upstox::Unavailable& unavailable) {
            outage.wait(unavailable.what());
        } catch (const Failure& failure) {
            if (failure.exit != Exit::authentication) throw;
            gate_.refuse(*token, failure.what());
        }
        pause(clock_is_replayed() ? tick / 2 : 5 * tick);
    }
}

void Daemon::work_on_tasks(const std::vector<std::string>& kinds) {
    store::Connection queue_connection = settings_.connect(), connection = settings_.connect();
    store::JobQueue queue(queue_connection);
    while (!ingest::Settings::stop()) {
        const std::vector<store::Job> jobs = queue.claim(1, {kinds, {}, true});
        if (jobs.empty()) {
            pause(clock_is_replayed() ? tick / 4 : 5 * tick);
            continue;
        }
        const auto token = jobs[0].kind == "indicators" || jobs[0].kind == "instruments"
                               ? std::optional(upstox::Token{})
                               : gate_.pass();
        if (!token) return queue.release();
        const auto began = steady_clock::now();
        store::Param error;
        connection.follow_clock();
        try {
            ingest::do_task(settings_, connection, jobs[0].kind, *token);
            gate_.accept(*token);
        } catch (const Failure& failure) {
            if (failure.exit == Exit::authentication) {
                gate_.refuse(*token, failure.what());
                queue.release();
                continue;
            }
            error = failure.what();
        } catch (const store::SqlError& failure) {
            if (failure.state.empty()) throw;
            error = failure.what();
        }
        store::finish_job(queue_connection, jobs[0].id, 0, error);
        const double seconds = duration<double>(steady_clock::now() - began).count();
        if (error)
            spdlog::error("task kind={} seconds={:.1f} error=\"{}\"", jobs[0].kind, seconds, *error);
        else
            spdlog::info("task kind={} seconds={:.1f}", jobs[0].kind, seconds);
        queue_connection.run(error ? "SELECT raise_sync_alert('failed_sync', $1, $2)"
                                   : "SELECT clear_sync_alert('failed_sync', $1) WHERE $2::text IS NULL",
                             {jobs[0].kind, error});
    }
}

}  // namespace pg_candle::daemon
