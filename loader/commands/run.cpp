// pgcandle run: the daemon. Keeps the timetable, and works off what is queued, by itself and by others.
#include <spdlog/spdlog.h>

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "commands/fetch.hpp"
#include "commands/provider_alerts.hpp"
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

/// While the token is refused, nobody asks with it but now and then; a new one in its place sets work going again.
class TokenGate {
public:
    explicit TokenGate(const Context& context) : context_(context) {}

    /// The token to work with; waits as long as there is only the refused one, which is tried again every 15 minutes.
    /// Empty when the program is to stop.
    std::optional<upstox::Token> pass() {
        while (!Context::stop()) {
            upstox::Token token = context_.load_token();
            {
                const std::lock_guard lock(mutex_);
                if (refused_ && !token.same_as(*refused_)) forget("token renewed");
                if (!refused_) return token;
                if (now() - refused_at_ >= minutes{15}) {
                    refused_at_ = now();
                    return token;
                }
            }
            rest(milliseconds{500});
        }
        return {};
    }

    void refuse(const upstox::Token& token, const std::string& why) {
        const std::lock_guard lock(mutex_);
        refused_at_ = now();
        if (refused_) return;
        refused_ = token;
        spdlog::error("token refused=\"{}\" hint=\"{}\"", why, upstox::renewal(token));
        store::Connection connection = context_.connect();
        note_refused(connection, token, why);
    }

    /// Something was answered with it.
    void accept(const upstox::Token& token) {
        const std::lock_guard lock(mutex_);
        if (refused_ && token.same_as(*refused_)) forget("token accepted again");
    }

private:
    void forget(const char* what) {
        spdlog::info(what);
        store::Connection connection = context_.connect();
        note_accepted(connection, *refused_);
        refused_.reset();
    }

    const Context& context_;
    std::mutex mutex_;
    std::optional<upstox::Token> refused_;
    Instant refused_at_{};
};

/// While the provider answers nothing, it is asked less and less often: from half a minute to a quarter of an hour.
class Wall {
public:
    explicit Wall(const Context& context) : context_(context) {}

    void wait(const std::string& why) {
        if (pause_ == milliseconds{0}) {
            spdlog::error("unavailable reason=\"{}\" hint=\"it is tried again, later each time\"", why);
            store::Connection connection = context_.connect();
            note_unavailable(connection, why);
        }
        pause_ = std::clamp<milliseconds>(2 * pause_, seconds{30}, minutes{15});
        rest(milliseconds{std::uniform_int_distribution<std::int64_t>{pause_.count() / 2, pause_.count()}(random_)});
    }

    /// Something was answered.
    void is_gone() {
        if (pause_ == milliseconds{0}) return;
        pause_ = milliseconds{0};
        spdlog::info("available again");
        store::Connection connection = context_.connect();
        note_available(connection);
    }

private:
    const Context& context_;
    milliseconds pause_{0};
    std::mt19937_64 random_{std::random_device{}()};
};

/// Tells of alerts that were opened or closed since it was asked last, by whomever: a line each.
class AlertNews {
public:
    void tell(store::Connection& connection) {
        // What this program finds out itself it says itself.
        const store::Rows rows = connection.run(
            "SELECT alert_id, kind, subject, message FROM sync_alert WHERE cleared_at IS NULL AND kind NOT IN "
            "('token_expired', 'unavailable') ORDER BY alert_id");
        std::map<std::int64_t, std::string> open;
        int opened = 0;
        for (int i = 0; i < rows.size(); ++i) {
            const std::string name =
                rows.str(i, 1) + (rows.is_null(i, 2) || rows.text(i, 2).empty() ? "" : " " + rows.str(i, 2));
            open.emplace(rows.number(i, 0), name);
            if (!open_.contains(rows.number(i, 0)) && ++opened <= most)
                spdlog::warn("alert name=\"{}\" message=\"{}\"", name, rows.str(i, 3));
        }
        if (opened > most) spdlog::warn("alert {} more: \"pgcandle status\" shows them", opened - most);
        int closed = 0;
        for (const auto& [id, name] : open_)
            if (!open.contains(id) && ++closed <= most) spdlog::info("alert closed name=\"{}\"", name);
        if (closed > most) spdlog::info("alert {} more closed", closed - most);
        open_ = std::move(open);
    }

private:
    static constexpr int most = 10;
    std::map<std::int64_t, std::string> open_;
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
            alert_news_.tell(connection);
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
        Wall wall(context_);
        while (!Context::stop()) {
            const auto token = gate_.pass();
            if (!token) return;
            upstox::Client client(context_.client_options(), limiter, *token);
            try {
                const work::RunReport report = work::run_candles(queue, client, writer_connection,
                                                                 {context_.api_url, {}, false, true}, Context::stop());
                if (report.done > report.failed) {
                    gate_.accept(*token);
                    wall.is_gone();
                }
                if (report.done > 0)
                    spdlog::info(
                        "fetched requests={} failed={} inserted={} updated={} gaps_filled={} gaps_confirmed={} "
                        "seconds={:.1f}",
                        report.done, report.failed, report.stored.inserted, report.stored.updated, report.gaps.filled,
                        report.gaps.confirmed, report.seconds);
            } catch (const upstox::Unavailable& unavailable) {
                wall.wait(unavailable.what());
            } catch (const Failure& failure) {
                if (failure.exit != Exit::authentication) throw;
                gate_.refuse(*token, failure.what());
            }
            rest(clock_is_replayed() ? tick / 2 : 5 * tick);
        }
    }

    void work_on_tasks(const std::vector<std::string>& kinds) {
        store::Connection queue_connection = context_.connect(), connection = context_.connect();
        store::JobQueue queue(queue_connection);
        while (!Context::stop()) {
            const std::vector<store::Job> jobs = queue.claim(1, {kinds, {}, true});
            if (jobs.empty()) {
                rest(clock_is_replayed() ? tick / 4 : 5 * tick);
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

    const Context& context_;
    TokenGate gate_;
    AlertNews alert_news_;
};

}  // namespace

void add_run(Command& program, Context& context) {
    program.subcommand("run", "The daemon: keeps the timetable of the database and works off its queue, until stopped")
        .callback([&context] {
            Daemon(context).run();
            spdlog::info("run ends");
        });
}

}  // namespace pg_candle::commands
