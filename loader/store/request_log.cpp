#include "store/request_log.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace pg_candle::store {
namespace {

using namespace std::chrono;

/// PostgreSQL 14 takes no more than 2^31 microseconds, 36 minutes.
std::string interval(microseconds span) {
    const auto whole = duration_cast<seconds>(span);
    return "interval '" + std::to_string(whole.count()) + " seconds " + std::to_string((span - whole).count()) +
           " microseconds'";
}

// Requests are sent one after the other under this lock; it is held for a millisecond.
constexpr const char* lock = "SELECT pg_advisory_xact_lock(hashtext('pg_candle.request_log'));";

constexpr int clean_every = 200;

/// For clocks of provider and database that tick differently.
constexpr microseconds margin{1000};

}  // namespace

SharedLimiter::SharedLimiter(Connection& connection, std::vector<RateLimit> limits) : connection_(connection) {
    microseconds longest{0};
    for (const auto& limit : limits) {
        if (!limits_.empty()) limits_ += ", ";
        limits_ += "(" + std::to_string(limit.most) + ", " + interval(limit.span + margin) + ")";
        longest = std::max(longest, limit.span);
    }
    // What others may need for longer windows than ours stays.
    longest_ = interval(std::max<microseconds>(longest, minutes{30}) + lost_after);
}

SharedLimiter::~SharedLimiter() {
    try {
        if (!ended_.empty()) connection_.run_all(take_ended());
    } catch (const SqlError& error) {
        spdlog::debug("request_log error=\"{}\"", error.what());  // they count as lost, which is safe
    }
}

std::string SharedLimiter::take_ended() {
    if (ended_.empty()) return "";
    std::string sql = "UPDATE request_log SET finished_at = clock_timestamp() - ended.age FROM (VALUES ";
    const auto now = Clock::now();
    for (std::size_t i = 0; i < ended_.size(); ++i)
        sql += (i ? ", (" : "(") + std::to_string(ended_[i].first) + ", " +
               interval(duration_cast<microseconds>(now - ended_[i].second)) + ")";
    ended_.clear();
    return sql + ") AS ended (id, age) WHERE request_id = ended.id;";
}

Limiter::Grant SharedLimiter::acquire(int wanted, std::string_view endpoint) {
    std::string sql = lock;
    sql += take_ended();
    if (++since_cleaning_ > clean_every) {
        sql += "DELETE FROM request_log WHERE requested_at < clock_timestamp() - " + longest_ + ";";
        since_cleaning_ = 0;
    }
    // A request takes a place in each window from its sending to the window's length after its end. `until` is when it
    // ended, or now while it may be in flight.
    sql +=
        "WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS at), "
        "log AS MATERIALIZED (SELECT coalesce(finished_at, least(requested_at + " +
        interval(lost_after) +
        ", moment.at)) AS until, moment.at "
        "  FROM request_log, moment), "
        "room AS MATERIALIZED (SELECT min(l.most - used.count) AS free, "
        "    max(CASE WHEN used.count >= l.most THEN extract(epoch FROM used.leaving + l.span - moment.at) END) AS "
        "wait "
        "  FROM (VALUES " +
        limits_ +
        ") AS l (most, span), moment, "
        "  LATERAL (SELECT count(*), (array_agg(until ORDER BY until DESC))[l.most] AS leaving FROM log WHERE until > "
        "log.at - l.span) used), "
        "granted AS (INSERT INTO request_log (endpoint, requested_at) SELECT '";
    for (const char c : endpoint) sql += c == '\'' || c == '\\' ? '_' : c;
    sql += "', moment.at FROM room, moment, generate_series(1, least(room.free, " + std::to_string(wanted) +
           ")) RETURNING request_id) "
           "SELECT (SELECT string_agg(request_id::text, ',') FROM granted), (coalesce(wait, 0) * 1000000)::bigint FROM "
           "room";
    const Rows rows = connection_.run_all(sql);
    Grant grant;
    if (rows.is_null(0, 0)) {
        // While requests are in flight the wait is a guess; their end may make room earlier.
        grant.wait = std::clamp<microseconds>(microseconds{rows.number(0, 1)}, milliseconds{1}, milliseconds{250});
        return grant;
    }
    const std::string list = rows.str(0, 0);
    for (std::size_t at = 0; at < list.size();) {
        const std::size_t comma = std::min(list.find(',', at), list.size());
        grant.tickets.push_back(std::stoll(list.substr(at, comma - at)));
        at = comma + 1;
    }
    return grant;
}

void SharedLimiter::finished(std::int64_t ticket) { ended_.emplace_back(ticket, Clock::now()); }

}  // namespace pg_candle::store
