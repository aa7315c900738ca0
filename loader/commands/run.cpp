// pgcandle run: the daemon. Keeps the timetable, and works off what is queued, by itself and by others.
#include <spdlog/spdlog.h>

#include <functional>
#include <mutex>
#include <thread>

#include "commands/fetch.hpp"
#include "commands/tasks.hpp"

namespace pg_candle::commands {
namespace {

using namespace std::chrono;

/// Waits a while, or until the program is to stop, or until somebody moves a replay's clock on from `since`.
void rest(milliseconds length, std::optional<Instant> since = {}) {
    const bool watches_clock = since && clock_is_replayed();
    const auto until = steady_clock::now() + length;
    while (steady_clock::now() < until && !Context::stop() && !(watches_clock && now() != *since))
        std::this_thread::sleep_for(milliseconds{watches_clock ? 5 : 50});
}

/// While the token is refused, nobody asks with it; a new one in its place sets work going again.
class TokenGate {
public:
    explicit TokenGate(const Context& context) : context_(context) {}

    /// The token to work with; waits as long as there is only the refused one. Empty when the program is to stop.
    std::optional<upstox::Token> pass() {
        while (!Context::stop()) {
            upstox::Token token = context_.load_token();
            {
                const std::lock_guard lock(mutex_);
                if (!refused_ || !token.same_as(*refused_)) {
                    if (refused_) {
                        spdlog::info("token renewed");
                        store::Connection connection = context_.connect();
                        connection.run("SELECT clear_sync_alert('token_expired', '')");
                    }
                    refused_.reset();
                    return token;
                }
            }
            rest(milliseconds{500});
        }
        return {};
    }

    void refuse(const upstox::Token& token, const std::string& why) {
        const std::lock_guard lock(mutex_);
        if (refused_) return;
        refused_ = token;
        spdlog::error("token refused=\"{}\" hint=\"pgcandle login\"", why);
        store::Connection connection = context_.connect();
        connection.run("SELECT raise_sync_alert('token_expired', '', $1)",
                       {why + " Run \"pgcandle login\"; what waits is made up for then."});
    }

private:
    const Context& context_;
    std::mutex mutex_;
    std::optional<upstox::Token> refused_;
};

/// Keeps a part of the daemon going: what fails is logged and begun again, a little later each time.
void keep_going(const char* part, const std::function<void()>& round) {
    auto pause = milliseconds{1000};
    while (!Context::stop()) {
        try {
            round();
            pause = milliseconds{1000};
        } catch (const std::exception& error) {
            spdlog::error("run part={} error=\"{}\" again_in_ms={}", part, error.what(), pause.count());
            rest(pause);
            pause = std::min(2 * pause, milliseconds{60'000});
        }
    }
}

class Daemon {
public:
    explicit Daemon(const Context& context) : context_(context), gate_(context) {}

    void run() {
        store::Connection check = context_.connect();  // fails at once where nothing can work
        spdlog::info("run begins database=\"{}\"", check.run("SELECT current_database()").str(0, 0));
        std::jthread candles([this] { keep_going("candles", [this] { work_on_candles(); }); });
        std::jthread tasks([this] {
            keep_going("tasks", [this] { work_on_tasks({"instruments", "calendar", "indicators"}); });
        });
        std::jthread prices([this] { keep_going("ltp", [this] { work_on_tasks({"ltp"}); }); });
        keep_going("timetable", [this] { keep_timetable(); });
    }

private:
    static constexpr milliseconds tick{200};

    void keep_timetable() {
        store::Connection connection = context_.connect();
        while (!Context::stop()) {
            const Instant moment = now();
            connection.follow_clock();
            const store::Rows rows = connection.run(
                "SELECT name, to_char(due_at AT TIME ZONE 'Asia/Kolkata', 'YYYY-MM-DD\"T\"HH24:MI:SS'), planned FROM "
                "run_due_sync_tasks()");
            for (int i = 0; i < rows.size(); ++i)
                spdlog::info("task name={} due={} planned={}", rows.str(i, 0), rows.str(i, 1), rows.str(i, 2));
            rest(5 * tick, moment);
        }
    }

    /// Leaves a twentieth of each limit to last prices and other short tasks, which must not wait behind a long
    /// backfill.
    std::vector<upstox::RateLimit> bulk_limits() const {
        std::vector<upstox::RateLimit> limits = context_.limits();
        for (upstox::RateLimit& limit : limits) limit.most = std::max(1, limit.most - (limit.most + 19) / 20);
        return limits;
    }

    void work_on_candles() {
        store::Connection queue_connection = context_.connect(), writer_connection = context_.connect(),
                          limiter_connection = context_.connect();
        store::JobQueue queue(queue_connection);
        store::SharedLimiter limiter(limiter_connection, bulk_limits());
        queue_connection.run("LISTEN pg_candle_sync");
        while (!Context::stop()) {
            const auto token = gate_.pass();
            if (!token) return;
            upstox::Client client(context_.client_options(), limiter, *token);
            try {
                const work::RunReport report = work::run_candles(queue, client, writer_connection,
                                                                 {context_.api_url, {}, false, true}, Context::stop());
                if (report.done > 0)
                    spdlog::info(
                        "fetched requests={} failed={} inserted={} updated={} gaps_filled={} gaps_confirmed={} "
                        "seconds={:.1f}",
                        report.done, report.failed, report.stored.inserted, report.stored.updated, report.gaps.filled,
                        report.gaps.confirmed, report.seconds);
            } catch (const Failure& failure) {
                if (failure.exit != Exit::authentication) throw;
                gate_.refuse(*token, failure.what());
            }
            // A notification only saves time: queued work is found without it, too.
            if (!Context::stop()) queue_connection.wait_for_notification(clock_is_replayed() ? tick / 2 : 5 * tick);
        }
    }

    void work_on_tasks(const std::vector<std::string>& kinds) {
        store::Connection queue_connection = context_.connect(), connection = context_.connect();
        store::JobQueue queue(queue_connection);
        queue_connection.run("LISTEN pg_candle_sync");
        while (!Context::stop()) {
            const std::vector<store::Job> jobs = queue.claim(1, {kinds, {}, true});
            if (jobs.empty()) {
                queue_connection.wait_for_notification(clock_is_replayed() ? tick / 4 : 5 * tick);
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
                do_task(context_, connection, jobs[0].kind, *token);
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

    const Context& context_;
    TokenGate gate_;
};

}  // namespace

void add_run(CLI::App& app, Context& context) {
    app.add_subcommand("run", "The daemon: keeps the timetable of the database and works off its queue, until stopped")
        ->callback([&context] {
            Daemon(context).run();
            spdlog::info("run ends");
        });
}

}  // namespace pg_candle::commands
