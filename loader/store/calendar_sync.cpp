#include "store/calendar_sync.hpp"

#include <algorithm>
#include <set>

namespace pg_candle::store {
namespace {

using namespace std::chrono;

constexpr const char* source = "provider";

std::string time_of_day(Instant at) {
    const hh_mm_ss<microseconds> time{at + india_offset - Instant{india_date(at)}};
    char text[16];
    snprintf(text, sizeof text, "%02d:%02d", static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()));
    return text;
}

/// Whether the calendar is one of ours.
bool is_known(Connection& connection, const std::string& exchange) {
    return connection.run("SELECT FROM trading_calendar WHERE calendar = $1 LIMIT 1", {exchange}).size() > 0;
}

/// Makes these the hours of the exchange on that day. Nothing happens where they are already.
bool set_hours(Connection& connection, const upstox::ExchangeHours& hours, Date day, const std::string& description) {
    const std::string date = format_date(day), opens = time_of_day(hours.opens), closes = time_of_day(hours.closes);
    const Rows now = connection.run("SELECT to_char(opens_at AT TIME ZONE 'Asia/Kolkata', 'HH24:MI') = $3 AND to_char(closes_at AT TIME ZONE 'Asia/Kolkata', 'HH24:MI') = $4 "
                                    "FROM trading_sessions($1, $2::date, $2::date)", {hours.exchange, date, opens, closes});
    // One list entry per period: any of the day's periods may be this one.
    for (int i = 0; i < now.size(); ++i)
        if (now.text(i, 0) == "t") return false;
    connection.run("INSERT INTO special_session (calendar, session_date, opens, closes, kind, description, source) VALUES ($1, $2, $3, $4, "
                   "CASE WHEN $5 ~* 'laxmi|diwali|muhurat' THEN 'muhurat' ELSE 'special' END, $5, $6) "
                   "ON CONFLICT (calendar, session_date, opens) DO UPDATE SET closes = excluded.closes, description = excluded.description, source = excluded.source",
                   {hours.exchange, date, opens, closes, description, source});
    return true;
}

}  // namespace

CalendarReport sync_calendars(Connection& connection, const std::vector<upstox::MarketDay>& days, Date today) {
    CalendarReport report;
    std::set<std::string> named;
    Transaction transaction(connection);
    connection.run("CREATE TEMP TABLE listed_holiday (calendar text, holiday date, description text) ON COMMIT DROP");
    for (const upstox::MarketDay& day : days) {
        for (const std::string& exchange : day.closed) named.insert(exchange);
        for (const auto& hours : day.open) named.insert(hours.exchange);
        if (day.date < today) continue;
        for (const std::string& exchange : day.closed)
            if (is_known(connection, exchange))
                connection.run("INSERT INTO pg_temp.listed_holiday VALUES ($1, $2, $3)", {exchange, format_date(day.date), day.description});
    }
    const year_month_day date{today};
    const std::string last_day = format_date(Date{date.year() / 12 / 31});
    std::string names = "{";
    for (const std::string& name : named) names += (names.size() > 1 ? "," : "") + ('"' + name + '"');
    names += "}";
    report.holidays_removed = connection.run(
        "DELETE FROM trading_holiday h WHERE calendar = ANY ($1) AND holiday > $2 AND holiday <= $3 AND source IS NOT NULL AND NOT EXISTS "
        "(SELECT FROM pg_temp.listed_holiday l WHERE l.calendar = h.calendar AND l.holiday = h.holiday) AND NOT EXISTS "
        "(SELECT FROM special_session s WHERE s.calendar = h.calendar AND s.session_date = h.holiday)",
        {names, format_date(today), last_day}).affected();
    report.holidays_added = connection.run(std::string("INSERT INTO trading_holiday (calendar, holiday, description, source) SELECT DISTINCT ON (1, 2) calendar, holiday, "
                                                       "description, '") + source + "' FROM pg_temp.listed_holiday ON CONFLICT DO NOTHING").affected();
    for (const upstox::MarketDay& day : days)
        for (const auto& hours : day.open)
            if (day.date >= today && is_known(connection, hours.exchange)) report.sessions_changed += set_hours(connection, hours, day.date, day.description);
    connection.run("UPDATE trading_calendar SET known_from = least(known_from, $2), known_through = greatest(known_through, $3) "
                   "WHERE calendar = ANY ($1) AND (known_from IS NULL OR known_from > $2 OR known_through < $3)",
                   {names, format_date(today), last_day});
    transaction.commit();
    return report;
}

std::int64_t sync_day(Connection& connection, const std::vector<upstox::ExchangeHours>& hours, Date day) {
    std::int64_t changed = 0;
    Transaction transaction(connection);
    std::set<std::string> open;
    for (const auto& one : hours) {
        if (!is_known(connection, one.exchange)) continue;
        open.insert(one.exchange);
        changed += set_hours(connection, one, day, "hours of the day");
    }
    // An exchange of the provider that it does not name does not trade.
    for (const char* exchange : {"NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX", "NSCOM"}) {
        if (open.contains(exchange) || !is_known(connection, exchange)) continue;
        if (connection.run("SELECT FROM trading_sessions($1, $2::date, $2::date)", {exchange, format_date(day)}).size() == 0) continue;
        changed += connection.run("INSERT INTO trading_holiday (calendar, holiday, description, source) VALUES ($1, $2, 'no hours that day', $3) ON CONFLICT DO NOTHING",
                                  {exchange, format_date(day), source}).affected();
        connection.run("DELETE FROM special_session WHERE calendar = $1 AND session_date = $2", {exchange, format_date(day)});
    }
    transaction.commit();
    return changed;
}

}  // namespace pg_candle::store
